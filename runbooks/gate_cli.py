"""`cutover gate`: criteria with their evidence, conditions, votes. A decision is one person's word by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Gate, How, Link, Reason, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer
from runbooks.options import At, Runs, wish

if TYPE_CHECKING:
    from cutover.domain.gates import GateState
ConditionId = Annotated[str, Parameter(help="the condition, by its id: `cutover gate show`")]


def gate_commands(service: Runs) -> App:
    """The `gate` commands."""
    app = App(name="gate", help="Go or no-go: criteria, evidence, votes.")
    _add_gate_show(app, service)
    _add_votes(app, service)
    _add_evidence(app, service)
    app.command(_condition_commands(service))
    return app


def _add_gate_show(app: App, service: Runs) -> None:
    @app.command
    def show(gate: Gate, *, run: Run = "", programme: Here = Path(), json: AsJson = False) -> int:
        """Criteria with their evidence, votes and what is unmet. Exit 1 unless the gate said go."""
        from cutover.domain.gates import Verdict

        runs = service(programme)
        run_id = runs.find(run)
        runs.gather(run_id, gate)
        state = runs.gate(run_id, gate)
        _say(gate, state, runs.desk.clock.now(), json=json)
        return DONE if state.verdict is Verdict.GO else NO


def _add_votes(app: App, service: Runs) -> None:
    @app.command
    def vote(
        gate: Gate,
        verdict: Literal["go", "no_go"],
        *,
        by: By,
        caveat: Annotated[
            str, Parameter(help="what you say go under; it makes the go conditional, and that is not a go")
        ] = "",
        acknowledge: Annotated[
            tuple[str, ...], Parameter(help="conditions you have read; a go needs all that stand")
        ] = (),
        run: Run = "",
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Cast your vote. A go needs every criterion met; a caveat makes it conditional, and that is not a go."""
        from cutover.domain.gates import Verdict

        runs = service(programme)
        state = runs.vote(
            runs.find(run), gate, by=by, vote=Verdict(verdict), caveat=caveat, acknowledged=acknowledge
        )
        _say(gate, state, runs.desk.clock.now(), json=json, text=[f"{gate}: {state.verdict}"])

    @app.command
    def withdraw(
        gate: Gate, *, by: By, reason: Reason, run: Run = "", programme: Here = Path(), json: AsJson = False
    ) -> None:
        """Take the question back: what is behind the gate waits until it is asked again (cutover run retry)."""
        from cutover.domain.gate_events import WithdrawGate

        runs = service(programme)
        command = wish(WithdrawGate, by, {"reason": reason})
        state = runs.ask_gate(runs.find(run), gate, command)
        _say(gate, state, runs.desk.clock.now(), json=json, text=[f"{gate}: {state.verdict}"])

    @app.command
    def waive(
        gate: Gate, *, by: By, reason: Reason, run: Run = "", programme: Here = Path(), json: AsJson = False
    ) -> None:
        """Sign, by name and with the reason, for opening a gate in spite of unmet criteria; the second who signs opens it."""
        runs = service(programme)
        state = runs.waive(runs.find(run), gate, by=by, reason=reason)
        _say(gate, state, runs.desk.clock.now(), json=json, text=[f"{gate}: {state.verdict}"])


def _add_evidence(app: App, service: Runs) -> None:
    @app.command
    def evidence(
        gate: Gate,
        criterion: Annotated[str, Parameter(help="the criterion, by its id")],
        finding: Literal["met", "not_met", "inconclusive"],
        *,
        by: By,
        detail: Annotated[str, Parameter(help="what you have seen")],
        link: Link = "",
        run: Run = "",
        programme: Here = Path(),
        json: AsJson = False,
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
        run_id = runs.find(run)
        runs.give_evidence(run_id, gate, command)
        text = [f"{gate}: {criterion}: {finding.replace('_', ' ')}, says {by}"]
        _say(gate, runs.gate(run_id, gate), runs.desk.clock.now(), json=json, text=text)


def _condition_commands(service: Runs) -> App:
    verbs = _ConditionVerbs(service)
    app = App(
        name="condition", help="What must be so before or after a go: raised by name, read by every voter."
    )
    for name, verb in (
        ("raise", verbs.raise_),
        ("read", verbs.read),
        ("met", verbs.met),
        ("withdraw", verbs.withdraw),
    ):
        app.command(verb, name=name)
    return app


class _ConditionVerbs:
    """What people do about the conditions of a gate: each verb is one command of the gate."""

    def __init__(self, service: Runs) -> None:
        self._service = service

    def raise_(self, gate: Gate, *, at: At, text: Annotated[str, Parameter(help="what must be so")]) -> None:
        """Name a condition: nobody votes go without having read it."""
        self._ask(at, gate, "RaiseCondition", text=text)

    def read(
        self,
        gate: Gate,
        condition: ConditionId,
        *,
        at: At,
    ) -> None:
        """Say that you have read a condition; a go needs this of every voter."""
        self._ask(at, gate, "AcknowledgeCondition", condition=condition)

    def met(
        self,
        gate: Gate,
        condition: ConditionId,
        *,
        at: At,
        how: How,
        link: Link = "",
    ) -> None:
        """Say that a condition is met, and how you know."""
        self._ask(at, gate, "MeetCondition", condition=condition, how=how, link=link)

    def withdraw(
        self,
        gate: Gate,
        condition: ConditionId,
        *,
        at: At,
        reason: Reason,
    ) -> None:
        """Take your own condition back, with the reason."""
        self._ask(at, gate, "WithdrawCondition", condition=condition, reason=reason)

    def _ask(self, at: At, gate: str, command: str, **fields: object) -> None:
        from cutover.domain import gate_events

        runs = self._service(at.programme)
        state = runs.ask_gate(runs.find(at.run), gate, wish(getattr(gate_events, command), at.by, fields))
        standing = {name: c.text for name, c in state.conditions.items() if c.is_open}
        lines = [f"{gate}: condition {name}: {text}" for name, text in standing.items()] or [
            f"{gate}: no condition stands"
        ]
        _say(gate, state, runs.desk.clock.now(), json=at.json, text=lines)


def _say(
    gate: str, state: GateState, now: datetime, *, json: bool, text: Iterable[str] | None = None
) -> None:
    """How a gate stands: the same for whoever looked at it and whoever did something about it."""
    from cutover.domain.gates import unmet

    open_points = unmet(state, now)
    told = {
        "gate": gate,
        "verdict": state.verdict,
        "unmet": open_points,
        "votes": {who: vote for who, (vote, _) in state.votes.items()},
        "conditions": {name: c.text for name, c in state.conditions.items() if c.is_open},
        "decide_by": state.decide_by,
    }
    answer(told, as_json=json, text=_whole(gate, state, open_points) if text is None else text)


def _whole(gate: str, state: GateState, open_points: Iterable[str]) -> Iterator[str]:
    yield f"{gate}: {state.title}: {state.verdict}"
    yield from (f"  not met: {point}" for point in open_points)
    for name, c in state.conditions.items():
        ended = f" (ended by {c.ended_by}: {c.how})" if c.ended_by else ""
        yield f"  condition {name} of {c.by}: {c.text}{ended}"
    for who, (vote, caveat) in state.votes.items():
        yield f"  {who}: {vote}" + (f" ({caveat})" if caveat else "")
