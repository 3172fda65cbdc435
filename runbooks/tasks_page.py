"""/board/tasks: every task of a run as a table, and those of a stream, team, stage, person or word. Presentation only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cutover.core.clock import Clock
from cutover.core.errors import NotFound
from cutover.domain.programme import Programme
from cutover.web.kit import Page, Query
from cutover.web.visitor import Visitor, visitor_of
from runbooks.board import STAGES, Run, TaskLine, read_run, task_line
from runbooks.board_moves import concerns
from runbooks.domain.plan import Task
from runbooks.domain.run_events import TaskStage
from runbooks.replay import Replay, banner, past
from runbooks.service import RunService

PATH = "/board/tasks"
KEPT = ("stream", "team", "stage", "q", "mine")  # what a filter is made of
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TasksPage:
    """What `tasks.html` reads: the chosen tasks, and the choices. With `replay` it shows the past."""

    replay: Replay | None
    now: str
    run_id: str
    tasks: tuple[TaskLine, ...]
    total: int
    stream: str
    team: str
    stage: str
    q: str
    only_mine: bool
    streams: Choices
    teams: Choices
    stages: Choices


@dataclass(frozen=True, slots=True)
class TaskTable:
    """The table of one programme's runs."""

    service: RunService
    programme: Programme
    clock: Clock

    def pages(self) -> Sequence[Page]:
        return (Page(PATH, "runbooks", "tasks.html", TasksPage, self.show, public=True),)

    def show(self, query: Query) -> TasksPage:
        """Raises NotFound for a stream, team or stage that is none."""
        if query.get("at"):
            seen = past(self.service, query["at"], query.get("run", ""))
            then = TaskTable(seen.service, self.programme, seen.clock)
            page = then._now({**query, "at": ""}, visitor_of(query))
            kept = {name: query[name] for name in KEPT if query.get(name)}
            return replace(page, replay=banner(seen, page.run_id, PATH, kept))
        return self._now(query, visitor_of(query))

    def _now(self, query: Query, visitor: Visitor) -> TasksPage:
        run_id = self.service.find(query.get("run", ""))
        run = read_run(self.service.state(run_id), self.programme, self.clock.now())
        streams, teams = _streams(run), _teams(run)
        wanted = {name: query.get(name, "") for name in KEPT}
        _known("stream", wanted["stream"], dict(streams))
        _known("team", wanted["team"], dict(teams))
        _known("stage", wanted["stage"], [str(name) for name in TaskStage])
        only_mine = bool(wanted["mine"]) and bool(visitor.person)
        chosen = [
            task
            for task in run.state.runbook.tasks
            if _fits(run, task, wanted) and (not only_mine or concerns(run.state, task, visitor.person))
        ]
        return TasksPage(
            replay=None,
            now=run.time(run.now),
            run_id=run_id,
            tasks=tuple(task_line(run, task) for task in chosen),
            total=len(run.state.runbook.tasks),
            stream=wanted["stream"],
            team=wanted["team"],
            stage=wanted["stage"],
            q=wanted["q"],
            only_mine=only_mine,
            streams=streams,
            teams=teams,
            stages=tuple((str(name), seen[2]) for name, seen in STAGES.items()),
        )


def _fits(run: Run, task: Task, wanted: Mapping[str, str]) -> bool:
    words = f"{task.id} {task.title} {task.description} {task.owner} {run.name(task.owner)}".casefold()
    return (
        wanted["stream"] in ("", task.stream)
        and wanted["team"] in ("", task.team)
        and wanted["stage"] in ("", run.state.tasks[task.id].stage)
        and all(word in words for word in wanted["q"].casefold().split())
    )


def _streams(run: Run) -> Choices:
    titles = {s.id: s.title for s in run.state.runbook.streams}
    return tuple(
        {t.stream: titles.get(t.stream, t.stream) for t in run.state.runbook.tasks if t.stream}.items()
    )


def _teams(run: Run) -> Choices:
    titles = {team.id: team.title for team in run.programme.teams}
    return tuple({t.team: titles.get(t.team, t.team) for t in run.state.runbook.tasks if t.team}.items())


def _known(what: str, name: str, known: Sequence[str] | dict[str, str]) -> None:
    if name and name not in known:
        raise NotFound(what, name, known)
