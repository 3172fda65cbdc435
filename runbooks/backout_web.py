"""The way back by forms: looked at first, armed, begun whole or by component, signed past its point of no return, confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from cutover.core.clock import Clock
from cutover.core.errors import Conflict, CutoverError, Refused
from cutover.core.event import Command
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, Visitor, visitor_of
from cutover.web.words import lasting
from runbooks.board import RUN_STAGES, Look, Run, read_run
from runbooks.board_acts import RunForm, key_of
from runbooks.changes import Changes
from runbooks.domain import run_events as ev
from runbooks.domain import turning_back
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.plan import Task
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import schedule
from runbooks.service import RunService

BACKOUT = "/board/backout"
TURNS_BACK = (Role.PROGRAMME_MANAGER, Role.DECIDER)
_WHY = "-"  # stands for the reason that a person would give


class ScopeForm(RunForm):
    """`component` '' is the whole run; `way` marks the way back as it was shown."""

    component: str = Field(default="", max_length=80)
    way: str = Field(default="", max_length=64)


class ReasonedForm(ScopeForm):
    reason: str = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """What could be turned back: how long that takes as planned, until when it can be begun, and whether it is closed."""

    id: str
    title: str
    look: Look
    tasks: int
    lasts: str
    latest: str
    worth: str


@dataclass(frozen=True, slots=True)
class WayLine:
    id: str
    title: str
    who: str
    lasts: str


@dataclass(frozen=True, slots=True)
class BackoutPage:
    """What `backout.html` reads: every scope, the one that is looked at, and what this visitor may do about it."""

    now: str
    run_id: str
    run_look: Look
    seen: int
    scopes: tuple[ScopeLine, ...]
    scope: str
    title: str
    way: tuple[WayLine, ...]
    mark: str
    wall: str
    signatures: tuple[str, ...]
    needed: int
    armed: str
    begun: tuple[str, ...]
    moves: tuple[str, ...]
    why_not: str


_WISHES: Mapping[str, tuple[str, Callable[[str, tuple[str, ...]], Command]]] = {
    "arm": ("arm a backout", lambda by, c: turning_back.ArmBackout(by=by, reason=_WHY, components=c)),
    "disarm": ("disarm a backout", lambda by, c: turning_back.DisarmBackout(by=by, reason=_WHY)),
    "sign": ("sign for a backout", lambda by, c: turning_back.SignBackout(by=by, reason=_WHY, components=c)),
    "unsign": ("take a signature back", lambda by, c: turning_back.TakeSignatureBack(by=by, components=c)),
    "begin": ("turn back", lambda by, c: ev.BackOut(by=by, reason=_WHY, components=c)),
    "confirm": ("confirm that all is back", lambda by, c: ev.ConfirmBackedOut(by=by)),
}
_SAID = {
    "arm": "The backout is armed: everybody sees it, nothing is turned back yet.",
    "disarm": "The backout is disarmed: the run goes on.",
    "sign": "You have signed.",
    "unsign": "Your signature is taken back.",
    "begin": "The way back has begun.",
    "confirm": "All is back: the run has ended.",
}


class BackoutPages:
    """The page and the acts of one programme."""

    def __init__(
        self,
        service: RunService,
        programme: Programme,
        clock: Clock,
        worth: Callable[[str], str] = lambda _component: "",
    ) -> None:
        """`worth` says of a component what its old system is still worth as a way back; '' where nobody knows."""
        self.worth = worth
        self.service = service
        self.programme = programme
        self.clock = clock
        self.changes = Changes(service)

    def pages(self) -> Sequence[Page]:
        return (Page(BACKOUT, "runbooks", "backout.html", BackoutPage, self.show),)

    def acts(self) -> Iterator[Act]:
        for name, (does, _) in _WISHES.items():
            form = ScopeForm if name in ("unsign", "confirm") else ReasonedForm
            yield Act(f"{BACKOUT}/{name}", does, form, self._act(name), BACKOUT, roles=TURNS_BACK)

    def show(self, query: Query) -> BackoutPage:
        """Raises NotFound for a run that is none, Refused for a component that no task of it is about."""
        run_id, visitor = self.service.find(query.get("run", "")), visitor_of(query)
        state, seen = self.service.desk.load(RUN_MACHINE, run_stream(run_id))
        run = read_run(state, self.programme, self.clock.now())
        scope = query.get("component", "")
        turning_back.check_components(_components(scope), state.plan)
        way = self.changes.way_back(run_id, _components(scope))
        wall = turning_back.closed_by(state.no_returns, _components(scope))
        own = tuple(s for s in state.signatures if s.components == _components(scope))
        moves, why_not = _moves(run, scope, visitor)
        return BackoutPage(
            now=run.time(run.now),
            run_id=run_id,
            run_look=RUN_STAGES[state.stage],
            seen=seen,
            scopes=tuple(self._scope(run, name) for name in ("", *_known(run))),
            scope=scope,
            title=self._title(scope),
            way=tuple(_way_line(run, task) for task in way),
            mark=mark_of(way),
            wall=f"passed {run.time(wall.at)} by {run.name(wall.by)} ({wall.task})" if wall else "",
            signatures=tuple(f"{run.name(s.by)}, {run.time(s.at)}: {s.reason}" for s in own),
            needed=turning_back.SIGNATURES if wall else 0,
            armed=_armed(run),
            begun=tuple(_begun(run, one) for one in state.backouts),
            moves=moves,
            why_not=why_not,
        )

    def _title(self, scope: str) -> str:
        component = self.programme.component(scope)
        return component.title if component else scope or "The whole run"

    def _scope(self, run: Run, scope: str) -> ScopeLine:
        """How long its way back takes as planned, and until when it can be begun for that."""
        way = self.changes.way_back(run.state.run_id, _components(scope))
        wall = turning_back.closed_by(run.state.no_returns, _components(scope))
        closes = run.state.closes
        calendars = calendars_of(self.programme, run.state.opens, run.state.closes)
        lasts = schedule(way, run.now, calendars=calendars).finish - run.now if way else None
        latest = closes - lasts if closes and lasts else None
        is_late = latest is not None and latest < run.now
        look: Look = ("ok", "↶", "open")
        if wall:
            look = ("warn", "‖", "past its point of no return")
        elif not way:
            look = ("idle", "·", "nothing to undo")
        elif is_late:
            look = ("bad", "✗", "ends outside the window")
        return ScopeLine(
            scope,
            self._title(scope),
            look,
            len(way),
            lasting(lasts) if lasts else "",
            run.time(latest),
            self.worth(scope) if scope else "",
        )

    def _act(self, name: str) -> Callable[[Any, Sent], Done]:
        def do(form: ScopeForm, sent: Sent) -> Done:
            run_id, by = self.service.find(form.run), sent.visitor.person
            key = key_of(name, run_id, form.component, by, form)
            if not self.service.desk.journal.used([key]):
                self._ask(name, run_id, by, form, key)
            return Done(f"{BACKOUT}?run={run_id}&component={form.component}", _SAID[name])

        return do

    def _ask(self, name: str, run_id: str, by: str, form: ScopeForm, key: str) -> None:
        components = _components(form.component)
        _, command = _WISHES[name]
        wish = command(by, components)
        if isinstance(form, ReasonedForm):
            wish = wish.model_copy(update={"reason": form.reason})
        if isinstance(wish, ev.BackOut):
            way = self.changes.way_back(run_id, components)
            if form.way != mark_of(way):
                raise Conflict(
                    "what would be undone has changed since you looked: look at the way back as it is now, and decide again"
                )
            wish = wish.model_copy(update={"tasks": way})
        self.service.ask(run_id, wish, key=key)


def mark_of(way: Sequence[Task]) -> str:
    """What a way back consists of, in few letters: the same only while the same is to be undone."""
    return hashlib.sha256(" ".join(task.id for task in way).encode()).hexdigest()[:16]


def _moves(run: Run, scope: str, visitor: Visitor) -> tuple[tuple[str, ...], str]:
    """What this visitor may do, and what stands in the way of beginning."""
    if not visitor.may_act:
        return (), ""
    if not visitor.has(*TURNS_BACK):
        return (), "A programme manager or a decider turns back."
    why = {
        name: _why_not(run, command(visitor.person, _components(scope)))
        for name, (_, command) in _WISHES.items()
    }
    return tuple(name for name, reason in why.items() if not reason), why["begin"]


def _why_not(run: Run, command: Command) -> str:
    try:
        RUN_MACHINE.decide(run.state, command, run.now)
    except Refused as refused:
        return "; ".join(refused.reasons)
    except CutoverError as error:
        return str(error)
    return ""


def _known(run: Run) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.component for t in run.state.runbook.tasks if t.component and not t.undoes))


def _components(scope: str) -> tuple[str, ...]:
    return (scope,) if scope else ()


def _way_line(run: Run, task: Task) -> WayLine:
    team = run.programme.team(task.team)
    who = run.name(task.owner) if task.owner else team.title if team else task.team
    return WayLine(task.id, task.title, who, lasting(task.expected))


def _armed(run: Run) -> str:
    armed = run.state.armed
    if armed is None:
        return ""
    what = f"of {', '.join(armed.components)} " if armed.components else ""
    return f"A backout {what}is armed by {run.name(armed.by)}, {run.time(armed.at)}: {armed.reason}"


def _begun(run: Run, one: turning_back.Backout) -> str:
    what = ", ".join(one.components) or "the whole run"
    over = sum(run.state.tasks[name].is_over for name in one.tasks)
    return f"{what}: begun by {run.name(one.by)}, {run.time(one.at)}: {one.reason}; {over} of {len(one.tasks)} steps back are over"
