"""`cutover run` and `cutover gate`: what people do to a run, and starting or resuming its performer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, console, table

if TYPE_CHECKING:
    from runbooks.domain.run_events import RunSetup, RunType
    from runbooks.domain.run_state import RunState
    from runbooks.service import RunService

Folder = Annotated[Path, Parameter(help="the programme folder")]
By = Annotated[str, Parameter(help="who does this (an id of programme.yaml)")]
Run = Annotated[str, Parameter(name="--run", help="the run meant; default: the newest")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="answer in JSON")]
Service = Callable[[Path], "RunService"]
Begin = Callable[[Path, str, str, "RunType", "RunSetup"], str]


def run_commands(service: Service, begin: Begin, perform: Callable[[Path, str], int]) -> App:
    """The `run` commands. `begin` starts a run and returns its id, `perform` drives it to its end in the foreground."""
    app = App(name="run", help="Start, resume and work on a run.")

    @app.command
    def start(
        *,
        runbook_id: Annotated[
            str, Parameter(name="--runbook", help="which runbook; default: the only one")
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
        by: By = "programme-manager",
        programme: Folder = Path(),
    ) -> int:
        """Start a run and perform it to its end. Kill it anywhere: `cutover run resume` goes on."""
        from runbooks.domain.run_events import RunSetup, RunType
        from runbooks.service import check_setup

        setup = check_setup(
            RunType(type_), RunSetup(auto=auto, scenario=scenario, speed=speed, prefect=prefect and not auto)
        )
        run_id = begin(programme, runbook_id, by, RunType(type_), setup)
        console.print(f"run {run_id} has begun", markup=False)
        return perform(programme, run_id)

    @app.command
    def resume(*, run: Run = "", programme: Folder = Path()) -> int:
        """Go on with a run after a crash or a stop: nothing is done twice, nothing is lost."""
        return perform(programme, service(programme).find(run))

    @app.command
    def status(*, run: Run = "", programme: Folder = Path(), json: AsJson = False) -> int:
        """Where the run stands: what is in progress, what could start, what has failed."""
        runs = service(programme)
        state = runs.state(runs.find(run))
        answer(_summary(state), as_json=json)
        if not json:
            _show(state)
        return DONE

    _add_task_commands(app, service)
    return app


def _add_task_commands(app: App, service: Service) -> None:
    @app.command
    def claim(task: str, *, by: By, run: Run = "", programme: Folder = Path()) -> None:
        """Take a task up."""
        _ask(service(programme), run, "ClaimTask", by=by, task=task)

    @app.command
    def done(
        task: str, *, by: By, evidence: str = "", link: str = "", run: Run = "", programme: Folder = Path()
    ) -> None:
        """Say that a task is done, with its evidence."""
        _ask(service(programme), run, "FinishTask", by=by, task=task, evidence=evidence, link=link)

    @app.command
    def skip(task: str, *, by: By, reason: str, run: Run = "", programme: Folder = Path()) -> None:
        """Leave a task out, with the reason; what follows is released."""
        _ask(service(programme), run, "SkipTask", by=by, task=task, reason=reason)

    @app.command
    def fail(task: str, *, by: By, reason: str, run: Run = "", programme: Folder = Path()) -> None:
        """Say that a task has failed; what follows is held."""
        _ask(service(programme), run, "FailTask", by=by, task=task, reason=reason)

    @app.command
    def retry(task: str, *, by: By, reason: str, run: Run = "", programme: Folder = Path()) -> None:
        """Try a failed task again."""
        _ask(service(programme), run, "RetryTask", by=by, task=task, reason=reason)

    @app.command
    def settle(
        task: str, *, by: By, happened: bool, how: str, run: Run = "", programme: Folder = Path()
    ) -> None:
        """Say whether an uncertain task's effect happened, and how you know."""
        _ask(service(programme), run, "SettleTask", by=by, task=task, happened=happened, how=how)

    @app.command
    def pause(*, by: By, message: str, run: Run = "", programme: Folder = Path()) -> None:
        """Start nothing new until unpaused."""
        _ask(service(programme), run, "PauseRun", by=by, message=message)

    @app.command
    def unpause(*, by: By, run: Run = "", programme: Folder = Path()) -> None:
        """Let work start again."""
        _ask(service(programme), run, "UnpauseRun", by=by)

    @app.command
    def cancel(*, by: By, reason: str, run: Run = "", programme: Folder = Path()) -> None:
        """End a run that will not be finished."""
        _ask(service(programme), run, "CancelRun", by=by, reason=reason)

    @app.command
    def backout(
        *,
        by: By,
        reason: str,
        signed_by: tuple[str, ...] = (),
        confirmed: bool = False,
        run: Run = "",
        programme: Folder = Path(),
    ) -> None:
        """Begin the way back; with --confirmed, say that the old systems serve again."""
        if confirmed:
            _ask(service(programme), run, "ConfirmBackedOut", by=by)
        else:
            _ask(service(programme), run, "BackOut", by=by, reason=reason, signed_by=signed_by)


def gate_commands(service: Service) -> App:
    """The `gate` commands."""
    app = App(name="gate", help="Go or no-go: criteria, evidence, votes.")

    @app.command
    def show(gate: str, *, run: Run = "", programme: Folder = Path(), json: AsJson = False) -> int:
        """Criteria with their evidence, votes and what is unmet. Exit 1 unless the gate said go."""
        from cutover.domain.gates import Verdict, unmet

        runs = service(programme)
        run_id = runs.find(run)
        runs.gather(run_id, gate)
        state = runs.gate(run_id, gate)
        open_points = unmet(state, runs.desk.clock.now())
        lines = [f"{gate}: {state.title}: {state.verdict}", *(f"  not met: {point}" for point in open_points)]
        lines += [
            f"  {who}: {vote}" + (f" ({caveat})" if caveat else "")
            for who, (vote, caveat) in state.votes.items()
        ]
        answer(
            {
                "gate": gate,
                "verdict": state.verdict,
                "unmet": open_points,
                "votes": {w: v[0] for w, v in state.votes.items()},
            },
            as_json=json,
            text=lines,
        )
        return DONE if state.verdict is Verdict.GO else NO

    @app.command
    def vote(
        gate: str,
        verdict: Literal["go", "no_go"],
        *,
        by: By,
        caveat: str = "",
        run: Run = "",
        programme: Folder = Path(),
    ) -> None:
        """Cast your vote. A go needs every criterion met; a caveat makes it conditional, and that is not a go."""
        from cutover.domain.gates import Verdict

        runs = service(programme)
        state = runs.vote(runs.find(run), gate, by=by, vote=Verdict(verdict), caveat=caveat)
        console.print(f"{gate}: {state.verdict}", markup=False)

    @app.command
    def waive(gate: str, *, by: By, reason: str, run: Run = "", programme: Folder = Path()) -> None:
        """Open a gate in spite of unmet criteria, by name and with the reason."""
        runs = service(programme)
        console.print(
            f"{gate}: {runs.waive(runs.find(run), gate, by=by, reason=reason).verdict}", markup=False
        )

    @app.command
    def evidence(
        gate: str,
        criterion: str,
        finding: Literal["met", "not_met", "inconclusive"],
        *,
        by: By,
        detail: str,
        link: str = "",
        run: Run = "",
        programme: Folder = Path(),
    ) -> None:
        """Give evidence for a criterion that only a person can answer."""
        from cutover.domain.gates import Finding, RecordEvidence

        runs = service(programme)
        command = RecordEvidence(
            by=by,
            criterion=criterion,
            finding=Finding(finding),
            detail=detail,
            source=f"person:{by}",
            link=link,
        )
        runs.give_evidence(runs.find(run), gate, command)

    return app


def _ask(runs: RunService, run: str, command: str, **fields: object) -> None:
    from runbooks.domain import run_events

    run_id = runs.find(run)
    recorded = runs.ask(run_id, getattr(run_events, command)(**fields))
    for fact in recorded:
        console.print(
            f"{run_id}: {fact.event.kind()}" + (f" {fields['task']}" if "task" in fields else ""),
            markup=False,
        )


def _summary(state: RunState) -> dict[str, object]:
    stages: dict[str, int] = {}
    for at in state.tasks.values():
        stages[at.stage] = stages.get(at.stage, 0) + 1
    return {
        "run": state.run_id, "stage": state.stage, "type": state.run_type, "tasks": stages, "closes": state.closes,
        "latest_backout": state.latest_backout, "point_of_no_return": state.no_return_at,
        "forecast": state.forecast.model_dump(mode="json") if state.forecast else None,
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
