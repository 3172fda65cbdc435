"""Editing the plan of a run by forms: seen with what it does to the end, proposed on that version, approved by another.

Nothing is recorded by looking: the preview is an address. A proposal and an approval carry the version of the plan
that was seen, and are refused once somebody else's edit has been taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from cutover.core.clock import Clock
from cutover.core.errors import Conflict, CutoverError, NotFound
from cutover.core.event import Command
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Sent, WrongFields
from cutover.web.kit import Page, Query
from cutover.web.visitor import Visitor, visitor_of
from runbooks.board import RUN_STAGES, Look, Run, read_run
from runbooks.board_acts import RunForm, key_of
from runbooks.board_moves import STEERS
from runbooks.changes import Changes
from runbooks.domain import edits
from runbooks.domain.edits import Edit, EditStage, said
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.run_decisions import GOING
from runbooks.edit_drafts import DraftForm, draft_of, shown_fields, wish_of
from runbooks.service import RunService

EDITS = "/board/edits"
LOOKS: dict[EditStage, Look] = {
    EditStage.PROPOSED: ("busy", "?", "waits for approval"),
    EditStage.APPROVED: ("ok", "✓", "taken over"),
    EditStage.REJECTED: ("bad", "✗", "rejected"),
    EditStage.WITHDRAWN: ("idle", "–", "withdrawn"),
}


class NumberedForm(RunForm):
    """`version` is that of the plan that was seen."""

    number: int
    version: int


class RejectForm(NumberedForm):
    reason: str = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, slots=True)
class EditLine:
    """One edit: who proposed what and why, what it does to the end, what became of it; `moves` are this visitor's."""

    number: int
    look: Look
    who: str
    reason: str
    lines: tuple[str, ...]
    impact: str
    ended: str
    moves: tuple[str, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change and how the end would move, or why it cannot be taken over."""

    lines: tuple[str, ...]
    impact: str
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditsPage:
    """What `edits.html` reads; `fields` are those of the task that is being changed."""

    now: str
    run_id: str
    run_look: Look
    seen: int
    version: int
    may_propose: bool
    why_not: str
    tasks: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str, str], ...]
    draft: DraftForm
    preview: Preview | None
    waiting: tuple[EditLine, ...]
    ended: tuple[EditLine, ...]


class EditPages:
    """The page and the acts of one programme."""

    def __init__(self, service: RunService, programme: Programme, clock: Clock) -> None:
        self.service = service
        self.programme = programme
        self.clock = clock

    def pages(self) -> Sequence[Page]:
        return (Page(EDITS, "runbooks", "edits.html", EditsPage, self.show),)

    def acts(self) -> Sequence[Act]:
        return (
            Act(f"{EDITS}/propose", "propose an edit", DraftForm, self._propose, EDITS),
            Act(f"{EDITS}/approve", "approve an edit", NumberedForm, self._approve, EDITS, roles=STEERS),
            Act(f"{EDITS}/reject", "reject an edit", RejectForm, self._reject, EDITS, roles=STEERS),
            Act(f"{EDITS}/withdraw", "withdraw an edit", NumberedForm, self._withdraw, EDITS),
        )

    def show(self, query: Query) -> EditsPage:
        """Raises NotFound for a run or a task that is none."""
        run_id, visitor = self.service.find(query.get("run", "")), visitor_of(query)
        state, seen = self.service.desk.load(RUN_MACHINE, run_stream(run_id))
        run, draft = read_run(state, self.programme, self.clock.now()), draft_of(query)
        if draft.task and draft.task not in state.plan:
            raise NotFound("task", draft.task, state.plan)
        lines = [self._line(run, edit, visitor) for edit in reversed(tuple(state.edits.by_number.values()))]
        is_open = state.stage in GOING
        return EditsPage(
            now=run.time(run.now),
            run_id=run_id,
            run_look=RUN_STAGES[state.stage],
            seen=seen,
            version=state.edits.version,
            may_propose=visitor.may_act and is_open,
            why_not=""
            if is_open
            else f"The run is {RUN_STAGES[state.stage][2]}: its plan is not edited any more.",
            tasks=tuple((t.id, t.title) for t in state.runbook.tasks if not state.tasks[t.id].is_over),
            fields=self._fields(run, draft) if draft.task else (),
            draft=draft,
            preview=self._preview(run_id, draft, visitor) if "preview" in query else None,
            waiting=tuple(line for line in lines if not line.ended),
            ended=tuple(line for line in lines if line.ended),
        )

    def _fields(self, run: Run, draft: DraftForm) -> tuple[tuple[str, str, str], ...]:
        """As they stand, or as they were typed into the draft."""
        task = run.state.plan[draft.task]
        fixed = f"{self.programme.local(task.not_before):%Y-%m-%dT%H:%M%z}" if task.not_before else ""
        return tuple(
            (name, label, text if (typed := getattr(draft, name)) is None else typed)
            for name, label, text in shown_fields(task, fixed)
        )

    def _preview(self, run_id: str, draft: DraftForm, visitor: Visitor) -> Preview:
        try:
            wish = wish_of(draft, visitor.person or "-", self.programme.zone)
            event, impact = Changes(self.service).preview(run_id, wish)
        except CutoverError as error:
            return Preview((), "", tuple(str(error).splitlines()))
        return Preview(tuple(said(event)), impact.words if impact else "", ())

    def _line(self, run: Run, edit: Edit, visitor: Visitor) -> EditLine:
        proposal = edit.proposal
        ended = f"{run.name(edit.ended_by)}, {run.time(edit.ended_at)}" if edit.ended_at else ""
        moves, why_not = _moves(run, edit, visitor) if not ended else ((), "")
        return EditLine(
            number=proposal.number,
            look=LOOKS[edit.stage],
            who=f"{run.name(edit.by)}, {run.time(edit.at)}",
            reason=proposal.reason,
            lines=tuple(said(proposal)),
            impact=proposal.impact,
            ended=f"{ended}: {edit.reason}" if ended and edit.reason else ended,
            moves=moves,
            why_not=why_not,
        )

    # --- acts ---

    def _propose(self, form: DraftForm, sent: Sent) -> Done:
        if not form.reason:
            raise WrongFields({"reason": "this may not be empty"})
        run_id, by = self.service.find(form.run), sent.visitor.person
        key = key_of("edit", run_id, form.task, by, form)
        if not self.service.desk.journal.used([key]):
            self._check_version(run_id, form.version)
            changes, wish = Changes(self.service), wish_of(form, by, self.programme.zone)
            _, impact = changes.preview(run_id, wish)
            self.service.ask(
                run_id, wish.model_copy(update={"impact": impact.words if impact else ""}), key=key
            )
        return _done(run_id, "Your edit is proposed: nothing changes before somebody approves it.")

    def _approve(self, form: NumberedForm, sent: Sent) -> Done:
        command = edits.ApproveEdit(by=sent.visitor.person, number=form.number)
        return self._end(form, command, f"Edit {form.number} is taken over: the plan has changed.")

    def _reject(self, form: RejectForm, sent: Sent) -> Done:
        command = edits.RejectEdit(by=sent.visitor.person, number=form.number, reason=form.reason)
        return self._end(form, command, f"Edit {form.number} is rejected.")

    def _withdraw(self, form: NumberedForm, sent: Sent) -> Done:
        command = edits.WithdrawEdit(by=sent.visitor.person, number=form.number)
        return self._end(form, command, f"Edit {form.number} is withdrawn.")

    def _end(self, form: NumberedForm, command: Command, words: str) -> Done:
        run_id = self.service.find(form.run)
        key = key_of(type(command).__name__, run_id, "", command.by, form)
        if not self.service.desk.journal.used([key]) and isinstance(command, edits.ApproveEdit):
            self._check_version(run_id, form.version)
        self.service.ask(run_id, command, key=key)
        return _done(run_id, words)

    def _check_version(self, run_id: str, version: int) -> None:
        now = self.service.state(run_id).edits.version
        if version != now:
            raise Conflict(
                f"the plan is of version {now} by now, and you saw version {version}: another edit was taken over; "
                "look at what yours does to the plan as it is, and decide again"
            )


def _moves(run: Run, edit: Edit, visitor: Visitor) -> tuple[tuple[str, ...], str]:
    """What this visitor may do about an edit that waits, and why they may not approve it."""
    if not visitor.may_act:
        return (), ""
    moves = ("withdraw",) if visitor.person == edit.by else ()
    if not visitor.has(*STEERS):
        return moves, "A programme manager approves or rejects it."
    try:
        approve = edits.ApproveEdit(by=visitor.person, number=edit.proposal.number)
        RUN_MACHINE.decide(run.state, approve, run.now)
    except CutoverError as error:
        return (*moves, "reject"), str(error)
    return (*moves, "approve", "reject"), ""


def _done(run_id: str, words: str) -> Done:
    return Done(f"{EDITS}?run={run_id}", words)
