"""`cutover run`: what people do to a run, and starting or resuming its performer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Evidence, How, Link, Reason, Run, Task
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE
from cutover.cli.offered import runbooks
from cutover.cli.output import answer, console, table
from runbooks.changes_cli import backout_commands, edit_commands
from runbooks.notes_cli import add_notes
from runbooks.options import At, Runs, put, wish
from runbooks.review_cli import add_review
from runbooks.run_calendars import add_calendars

if TYPE_CHECKING:
    from runbooks.domain.colours import Shade
    from runbooks.domain.forecasting.forecast import Forecast
    from runbooks.domain.run_events import Comms, RunSetup, RunType
    from runbooks.domain.run_state import RunState
    from runbooks.service import RunService

Moment = Annotated[
    str, Parameter(help="as it was at this past moment: 2026-10-24T23:15 in the programme's zone, or with Z")
]
Perform = Callable[[Path, str, bool], int]  # True: stand by while another runner holds the run


class Begin(Protocol):
    """Starts a run and returns its id; comms of None are the usual ones of its type."""

    def __call__(
        self,
        path: Path,
        runbook: str,
        by: str,
        run_type: RunType,
        setup: RunSetup,
        *,
        comms: Comms | None = None,
    ) -> str: ...


def run_commands(service: Runs, begin: Begin, perform: Perform) -> App:
    """The `run` commands. `begin` starts a run and returns its id, `perform` drives it to its end in the foreground."""
    app = App(name="run", help="Start, resume and work on a run.")

    _add_start(app, begin, perform)

    @app.command
    def resume(
        *,
        run: Run = "",
        standby: Annotated[
            bool,
            Parameter(negative="", help="wait while another runner performs it, and take over when it fails"),
        ] = False,
        programme: Here = Path(),
    ) -> int:
        """Go on with a run after a crash or a stop: nothing is done twice, nothing is lost."""
        return perform(programme, service(programme).find(run), standby)

    _add_status(app, service)
    add_review(app, service)
    add_calendars(app, service)
    verbs = _RunVerbs(service)
    for verb in (verbs.claim, verbs.done, verbs.skip, verbs.fail, verbs.retry, verbs.allow, verbs.settle,
                 verbs.pause, verbs.unpause, verbs.cancel):  # fmt: skip
        app.command(verb)
    add_notes(app, service)
    app.command(edit_commands(service))
    app.command(backout_commands(service))
    return app


def _add_status(app: App, service: Runs) -> None:
    @app.command
    def status(*, run: Run = "", at: Moment = "", programme: Here = Path(), json: AsJson = False) -> int:
        """Where the run stands: in progress, could start, failed; when it will end, and the way back from here."""
        from runbooks.board_ahead import ahead_lines
        from runbooks.domain.colours import colours
        from runbooks.domain.deciding import stuck_gates, why_stuck
        from runbooks.domain.weather import weather_words
        from runbooks.lookout import Lookout
        from runbooks.surroundings import weather

        runs = _then(service(programme), at, run, quiet=json)
        state = runs.state(runs.find(run))
        seen = Lookout(runs).seen(state, runs.desk.clock.now())
        shades = colours(state, runs.desk.clock.now())
        answer({**_summary(state, seen, shades), "as_of": runs.desk.clock.now()}, as_json=json)
        if not json:
            _show(state)
            answer(None, as_json=False, text=[line for scope in shades for line in shades[scope].said(scope)])
            answer(None, as_json=False, text=ahead_lines(state, seen, runs.programme.zone))
            stuck = [why_stuck(task, state.started_by) for task in stuck_gates(state)]
            answer(None, as_json=False, text=[*stuck, *weather_words(weather(runs.desk, state.run_id))])
        return DONE


def _then(runs: RunService, at: str, run: str, *, quiet: bool) -> RunService:
    """The runs as they are, or as they were at a past moment, which is then said."""
    if not at:
        return runs
    from cutover.core.clock import show
    from runbooks.replay import past

    seen = past(runs, at, run)
    if not quiet:
        when = show(seen.moment, runs.programme.zone, "%a %d %b %Y %H:%M:%S %Z")
        console.print(f"as it was at {when}; not live", markup=False)
    return seen.service


def _add_start(app: App, begin: Begin, perform: Perform) -> None:
    @app.command
    def start(
        *,
        runbook_id: Annotated[
            str, Parameter(name="--runbook", help="which runbook; default: the only one", completer=runbooks)
        ] = "",
        type_: Annotated[Literal["rehearsal", "live"], Parameter(name="--type")] = "rehearsal",
        auto: Annotated[
            bool,
            Parameter(
                negative="", help="walk through the plan: everybody played, systems simulated, time steps"
            ),
        ] = False,
        scenario: Annotated[
            bool, Parameter(negative="", help="rehearse against the range, with faults.yaml and cast.yaml")
        ] = False,
        speed: Annotated[
            float | None,
            Parameter(help="simulated seconds a second for --scenario; 0 steps from event to event"),
        ] = None,
        prefect: Annotated[bool, Parameter(help="show automated tasks in Prefect")] = True,
        comms: Annotated[
            Literal["off", "test", "on"] | None,
            Parameter(
                help="whom notify tasks reach: nobody, test addresses, everybody; default: on live, else off"
            ),
        ] = None,
        by: By = "programme-manager",
        programme: Here = Path(),
    ) -> int:
        """Start a run and perform it to its end. Kill it anywhere: `cutover run resume` goes on."""
        from runbooks.domain.run_events import Comms, RunSetup, RunType
        from runbooks.service import check_setup

        setup = check_setup(
            RunType(type_), RunSetup(auto=auto, scenario=scenario, speed=speed, prefect=prefect and not auto)
        )
        chosen = Comms(comms) if comms else None
        run_id = begin(programme, runbook_id, by, RunType(type_), setup, comms=chosen)
        console.print(f"run {run_id} has begun", markup=False)
        return perform(programme, run_id, False)


class _RunVerbs:
    """What people do to a run and its tasks: each verb is one command of the run."""

    def __init__(self, service: Runs) -> None:
        self._service = service

    def claim(self, task: Task, *, at: At) -> None:
        """Take a task up."""
        self._ask(at, "ClaimTask", task=task)

    def done(self, task: Task, *, at: At, evidence: Evidence = "", link: Link = "") -> None:
        """Say that a task is done, with its evidence."""
        self._ask(at, "FinishTask", task=task, evidence=evidence, link=link)

    def skip(self, task: Task, *, at: At, reason: Reason) -> None:
        """Leave a task out, with the reason; what follows is released."""
        self._ask(at, "SkipTask", task=task, reason=reason)

    def fail(self, task: Task, *, at: At, reason: Reason) -> None:
        """Say that a task has failed; what follows is held."""
        self._ask(at, "FailTask", task=task, reason=reason)

    def retry(self, task: Task, *, at: At, reason: Reason) -> None:
        """Try a failed task again."""
        self._ask(at, "RetryTask", task=task, reason=reason)

    def allow(self, task: Task, *, at: At) -> None:
        """Let a rehearsal perform a task that asks first."""
        self._ask(at, "AllowTask", task=task)

    def settle(
        self,
        task: Task,
        *,
        at: At,
        happened: Annotated[bool, Parameter(help="the effect happened; --no-happened: it did not")],
        how: How,
    ) -> None:
        """Say whether an uncertain task's effect happened, and how you know."""
        self._ask(at, "SettleTask", task=task, happened=happened, how=how)

    def pause(
        self, *, at: At, message: Annotated[str, Parameter(help="what everybody on the run is told")]
    ) -> None:
        """Start nothing new until unpaused."""
        self._ask(at, "PauseRun", message=message)

    def unpause(self, *, at: At) -> None:
        """Let work start again."""
        self._ask(at, "UnpauseRun")

    def cancel(self, *, at: At, reason: Reason) -> None:
        """End a run that will not be finished."""
        self._ask(at, "CancelRun", reason=reason)

    def _ask(self, at: At, command: str, **fields: object) -> None:
        """Put one command to the run and say what followed. Raises Invalid for a text that may not be empty."""
        from runbooks.domain import run_events

        put(self._service(at.programme), at, wish(getattr(run_events, command), at.by, fields))


def _summary(state: RunState, seen: Forecast | None, shades: Mapping[str, Shade]) -> dict[str, object]:
    stages: dict[str, int] = {}
    for at in state.tasks.values():
        stages[at.stage] = stages.get(at.stage, 0) + 1
    return {
        "run": state.run_id, "stage": state.stage, "type": state.run_type, "tasks": stages, "closes": state.closes,
        "colours": {scope: {"shown": s.shown, "computed": s.computed, "reasons": s.reasons} for scope, s in shades.items()},
        "latest_backout": state.latest_backout, "point_of_no_return": state.no_return_at,
        "forecast": state.forecast.model_dump(mode="json") if state.forecast else None,
        "now": seen and {
            "p50": seen.p50, "p80": seen.p80, "p95": seen.p95, "backout": seen.backout, "assumptions": seen.assumptions,
            "chance_to_miss": seen.chance_to_miss(state.closes) if state.closes else None,
            "drivers": seen.drivers, "criticality": seen.criticality, "capacity_aware": seen.capacity_aware,
        },
    }  # fmt: skip


def _show(state: RunState) -> None:
    rows = [
        (
            name,
            state.plan[name].title,
            at.stage,
            at.by or state.plan[name].owner or state.plan[name].team,
            at.started_at,
            at.note,
        )
        for name, at in state.tasks.items()
        if at.stage not in ("not_startable", "complete")
    ]
    over = sum(at.is_over for at in state.tasks.values())
    table(
        f"{state.run_id}: {state.stage}, {over} of {len(state.tasks)} tasks over",
        ("task", "title", "stage", "who", "since", "note"),
        rows,
    )
