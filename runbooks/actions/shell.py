"""A program on this machine: each argument stays one word, its output is bounded, its time is over for all it started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cutover.core.clock import Pace
from runbooks.actions.arguments import ShellArguments
from runbooks.actions.kinds import NO_PROBE, Call, Outcome
from runbooks.actions.processes import Drained, Ended, child_environment, run_process
from runbooks.actions.secrets import Secrets

SHOWN = 4000  # characters of output that go into the journal
LAST_LINE = 300
THERE, NOT_THERE = 0, 1  # exit codes of a probe


@dataclass(frozen=True)
class ShellAction:
    """Runs `argv`, or a script chosen as `sh`. The key of the effect is in its environment as CUTOVER_KEY."""

    folder: Path
    secrets: Secrets
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(ShellArguments)
        argv = given.argv or ["/bin/sh", "-c", given.sh or "", "sh"]
        ended = await self._run(call, given, argv, given.stdin)
        return ended_as(ended, given.succeeds_on, self.secrets)

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(ShellArguments)
        if given.probe is None:
            return NO_PROBE
        return probed(await self._run(call, given, given.probe, ""), self.secrets)

    async def _run(
        self, call: Call, given: ShellArguments, argv: Sequence[str], stdin: str
    ) -> Ended | Outcome:
        cwd = self.folder / given.cwd
        try:
            async with self.pace.hold():
                return await run_process(
                    argv,
                    env=child_environment(given.env, call.key),
                    cwd=cwd,
                    stdin=stdin.encode(),
                    margin=self.secrets.longest,
                )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return Outcome(ok=False, evidence=f"{argv[0]} could not be started: {why}")


def ended_as(ended: Ended | Outcome, succeeds_on: Sequence[int], secrets: Secrets) -> Outcome:
    """What an exit code and its output say; of a program that could not be started it is said already."""
    if isinstance(ended, Outcome):
        return ended
    ok = ended.code in succeeds_on
    how = f"ended by signal {-ended.code}" if ended.code < 0 else f"exit {ended.code}"
    line = _last_line(ended.out, secrets) or _last_line(ended.err, secrets)
    if not ok:
        line = _last_line(ended.err, secrets) or line
    result = {"exit": ended.code, "output": _shown(ended.out, secrets), "errors": _shown(ended.err, secrets)}
    kept = {name: value for name, value in result.items() if value != ""}
    return Outcome(ok=ok, evidence=f"{how}: {line}" if line else how, result=kept)


def probed(ended: Ended | Outcome, secrets: Secrets) -> Outcome | None:
    """What a probe's exit code says: 0 there, 1 not there, anything else that nobody knows."""
    if isinstance(ended, Ended) and ended.code == NOT_THERE:
        return None
    seen = ended_as(ended, [THERE], secrets)
    return replace(seen, certain=seen.ok)


def _shown(stream: Drained, secrets: Secrets) -> str:
    """Enough to see what happened, not enough to fill a journal."""
    text = stream.text(secrets.mask).strip()
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n[… {len(text) - SHOWN:,} characters left out, of {stream.total:,} bytes in all …]\n{text[-half:]}"


def _last_line(stream: Drained, secrets: Secrets) -> str:
    lines = [line.strip() for line in stream.text(secrets.mask).splitlines() if line.strip()]
    return lines[-1][:LAST_LINE] if lines else ""
