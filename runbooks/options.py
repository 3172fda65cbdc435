"""The options that the commands on plans and runs share: who, which run, which folder, in what form the answer is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from cutover.cli.asked import AsJson, By, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer, facts

if TYPE_CHECKING:
    from cutover.core.event import Command, Recorded
    from runbooks.service import RunService

Runs = Callable[[Path], "RunService"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class At:
    """Who does something to which run, and how the answer is wanted: the same words on every verb."""

    by: By
    run: Run = ""
    programme: Here = Path()
    json: AsJson = False


def wish(kind: type[Command], by: str, fields: dict[str, Any]) -> Command:
    """The command that a person typed. Raises Invalid for a text that may not be empty, naming the option."""
    from pydantic import ValidationError

    from cutover.core.errors import Invalid, Problem

    try:
        return kind(by=by, **fields)
    except ValidationError as error:
        raise Invalid(
            *(Problem(e["msg"], field=f"--{e['loc'][0]}".replace("_", "-")) for e in error.errors())
        ) from error


def told(run_id: str, followed: list[Recorded], *, as_json: bool) -> None:
    """Say what followed from a command."""
    lines = [f"{run_id}: {one.event.kind()} {getattr(one.event, 'task', '')}".rstrip() for one in followed]
    answer(facts(followed), as_json=as_json, text=lines)


def put(runs: RunService, at: At, command: Command) -> None:
    """Put one command to the run meant, and say what followed."""
    run_id = runs.find(at.run)
    told(run_id, runs.ask(run_id, command), as_json=at.json)
