"""A Python function that a package offers, called in a process of its own: killable, bounded, and named in advance.

Only entry points of the group `cutover.actions` can be called, so that a plan cannot reach what nobody offered.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover.core.clock import Pace
from runbooks.actions.arguments import PythonArguments
from runbooks.actions.kinds import NO_PROBE, Call, Outcome, TransientError, plain
from runbooks.actions.processes import Ended, child_environment, run_process
from runbooks.actions.secrets import Secrets

CHILD = Path(__file__).with_name("python_child.py")  # as a file: the packages around it cost a second to load
_VERDICT = ("ok", "evidence", "link")


@dataclass(frozen=True)
class PythonAction:
    """What the function returns is the evidence: a text, true or false, or a mapping with ok, evidence and more."""

    folder: Path
    secrets: Secrets
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(PythonArguments)
        said = await self._call(call, given.function, given.arguments)
        if "raised" in said:
            return Outcome(ok=False, evidence=call.shorten(str(said["raised"]), 500))
        return _outcome(call, said["found"])

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(PythonArguments)
        if given.probe is None:
            return NO_PROBE
        said = await self._call(call, given.probe, given.arguments)
        if "raised" in said or said["found"] is None:
            why = str(said.get("raised", "the probe does not know"))
            return Outcome(ok=False, evidence=call.shorten(why, 500), certain=False)
        found = _outcome(call, said["found"])
        return found if found.ok else None

    async def _call(self, call: Call, function: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = json.dumps({"function": function, "arguments": arguments}, default=str).encode()
        async with self.pace.hold():
            ended = await run_process(
                [sys.executable, "-P", str(CHILD)],  # its neighbours are no modules of the function
                env=child_environment({"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, call.key),
                cwd=self.folder,
                stdin=asked,
                margin=self.secrets.longest,
            )
        return self._answer(function, ended)

    def _answer(self, function: str, ended: Ended) -> Mapping[str, Any]:
        """Raises TransientError where there is no answer: it may have done its work and died afterwards."""
        if ended.code == 0:
            try:
                found = json.loads(ended.out.text(self.secrets.mask))
            except ValueError:
                found = None
            if isinstance(found, dict):
                return found
            raise TransientError(f"{function} answered more than can be kept")
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit {ended.code}"
        raise TransientError(
            f"the process of {function} ended by {how}: {ended.err.text(self.secrets.mask)[-300:]}"
        )


def _outcome(call: Call, found: Any) -> Outcome:
    if isinstance(found, Mapping):
        rest = {name: value for name, value in found.items() if name not in _VERDICT}
        return Outcome(
            ok=found.get("ok", True) is True,
            evidence=call.shorten(str(found.get("evidence", "")), 500),
            link=call.shorten(str(found.get("link", "")), 500),
            result=plain(call, rest),
        )
    if isinstance(found, bool):
        return Outcome(ok=found, evidence="true" if found else "false")
    return Outcome(ok=True, evidence="" if found is None else call.shorten(str(found), 500))
