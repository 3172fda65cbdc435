"""One task for one person without an account: what a signed link opens. It shows the task, and claim, done, problem.

Reading it changes nothing, so that a mail scanner that follows the link does nothing; only its forms act. A link
that is expired or revoked says so, and one whose task is over shows that and offers nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.core.clock import Clock
from cutover.core.errors import NotFound, Refused
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Sent
from cutover.web.kit import Page, Query
from cutover.web.links import TASK, TASK_PATH, Link, Links
from cutover.web.visitor import KnownBy, Visitor
from runbooks.board import TaskLine, read_run, task_line
from runbooks.board_acts import BoardActs, CommentForm, DoneForm, ReasonForm, RunForm
from runbooks.board_moves import moves
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.service import RunService

OPENS = "/task/{link}"
OFFERED: Mapping[str, type[RunForm]] = {
    "claim": RunForm,
    "done": DoneForm,
    "problem": ReasonForm,
    "comment": CommentForm,
}


@dataclass(frozen=True, slots=True)
class LinkedPage:
    """What `linked.html` reads."""

    now: str
    run_id: str
    run_title: str
    seen: int
    name: str
    until: str
    where: str
    task: TaskLine
    description: str
    moves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskLinks:
    """The page and acts behind one-task links."""

    service: RunService
    programme: Programme
    clock: Clock
    links: Links

    def pages(self) -> Sequence[Page]:
        return (Page(OPENS, "runbooks", "linked.html", LinkedPage, self.show, anybody=True),)

    def acts(self) -> Iterator[Act]:
        for name, form in OFFERED.items():
            yield Act(
                f"{OPENS}/{name}",
                f"{name} this task",
                form,
                self._do(name),
                OPENS,
                anybody=True,
                own_token=True,
            )

    def show(self, query: Query) -> LinkedPage:
        """Raises Refused for a link that opens nothing, with the reason."""
        link, visitor = self._read(query["link"])
        state, seen = self.service.desk.load(RUN_MACHINE, run_stream(link.run))
        if link.task not in state.plan:
            raise NotFound("task", link.task, state.plan)
        run = read_run(state, self.programme, self.clock.now())
        task = state.plan[link.task]
        may = [name for name in moves(state, task.id, visitor, run.now) if name in OFFERED]
        return LinkedPage(
            now=run.time(run.now),
            run_id=link.run,
            run_title=state.runbook.title,
            seen=seen,
            name=visitor.name,
            until=run.time(link.expires_at),
            where=f"{TASK_PATH}/{query['link']}",
            task=task_line(run, task),
            description=task.description,
            moves=tuple(may),
        )

    def _do(self, name: str) -> Callable[[Any, Sent], Done]:
        def do(form: RunForm, sent: Sent) -> Done:
            link, visitor = self._read(sent["link"])
            said = BoardActs(self.service).on_task(name, link.run, link.task, visitor.person, form)
            return Done(f"{TASK_PATH}/{sent['link']}", said)

        return do

    def _read(self, token: str) -> tuple[Link, Visitor]:
        link = self.links.read(token, TASK)
        person = self.programme.person(link.person)
        if person is None:
            raise Refused(f"{link.person} is no longer of this programme: ask the programme manager")
        self.service.find(link.run)
        return link, Visitor(person.id, person.name, frozenset(person.roles), KnownBy.TASK_LINK)
