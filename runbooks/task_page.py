"""One task, whole: where it stands, what may be done about it, what waits on what, and everything that was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from cutover.core.clock import Clock
from cutover.core.errors import NotFound
from cutover.domain.programme import Programme
from cutover.web.journal import FactLine, fact_line
from cutover.web.kit import Page, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import spelled
from runbooks.board import RUN_STAGES, Look, Run, TaskLine, look, read_run, task_line
from runbooks.board_gates import GateCard, gate_card
from runbooks.board_moves import moves
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.notes import EvidenceAttached, Note, TaskCommented
from runbooks.domain.plan import Task
from runbooks.gate_acts import Ballot, ballot
from runbooks.replay import Replay, banner, past
from runbooks.service import RunService

MOST_FACTS = 100


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task that this one waits for, or that waits for it."""

    id: str
    title: str
    look: Look


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A comment or an attached file; `file` is where it is served, '' for a comment."""

    at: str
    who: str
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class TaskPage:
    """What `task.html` reads; `moves` are the names of the forms that this visitor is offered."""

    replay: Replay | None
    now: str
    run_id: str
    run_look: Look
    seen: int
    task: TaskLine
    description: str
    waits_for: tuple[Neighbour, ...]
    holds: tuple[Neighbour, ...]
    moves: tuple[str, ...]
    gate: GateCard | None
    ballot: Ballot | None
    notes: tuple[NoteLine, ...]
    history: tuple[tuple[str, FactLine], ...]


@dataclass(frozen=True, slots=True)
class TaskPages:
    service: RunService
    programme: Programme
    clock: Clock

    def pages(self) -> Sequence[Page]:
        return (Page("/board/tasks/{task}", "runbooks", "task.html", TaskPage, self.show),)

    def show(self, query: Query) -> TaskPage:
        """Raises NotFound for a run or a task that is none, Invalid for a past moment that is none."""
        if query.get("at"):
            return self._then(query)
        run_id = self.service.find(query.get("run", ""))
        state, seen = self.service.desk.load(RUN_MACHINE, run_stream(run_id))
        if query["task"] not in state.plan:
            raise NotFound("task", query["task"], state.plan)
        run = read_run(state, self.programme, self.clock.now())
        task, visitor = state.plan[query["task"]], visitor_of(query)
        gate = self.service.gate(run_id, task.id) if task.gate else None
        return TaskPage(
            replay=None,
            now=run.time(run.now),
            run_id=run_id,
            run_look=RUN_STAGES[state.stage],
            seen=seen,
            task=task_line(run, task),
            description=task.description,
            waits_for=tuple(_neighbours(run, [link.task for link in task.after])),
            holds=tuple(_neighbours(run, _after(run, task))),
            moves=moves(state, task.id, visitor, run.now),
            gate=gate_card(run, task, gate) if gate else None,
            ballot=ballot(run, task, gate, visitor) if gate else None,
            notes=tuple(_note(run, note) for note in state.notes.of(task.id)),
            history=tuple(self._history(run_id, task.id)),
        )

    def _then(self, query: Query) -> TaskPage:
        """The same task as it stood at a past moment: nothing is done to the past."""
        seen = past(self.service, query["at"], query.get("run", ""))
        page = TaskPages(seen.service, self.programme, seen.clock).show({**query, "at": ""})
        address = f"/board/tasks/{quote(query['task'], safe='')}"
        return replace(page, replay=banner(seen, page.run_id, address, {}), moves=(), ballot=None)

    def _history(self, run_id: str, task: str) -> Iterator[tuple[str, FactLine]]:
        """Newest first: what moved the task."""
        facts = [
            fact
            for fact in self.service.desk.journal.naming(run_stream(run_id), "task", task)
            if isinstance(fact.event, ev.TaskEvent) and fact.event.task == task
        ]
        for fact in facts[: -MOST_FACTS - 1 : -1]:
            yield spelled(fact.event.kind()), fact_line(fact, self.programme.zone)


def _after(run: Run, task: Task) -> list[str]:
    return [t.id for t in run.state.runbook.tasks if any(link.task == task.id for link in t.after)]


def _neighbours(run: Run, ids: Sequence[str]) -> Iterator[Neighbour]:
    for name in ids:
        yield Neighbour(name, run.state.plan[name].title, look(run.state.tasks[name]))


def _note(run: Run, note: Note) -> NoteLine:
    at, who = run.time(note.at), run.name(note.by)
    match note.event:
        case TaskCommented(text=text):
            return NoteLine(at, who, text)
        case EvidenceAttached() as file:
            size = f"{max(1, file.size // 1024):,} KB"
            return NoteLine(
                at,
                who,
                f"{file.name} ({size}, SHA-256 {file.sha256[:12]}…)",
                f"/board/evidence/{file.sha256}",
            )
