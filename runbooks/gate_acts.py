"""Deciding a gate by the board's forms: a vote on the round that was seen, with every open condition read first.

A condition that a voter names is not a yes. Who votes go after it says that they have read it, one by one; somebody
says how it was met. A vote sent twice is one vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from cutover.core.errors import Conflict, CutoverError
from cutover.core.event import Command
from cutover.domain import gates
from cutover.domain.gate_state import open_conditions
from cutover.domain.gates import Finding, GateState, Verdict, gate_stream
from cutover.web.acts import Act, Done, Form, Sent, WrongFields
from cutover.web.visitor import Visitor
from runbooks.board import Run
from runbooks.board_acts import TASK
from runbooks.board_moves import STEERS
from runbooks.domain.plan import Task
from runbooks.service import RunService


class GateForm(Form):
    """`gate` is the stream of the round that was seen: a new round is another gate."""

    run: str = Field(default="", max_length=120)
    gate: str = Field(max_length=200)


class VoteForm(GateForm):
    vote: Literal["go", "no_go"]
    caveat: str = Field(default="", max_length=2000)
    read: tuple[str, ...] = ()


class EvidenceForm(GateForm):
    criterion: str
    finding: Literal["met", "not_met", "inconclusive"]
    detail: str = Field(min_length=1, max_length=2000)


class MeetForm(GateForm):
    condition: str = Field(max_length=80)
    how: str = Field(min_length=1, max_length=2000)


class WaiveForm(GateForm):
    reason: str = Field(min_length=1, max_length=2000)


class RaiseForm(GateForm):
    text: str = Field(min_length=1, max_length=2000)


class DropForm(WaiveForm):
    condition: str = Field(max_length=80)


@dataclass(frozen=True, slots=True)
class OpenCondition:
    """What a voter made their yes depend on, still open; `is_read` by the visitor, `is_mine` when it is theirs."""

    id: str
    who: str
    text: str
    is_read: bool
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a visitor may do about a gate that is open; `asked` are the criteria that a person answers."""

    gate: str
    may_vote: bool
    may_waive: bool
    may_withdraw: bool
    waivers: tuple[tuple[str, str], ...]
    conditions: tuple[OpenCondition, ...]
    asked: tuple[tuple[str, str], ...]


def ballot(run: Run, task: Task, gate: GateState, visitor: Visitor) -> Ballot | None:
    """None for a gate that is not open, and for who only reads."""
    if gate.verdict is not Verdict.PENDING or not visitor.may_act:
        return None
    by, at = visitor.person, run.now
    return Ballot(
        gate=gate_stream(run.state.run_id, task.id, run.state.tasks[task.id].round),
        may_vote=_granted(gate, gates.CastVote(by=by, vote=Verdict.NO_GO), run),
        may_waive=bool(gates.unmet(gate, at)) and _granted(gate, gates.WaiveGate(by=by, reason="-"), run),
        may_withdraw=visitor.has(*STEERS),
        waivers=tuple((run.name(who), why) for who, why in gate.waivers.items()),
        conditions=tuple(
            OpenCondition(name, run.name(c.by), c.text, by in c.acknowledged, by == c.by)
            for name, c in open_conditions(gate).items()
        ),
        asked=tuple((c.id, c.title) for c in gate.criteria if c.source.partition(":")[0] == "person"),
    )


class GateActs:
    """The acts on the gates of one programme."""

    def __init__(self, service: RunService) -> None:
        self.service = service

    def acts(self) -> Sequence[Act]:
        return (
            Act(f"{TASK}/vote", "vote", VoteForm, self._vote, TASK),
            Act(f"{TASK}/give-evidence", "give evidence", EvidenceForm, self._evidence, TASK),
            Act(f"{TASK}/meet", "say how a condition was met", MeetForm, self._meet, TASK),
            Act(f"{TASK}/waive", "waive a gate", WaiveForm, self._waive, TASK),
            Act(f"{TASK}/raise", "raise a condition", RaiseForm, self._raise, TASK),
            Act(f"{TASK}/drop", "withdraw a condition", DropForm, self._drop, TASK),
            Act(f"{TASK}/withdraw-gate", "withdraw a gate", WaiveForm, self._withdraw, TASK, roles=STEERS),
        )

    def _vote(self, form: VoteForm, sent: Sent) -> Done:
        run_id, task, gate = self._seen(form, sent)
        by, vote = sent.visitor.person, Verdict(form.vote)
        if gate.votes.get(by) != (vote, form.caveat):  # else it is the same form again
            if form.vote == "no_go" and not form.caveat:
                raise WrongFields({"caveat": "a no needs its reason: who repairs it must know"})
            gate = self.service.vote(
                run_id, task, by=by, vote=vote, caveat=form.caveat, acknowledged=form.read
            )
        return _back(run_id, task, _said(gate, form))

    def _evidence(self, form: EvidenceForm, sent: Sent) -> Done:
        run_id, task, _ = self._seen(form, sent)
        by = sent.visitor.person
        command = gates.RecordEvidence(
            by=by, criterion=form.criterion, finding=Finding(form.finding), detail=form.detail, source=f"person:{by}"
        )  # fmt: skip
        self.service.give_evidence(run_id, task, command)
        return _back(run_id, task, "Your evidence is recorded, with your name and the time.")

    def _meet(self, form: MeetForm, sent: Sent) -> Done:
        run_id, task, _ = self._seen(form, sent)
        command = gates.MeetCondition(by=sent.visitor.person, condition=form.condition, how=form.how)
        self.service.ask_gate(run_id, task, command)
        return _back(run_id, task, "The condition is recorded as met, in your name.")

    def _waive(self, form: WaiveForm, sent: Sent) -> Done:
        run_id, task, _ = self._seen(form, sent)
        gate = self.service.waive(run_id, task, by=sent.visitor.person, reason=form.reason)
        if gate.verdict is Verdict.PENDING:
            return _back(run_id, task, "Your signature stands. A second person has to sign before it opens.")
        return _back(run_id, task, f"{task} is waived by you and who signed before, with what was not met.")

    def _raise(self, form: RaiseForm, sent: Sent) -> Done:
        run_id, task, gate = self._seen(form, sent)
        by = sent.visitor.person
        if (by, form.text) not in {
            (c.by, c.text) for c in open_conditions(gate).values()
        }:  # else it is sent again
            self.service.ask_gate(run_id, task, gates.RaiseCondition(by=by, text=form.text))
        return _back(run_id, task, "Your condition stands: whoever votes go must have read it.")

    def _drop(self, form: DropForm, sent: Sent) -> Done:
        run_id, task, _ = self._seen(form, sent)
        command = gates.WithdrawCondition(
            by=sent.visitor.person, condition=form.condition, reason=form.reason
        )
        self.service.ask_gate(run_id, task, command)
        return _back(run_id, task, "Your condition is withdrawn.")

    def _withdraw(self, form: WaiveForm, sent: Sent) -> Done:
        run_id, task, _ = self._seen(form, sent)
        self.service.ask_gate(run_id, task, gates.WithdrawGate(by=sent.visitor.person, reason=form.reason))
        return _back(run_id, task, f"{task} is withdrawn: what is behind it is held until it is asked again.")

    def _seen(self, form: GateForm, sent: Sent) -> tuple[str, str, GateState]:
        """Raises Conflict when the gate is asked anew since the form was rendered."""
        run_id, task = self.service.find(form.run), sent["task"]
        gate = self.service.gate(run_id, task)
        now = gate_stream(run_id, task, self.service.state(run_id).tasks[task].round)
        if form.gate != now:
            raise Conflict(
                f"{task} is asked anew since you looked: look at it as it is now, and decide again"
            )
        return run_id, task, gate


def _said(gate: GateState, form: VoteForm) -> str:
    if gate.verdict is Verdict.PENDING:
        more = " A condition is not a yes: the gate stays open." if form.caveat else " More votes are needed."
        return f"Your vote is recorded.{more}"
    return f"Your vote is recorded. The gate says {gate.verdict.replace('_', ' ')}."


def _back(run_id: str, task: str, said: str) -> Done:
    return Done(f"/board/tasks/{task}?run={run_id}", said)


def _granted(gate: GateState, command: Command, run: Run) -> bool:
    try:
        return bool(gates.decide(gate, command, run.now))
    except CutoverError:
        return False
