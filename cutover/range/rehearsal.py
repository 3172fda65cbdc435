"""A rehearsal: a run of a programme against the range, everybody played, on a scaled clock; killed anywhere, it goes on.

Real parts throughout: stand-in processes over HTTP, the same performer, monitors, plays, paper and conversion as
a live run. Time stands still while real work is done, so the story is the same on a slow machine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import structlog

from cutover.app.bootstrap import World, as_current, build_world
from cutover.app.conversion_rounds import ON_THE_WAY
from cutover.app.programme_folder import ProgrammeFolder
from cutover.app.watching import look_at_plays
from cutover.core.errors import Unavailable
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.range.aftercare import count_with_partners, learn, partners_read, stations_speak
from cutover.range.any_system import tell_answers
from cutover.range.cast import Cast, read_cast
from cutover.range.ending import Identity, identities
from cutover.range.faults import inject, read_fault_plan
from cutover.range.files import stood_in
from cutover.range.people import Clerks, CommandHands, CustodyStaff, Say, decide_plays, record_electronically
from cutover.range.place import SYSTEMS
from cutover.range.processes import RangeProcesses
from cutover.range.stations import Stations
from cutover.store.clock_file import ScaledPace, last_moment
from monitors.session import Session, open_session
from runbooks.domain.run_stages import TaskStage
from runbooks.players import Players

HOUR = timedelta(hours=1)
TICK = timedelta(minutes=5)
LEARN_EVERY = 6  # hours
PATIENCE = timedelta(days=1)  # after the window, for what does not come to rest by itself
LONGEST = timedelta(days=7)  # the same, where a task is still said to be under way
STEPPING = float("inf")

log = structlog.get_logger()


class Stages(Protocol):
    """How the two automated stretches are performed: seen in Prefect, or inline."""

    async def go_live(self, world: World, run_id: str) -> None: ...
    async def back_conversion(self, world: World) -> None: ...


@dataclass
class Rehearsal:
    """One rehearsal of one run. `story` hears a sentence whenever something worth telling happens."""

    path: Path
    run_id: str
    stages: Stages
    say_with: Callable[[World], Say]
    speed: float | None = None
    _setting_up: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def play(
        self, watch: Callable[[World], Coroutine[Any, Any, None]], ended: Callable[[list[Identity]], None]
    ) -> None:
        """From wherever the journal stands to the last paper form.

        `watch` follows it and is stopped at the end; `ended` gets what held while the stand-ins still answer.
        """
        async with self._world() as (world, cast):
            follower = asyncio.create_task(watch(world))
            try:
                await self._window(world, cast)
                await self._paper(world, cast)
                await self._last_look(world)
                ended(await identities(world, self.run_id))
            finally:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _world(self) -> AsyncIterator[tuple[World, Cast]]:
        folder = ProgrammeFolder(self.path.resolve())
        cast = read_cast(folder.path / "cast.yaml")
        opens = folder.programme.opens
        speed = cast.speed if self.speed is None else self.speed
        pace = ScaledPace(
            folder.state / "clock.json", last_moment(folder.clock_file) or opens, speed or STEPPING
        )
        await self._setting_up.enter_async_context(pace.hold())  # until everybody is in place
        world = build_world(self.path, pace=pace)
        if (last := _last_fact(world)) and last > pace.now():
            pace.set(last)
        try:
            systems = stood_in(folder)
            tell_answers(folder.state / "range", cast.answers)
            async with RangeProcesses(
                folder.state, systems=systems, seed=cast.seed, crimes=cast.crimes, before=opens
            ) as range_:
                world.systems_elsewhere, world.timed_elsewhere = range_.urls, SYSTEMS
                with as_current(world):
                    yield world, cast
        finally:
            pace.freeze()
            world.engine.dispose()

    async def _window(self, world: World, cast: Cast) -> None:
        """The run itself, with everything that goes on around it, until the window closes and all modes are live."""
        say = self.say_with(world)
        stop = asyncio.Event()
        async with httpx.AsyncClient() as session, open_session() as asking:
            faults = read_fault_plan(self.path / "faults.yaml", stood_in(world.folder))
            checking = world.prober().run(stop)
            around: list[Coroutine[Any, Any, None]] = [
                inject(faults, world.systems(), world.folder.programme.opens, world.pace, session),
                checking,
                Players(world.runs, self.run_id, world.pace, CommandHands(say, self.run_id)).play(),
                self._every(TICK, lambda _n, _a, now: self._watch_plays(world, cast, say, now), world, stop),
                self._every(cast.step, self._stations_step(world, cast), world, stop),
                self._every(HOUR, self._hour(world, cast, asking), world, stop),
            ]
            background = {work: asyncio.create_task(work) for work in around}
            world.contingency.settle()  # what a crash left half done
            await self._setting_up.aclose()
            try:
                going = self.stages.go_live(world, self.run_id)
                await _first_failure(while_it_moves(world, self.run_id, going), background.values())
                async with world.pace.hold():
                    await as_far_as_it_goes(record_electronically(world, cast))
                await _first_failure(self._until_quiet(world, cast), background.values())
            finally:
                stop.set()
                for work, task in background.items():
                    if work is not checking:  # it ends by itself, with the questions under way
                        task.cancel()
                await asyncio.gather(*background.values(), return_exceptions=True)

    async def _paper(self, world: World, cast: Cast) -> None:
        """Bring the paper in, key it and convert it, stepping from hour to hour."""
        say = self.say_with(world)
        if not has_open_paper(world):
            return
        if isinstance(world.pace, ScaledPace):
            world.pace.set_factor(STEPPING)
        async with world.pace.hold():
            Stations(world, cast).bring_in()
        clerks = Clerks(world, cast, say)
        stop = asyncio.Event()

        async def hour(number: int, _start: datetime, end: datetime) -> None:
            clerks.key(number, 60)
            clerks.confirm()
            await _aftercare(world, cast, number, end)

        keying = asyncio.create_task(self._every(HOUR, hour, world, stop))
        try:
            await _first_failure(as_far_as_it_goes(self.stages.back_conversion(world)), [keying])
        finally:
            stop.set()
            keying.cancel()
            await asyncio.gather(keying, return_exceptions=True)

    async def _last_look(self, world: World) -> None:
        """Every check once more, what partners counted, the notices out, and the assurance report as a file."""
        prober = world.prober()
        async with world.pace.hold(), prober.open_session() as session:
            for check in world.folder.checks:
                world.monitors.record(check.id, await prober.probe(check, session, world.pace.now()))
            partners_read(world, world.pace.now() + HOUR)
            count_with_partners(world)
            world.deliver()
            world.report.write(world.report.assess(), html=world.folder.state / "assurance.html")

    async def _until_quiet(self, world: World, cast: Cast) -> None:
        """Until the window has closed, every component is live and has been for as long as the stations wait.

        What does not come to rest is not waited for without end: the ending says what is still open.
        """
        programme = world.folder.programme
        while True:
            modes = [world.desk.state(COMPONENT, component_stream(c.id)) for c in programme.components]
            quiet = max([programme.closes, *(m.since + cast.returns_after for m in modes if m.since)])
            at_rest = all(m.mode is Mode.LIVE for m in modes) and not world.ledger.summary().in_flight
            if world.pace.now() >= (quiet if at_rest else quiet + PATIENCE):
                return
            await world.pace.sleep_until(max(world.pace.now() + TICK, min(quiet, world.pace.now() + HOUR)))

    async def _watch_plays(self, world: World, cast: Cast, say: Say, now: datetime) -> None:
        look_at_plays(world, now)
        decide_plays(world, cast, say, now)

    def _stations_step(
        self, world: World, cast: Cast
    ) -> Callable[[int, datetime, datetime], Awaitable[None]]:
        stations = Stations(world, cast)

        async def step(number: int, start: datetime, end: datetime) -> None:
            stations.step(number, start, end)

        return step

    def _hour(
        self, world: World, cast: Cast, session: Session
    ) -> Callable[[int, datetime, datetime], Awaitable[None]]:
        staff = CustodyStaff(world, cast)

        async def hour(number: int, _start: datetime, end: datetime) -> None:
            await staff.hour(number, session)
            await _aftercare(world, cast, number, end)

        return hour

    async def _every(
        self,
        span: timedelta,
        work: Callable[[int, datetime, datetime], Awaitable[None]],
        world: World,
        stop: asyncio.Event,
    ) -> None:
        """Do `work(number, start, end)` after each span since the window opened; time stands still while it works."""
        opens = world.folder.programme.opens
        number = max(
            0, int((world.pace.now() - opens) / span) - 1
        )  # the one before may have died half-way; doing it again is safe
        while not stop.is_set():
            start, end = opens + number * span, opens + (number + 1) * span
            await world.pace.sleep_until(end)
            async with world.pace.hold():
                await work(number, start, end)
            number += 1


async def _aftercare(world: World, cast: Cast, hour: int, now: datetime) -> None:
    partners_read(world, now)
    stations_speak(world, cast, hour, now)
    if hour % LEARN_EVERY == 0:
        learn(world)
    world.deliver()


def _last_fact(world: World) -> datetime | None:
    """When the newest fact happened: a resumed rehearsal never goes on before it."""
    head = world.journal.head().position
    return max((fact.at for fact in world.journal.tail(max(0, head - 50))), default=None)


def has_open_paper(world: World) -> bool:
    """Whether any sheet is still out or on its way into the target."""
    return world.paper.count(("issued", *ON_THE_WAY)) > 0


async def _first_failure(work: Awaitable[None], beside: Collection[asyncio.Task[None]]) -> None:
    """Wait for `work`; what fails beside it ends it, so that no part of a rehearsal dies unseen."""
    main = asyncio.ensure_future(work)
    while not main.done():
        alive = [task for task in beside if not task.done()]
        await asyncio.wait([main, *alive], return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            if task.done() and not task.cancelled() and (error := task.exception()):
                main.cancel()
                await asyncio.gather(main, return_exceptions=True)
                raise error
    await main


async def as_far_as_it_goes(work: Awaitable[None]) -> None:
    """A system that stays down to the last leaves work undone: the ending names it."""
    try:
        await work
    except Unavailable as error:
        log.warning("left_undone", why=str(error))


async def while_it_moves(world: World, run_id: str, going: Coroutine[Any, Any, None]) -> None:
    """Until the run has ended. One that nobody brings on is left as it is: the ending says that it is not complete."""
    run, stuck = asyncio.create_task(going), asyncio.create_task(_stuck(world, run_id))
    try:
        await asyncio.wait([run, stuck], return_when=asyncio.FIRST_COMPLETED)
        await (run if run.done() else stuck)
    finally:
        for task in (run, stuck):
            task.cancel()
        await asyncio.gather(run, stuck, return_exceptions=True)


async def _stuck(world: World, run_id: str) -> None:
    """Returns when the window has been over for so long that nothing is waited for."""
    closes = world.folder.programme.closes
    await world.pace.sleep_until(closes + PATIENCE)
    while world.pace.now() < closes + LONGEST:
        if all(task.stage is not TaskStage.IN_PROGRESS for task in world.runs.state(run_id).tasks.values()):
            return
        await world.pace.sleep_until(world.pace.now() + HOUR)
