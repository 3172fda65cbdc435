"""How a run is begun and performed: live or walked through or rehearsed, shown in Prefect or inline."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from cyclopts import App

from cutover.app.bootstrap import World, build_world
from cutover.app.conversion_rounds import BATCH, convert_until_done
from cutover.app.programme_folder import ProgrammeFolder
from cutover.app.settings import read_settings
from cutover.core.errors import CutoverError, Invalid, Refused, Unavailable
from cutover.main import build_app, typed
from cutover.store.clock_file import set_clock
from cutover.store.hold import held
from runbooks.domain.run_events import RUN, Comms, LinkFlow, RunSetup, RunType
from runbooks.service import PERFORMER
from runbooks.steps import InlineExecutor
from runbooks.surroundings import compare, flow_runs, steps_begun

if TYPE_CHECKING:
    from cutover.range.people import Say

log = structlog.get_logger()


def begin(
    path: Path, runbook: str, by: str, run_type: RunType, setup: RunSetup, *, comms: Comms | None = None
) -> str:
    """Start a run: a walk-through or a scenario begins when its window opens, everything else begins now.

    Raises Invalid for a folder that `cutover check` refuses: what is wrong is said before anything is written.
    Raises Refused where it would share the folder's clock with an unfinished run: a rehearsal keeps its own time.
    """
    from cutover.range.files import rehearsal_problems

    folder = ProgrammeFolder(path.resolve())
    if problems := [*folder.problems(), *rehearsal_problems(folder, needed=setup.scenario)]:
        raise Invalid(*problems)
    book, own_time = folder.runbook(runbook), setup.auto or setup.scenario
    with held(folder.state, "starting a run"):
        looking = build_world(path)
        try:
            _refuse_two_times(looking, own_time=own_time)
        finally:
            looking.engine.dispose()
        set_clock(folder.clock_file, folder.programme.opens if own_time else None)
        world = build_world(path)
        try:
            return world.runs.start(
                book, by=by, run_type=run_type, comms=comms or usual_comms(run_type, setup), setup=setup
            )
        finally:
            world.engine.dispose()


def usual_comms(run_type: RunType, setup: RunSetup) -> Comms:
    """Who is told when nobody says: everybody in earnest, nobody in a rehearsal, and in a scenario the played partners."""
    if run_type is RunType.LIVE:
        return Comms.ON
    return Comms.TEST if setup.scenario else Comms.OFF


def _refuse_two_times(world: World, *, own_time: bool) -> None:
    """A folder has one clock: runs on the wall clock share it, a rehearsal in its own time shares with nobody."""
    runs = [(name, world.runs.state(name)) for name in world.runs.run_ids()]
    unfinished = {
        name: state.setup.auto or state.setup.scenario
        for name, state in runs
        if state.stage not in RUN.terminal
    }
    if unfinished and (own_time or any(unfinished.values())):
        name = next(iter(unfinished))
        raise Refused(
            f"{name} has not ended, and two runs of a folder cannot each have a time of their own: "
            f"`cutover run resume --run {name}` goes on with it, `cutover run cancel --run {name}` ends it"
        )


@dataclass(frozen=True)
class Inline:
    """Performs the automated stretches where it stands."""

    def warm(self) -> None:
        """Nothing has to be loaded before the first step."""

    async def go_live(self, world: World, run_id: str) -> None:
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(world.pace.hold())
            async with world.client() as client:
                performer = world.performer(run_id, InlineExecutor(), client)
                await held.aclose()
                await performer.run()

    async def back_conversion(self, world: World) -> None:
        await convert_until_done(
            world, lambda _number: world.conversions.convert_batch(BATCH, by="conversion", pace=world.pace)
        )


@dataclass(frozen=True)
class InPrefect:
    """Performs the automated stretches and shows them in Prefect; goes on inline while Prefect is away.

    `ready` returns when the server answers; it is waited for only when the first step is due.
    """

    ready: Callable[[], None]

    def warm(self) -> None:
        """Load Prefect now: whoever stands by must not need seconds for it when the time has come."""
        import flows.stretches  # noqa: F401

    async def go_live(self, world: World, run_id: str) -> None:
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(
                world.pace.hold()
            )  # what it takes to begin is no time of a rehearsal
            from flows.stretches import FlowStretches

            try:
                await asyncio.to_thread(self.ready)
            except Unavailable as error:
                log.warning("prefect_is_away", run=run_id, error=str(error))
            executor = FlowStretches(run_id, RunRecord(world, run_id))
            async with executor, world.client() as client:
                performer = world.performer(run_id, executor, client)
                await held.aclose()
                await performer.run()

    async def back_conversion(self, world: World) -> None:
        async with world.pace.hold():
            from flows.back_conversion import back_conversion

        try:
            await back_conversion(str(world.folder.path))
        except CutoverError:
            raise
        except Exception as error:  # noqa: BLE001  the same border
            log.warning("prefect_layer_failed", error=repr(error))
            await Inline().back_conversion(world)


@dataclass(frozen=True)
class RunRecord:
    """What the journal says of a run to whoever shows it in Prefect, and hears from there."""

    world: World
    run_id: str

    def link(self, flow_run_id: str) -> None:
        """A link is worth having and not worth waiting for."""
        with contextlib.suppress(CutoverError):
            self.world.runs.ask(self.run_id, LinkFlow(by=PERFORMER, flow_run_id=flow_run_id))

    def linked(self) -> list[str]:
        return flow_runs(self.world.desk, self.run_id)

    def begun(self) -> int:
        return steps_begun(self.world.desk, self.run_id)

    def compared(self, recorded: int) -> None:
        seen = compare(self.world.desk, self.run_id, recorded)
        if seen.missing:
            log.warning(
                "prefect_has_a_gap", run=self.run_id, performed=seen.performed, recorded=seen.recorded
            )


@contextlib.contextmanager
def stages_of(path: Path, setup: RunSetup) -> Iterator[Inline | InPrefect]:
    """How a run's stretches are performed: inline, or in the Prefect that settings name, or in a local one of ours."""
    if not setup.prefect:
        yield Inline()
        return
    from flows.server import client_environment, starting_server

    settings, home = read_settings(), path.resolve() / "state" / "prefect"
    if settings.prefect_api_url:
        os.environ.update(client_environment(settings.prefect_api_url, home))
        yield InPrefect(lambda: None)
        return
    with starting_server(home, settings.prefect_port) as server:
        os.environ.update(client_environment(server.url, home))
        yield InPrefect(server.wait)


def typist(world: World) -> Say:
    """Types commands as a person would, in this process; what they print is not shown, what they refuse is raised."""
    apps: dict[str, App] = {}

    def say(tokens: Sequence[str]) -> None:
        app = apps.get(tokens[0]) or apps.setdefault(tokens[0], build_app(tokens[0], lambda _path: world))
        with contextlib.redirect_stdout(io.StringIO()):
            typed(app, [*tokens, "--programme", str(world.folder.path)])

    return say
