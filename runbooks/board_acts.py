"""What people do by the board's forms: each is one command of the run, asked for once and on what was seen.

A form carries how far the run's stream had come when it was rendered. What has happened to the same task since is
told instead of being overrun; the same form sent twice is one command, however often somebody clicks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from cutover.core.clock import show
from cutover.core.errors import Conflict, NotFound
from cutover.core.event import Command, Recorded
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.words import spelled
from runbooks.board_moves import STEERS, check_role
from runbooks.domain import colours, notes
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.service import RunService

TASK = "/board/tasks/{task}"
BOARD = "/board"


class RunForm(Form):
    """`seen` is how far the run's stream had come when the form was rendered."""

    run: str = Field(default="", max_length=120)
    seen: int = Field(default=0, ge=0)
    back: Literal["task", "board", "mine"] = "task"


class DoneForm(RunForm):
    evidence: str = Field(default="", max_length=2000)
    link: str = Field(default="", max_length=500)


class ReasonForm(RunForm):
    reason: str = Field(min_length=1, max_length=2000)


class SettleForm(RunForm):
    happened: Literal["yes", "no"]
    how: str = Field(min_length=1, max_length=2000)


class CommentForm(RunForm):
    text: str = Field(min_length=1, max_length=4000)


class PauseForm(RunForm):
    message: str = Field(min_length=1, max_length=1000)


class NumberForm(RunForm):
    number: int


class ColourForm(RunForm):
    scope: str = Field(max_length=80)
    colour: Literal["red", "amber", "green", "off"]
    reason: str = Field(min_length=1, max_length=1000)


class ScopeForm(RunForm):
    scope: str = Field(max_length=80)


@dataclass(frozen=True, slots=True)
class _Wish:
    """One act on a task: what it asks of the run, and what is said when it was granted."""

    command: Callable[[str, str, Any], Command]
    said: str


_WISHES = {
    "claim": _Wish(lambda by, task, f: ev.ClaimTask(by=by, task=task), "{task} is yours."),
    "done": _Wish(
        lambda by, task, f: ev.FinishTask(by=by, task=task, evidence=f.evidence, link=f.link),
        "{task} is done.",
    ),
    "problem": _Wish(
        lambda by, task, f: ev.FailTask(by=by, task=task, reason=f.reason),
        "{task} is marked as failed: what follows is held.",
    ),
    "settle": _Wish(
        lambda by, task, f: ev.SettleTask(by=by, task=task, happened=f.happened == "yes", how=f.how),
        "{task} is settled.",
    ),
    "retry": _Wish(
        lambda by, task, f: ev.RetryTask(by=by, task=task, reason=f.reason), "{task} may start again."
    ),
    "skip": _Wish(
        lambda by, task, f: ev.SkipTask(by=by, task=task, reason=f.reason),
        "{task} is skipped: what follows is released.",
    ),
    "allow": _Wish(
        lambda by, task, f: ev.AllowTask(by=by, task=task),
        "{task} is allowed: it is performed when it is due.",
    ),
    "comment": _Wish(
        lambda by, task, f: notes.CommentOnTask(by=by, task=task, text=f.text), "Comment recorded."
    ),
}


class BoardActs:
    """The acts of one programme's board."""

    def __init__(self, service: RunService) -> None:
        self.service = service

    def acts(self) -> Sequence[Act]:
        return (*self._task_acts(), *self._run_acts())

    def _task_acts(self) -> Iterator[Act]:
        for name, does, form in (
            ("claim", "claim a task", RunForm),
            ("done", "say that a task is done", DoneForm),
            ("problem", "report a problem", ReasonForm),
            ("settle", "settle an uncertain task", SettleForm),
            ("retry", "have a task tried again", ReasonForm),
            ("skip", "skip a task", ReasonForm),
            ("allow", "allow a task to be performed in a rehearsal", RunForm),
            ("comment", "comment", CommentForm),
        ):
            yield Act(f"{TASK}/{name}", does, form, self._on_task(name, does), TASK)

    def _run_acts(self) -> Iterator[Act]:
        yield Act("/board/pause", "pause the run", PauseForm, self._pause, BOARD, roles=STEERS)
        yield Act("/board/unpause", "let the run go on", RunForm, self._unpause, BOARD, roles=STEERS)
        yield Act("/board/announce", "announce something", CommentForm, self._announce, BOARD, roles=STEERS)
        yield Act("/board/cancel", "end the run", ReasonForm, self._cancel, BOARD, roles=STEERS)
        yield Act("/board/colour", "override a colour", ColourForm, self._colour, BOARD, roles=STEERS)
        yield Act("/board/lift", "lift an override", ScopeForm, self._lift, BOARD, roles=STEERS)
        yield Act(
            "/board/withdraw", "withdraw an announcement", NumberForm, self._withdraw, BOARD, roles=STEERS
        )

    # --- tasks ---

    def _on_task(self, name: str, does: str) -> Callable[[Any, Sent], Done]:
        def do(form: RunForm, sent: Sent) -> Done:
            task, run_id = sent["task"], self.service.find(form.run)
            check_role(self.service.state(run_id), task, sent.visitor, name, does)
            said = self.on_task(name, run_id, task, sent.visitor.person, form)
            return Done(_back(form.back, run_id, task), said)

        return do

    def on_task(self, name: str, run_id: str, task: str, by: str, form: RunForm) -> str:
        """Do it once, on what was seen; returns what to say. Raises Conflict when the task has changed since."""
        wish, key = _WISHES[name], key_of(name, run_id, task, by, form)
        if name != "comment" and not self.service.desk.journal.used([key]):
            self._check_seen(run_id, task, form.seen)
        self.service.ask(run_id, wish.command(by, task, form), key=key)
        return wish.said.format(task=task)

    def _check_seen(self, run_id: str, task: str, seen: int) -> None:
        plan = self.service.state(run_id).plan
        if task not in plan:
            raise NotFound("task", task, plan)
        facts = self.service.desk.journal.naming(run_stream(run_id), "task", task, after=seen)
        newer = [fact for fact in facts if _moves(fact, task)]
        if newer:
            raise Conflict("\n".join([*map(self._told, newer), "Look at it as it is now, and decide again."]))

    def _told(self, fact: Recorded) -> str:
        programme = self.service.programme
        who, when = programme.name_of(fact.actor), show(fact.at, programme.zone, "%H:%M %Z")
        return f"Meanwhile, {when}: {spelled(fact.event.kind())}, by {who}."

    # --- the run ---

    def _pause(self, form: PauseForm, sent: Sent) -> Done:
        command = ev.PauseRun(by=sent.visitor.person, message=form.message)
        return self._on_run("pause", command, form, "The run is paused: nothing new starts.")

    def _unpause(self, form: RunForm, sent: Sent) -> Done:
        return self._on_run("unpause", ev.UnpauseRun(by=sent.visitor.person), form, "The run goes on.")

    def _announce(self, form: CommentForm, sent: Sent) -> Done:
        command = notes.Announce(by=sent.visitor.person, text=form.text[:1000])
        return self._on_run("announce", command, form, "Announced to everybody on the run.")

    def _withdraw(self, form: NumberForm, sent: Sent) -> Done:
        command = notes.WithdrawAnnouncement(by=sent.visitor.person, number=form.number)
        return self._on_run("withdraw", command, form, "The announcement is withdrawn.")

    def _cancel(self, form: ReasonForm, sent: Sent) -> Done:
        command = ev.CancelRun(by=sent.visitor.person, reason=form.reason)
        return self._on_run("cancel", command, form, "The run has ended: it is canceled.")

    def _colour(self, form: ColourForm, sent: Sent) -> Done:
        command = colours.OverrideColour(
            by=sent.visitor.person, scope=form.scope, colour=colours.Colour(form.colour), reason=form.reason
        )
        words = "The colour is overridden in your name; the computed one stays beside it."
        return self._on_run("colour", command, form, words)

    def _lift(self, form: ScopeForm, sent: Sent) -> Done:
        command = colours.LiftOverride(by=sent.visitor.person, scope=form.scope)
        return self._on_run("lift", command, form, "The colour is the computed one again.")

    def _on_run(self, name: str, command: Command, form: RunForm, said: str) -> Done:
        run_id = self.service.find(form.run)
        self.service.ask(run_id, command, key=key_of(name, run_id, "", command.by, form))
        return Done(_back("board", run_id, ""), said)


def _moves(fact: Recorded, task: str) -> bool:
    """Whether a fact moved this task: a new expected end does not."""
    event = fact.event
    return isinstance(event, ev.TaskEvent) and event.task == task and not isinstance(event, ev.TaskProgressed)


def key_of(name: str, run_id: str, task: str, by: str, form: RunForm) -> str:
    """The same form sent twice is the same wish; another text, or another look at the run, is another."""
    said = form.model_dump_json(exclude={"back"})
    return f"web:{run_id}:{task}:{name}:{hashlib.sha256(f'{by}:{said}'.encode()).hexdigest()[:32]}"


def _back(where: str, run_id: str, task: str) -> str:
    match where:
        case "task":
            return f"/board/tasks/{task}?run={run_id}"
        case "mine":
            return f"/board?run={run_id}&mine=1"
    return f"/board?run={run_id}"
