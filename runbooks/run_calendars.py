"""`cutover run ics`: everybody's calendar of a run that goes on, with the times as they are expected now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer
from runbooks.options import Runs

if TYPE_CHECKING:
    from runbooks.domain.run_state import RunState
    from runbooks.formats.ics import Expected
    from runbooks.service import RunService

Person = Annotated[str, Parameter(help="only the calendar of this person or team (an id of programme.yaml)")]
To = Annotated[
    Path | None, Parameter(help="the folder to write to; default: state/calendars of the programme")
]


def add_calendars(app: App, service: Runs) -> None:
    @app.command
    def ics(
        *, person: Person = "", to: To = None, run: Run = "", programme: Here = Path(), json: AsJson = False
    ) -> None:
        """Write calendars (ICS) of the run as it goes: what happened, what is expected now. They replace those of the plan."""
        runs = service(programme)
        target = to or programme / "state" / "calendars"
        written = write_calendars(runs, runs.find(run), target, person=person)
        answer([str(path) for path in written], as_json=json, text=map(str, written))


def write_calendars(runs: RunService, run_id: str, target: Path, *, person: str = "") -> list[Path]:
    """The calendars of a run at this moment. Raises NotFound for somebody whom its plan does not name."""
    from runbooks.formats.ics import write_ics

    state, now = runs.state(run_id), runs.desk.clock.now()
    seen = expected_of(runs, state, now)
    return write_ics(target, state.runbook, runs.programme, at=now, expected=seen, only=person)


def expected_of(runs: RunService, state: RunState, now: datetime) -> Expected:
    from runbooks.board import read_run
    from runbooks.formats.ics import Expected

    run = read_run(state, runs.programme, now)
    return Expected(run.expected, dict(_known(runs, state)))


def _known(runs: RunService, state: RunState) -> Iterator[tuple[str, str]]:
    """What the run says of each task: how it stands, and of what is open when the run is forecast to end."""
    from cutover.core.clock import show

    zone, ahead = runs.programme.zone, ""
    if state.forecast is not None and state.ended_at is None:
        ahead = f"; the run is forecast to end by {show(state.forecast.p80, zone)} (P80)"
    for name, at in state.tasks.items():
        stands = str(at.completion or at.stage).replace("_", " ")
        yield name, f"{stands} in {state.run_id}" + ("" if at.is_over else ahead)
