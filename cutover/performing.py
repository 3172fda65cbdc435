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

import httpx
import structlog
from cyclopts import App

from cutover.app.bootstrap import World, build_world
from cutover.app.conversion_rounds import BATCH, convert_until_done
from cutover.app.programme_folder import ProgrammeFolder
from cutover.app.settings import read_settings
from cutover.core.errors import CutoverError, Invalid, Refused, Unavailable
from cutover.main import build_app
from cutover.store.clock_file import set_clock
from cutover.store.hold import held
from runbooks.domain.run_events import RUN, RunSetup, RunType
from runbooks.performer import InlineExecutor

if TYPE_CHECKING:
    from cutover.range.people import Say

log = structlog.get_logger()


def begin(path: Path, runbook: str, by: str, run_type: RunType, setup: RunSetup) -> str:
    """Start a run: a walk-through or a scenario begins when its window opens, everything else begins now.

    Raises Invalid for a folder that `cutover check` refuses: what is wrong is said before anything is written.
    Raises Refused where it would share the folder's clock with an unfinished run: a rehearsal keeps its own time.
    """
    from cutover.range.files import rehearsal_problems

    folder = ProgrammeFolder(path.resolve())
    if problems := [*folder.problems(), *rehearsal_problems(folder.path, needed=setup.scenario)]:
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
            return world.runs.start(book, by=by, run_type=run_type, setup=setup)
        finally:
            world.engine.dispose()


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

    async def go_live(self, world: World, run_id: str) -> None:
        async with httpx.AsyncClient() as client:
            await world.performer(run_id, InlineExecutor(), client).run()

    async def back_conversion(self, world: World) -> None:
        await convert_until_done(
            world, lambda _number: world.conversions.convert_batch(BATCH, by="conversion", pace=world.pace)
        )


@dataclass(frozen=True)
class InPrefect:
    """Performs the automated stretches as Prefect flows; goes on inline when Prefect fails, because work must go on.

    `ready` returns when the server answers; it is waited for only when the first flow is due.
    """

    ready: Callable[[], None]

    async def go_live(self, world: World, run_id: str) -> None:
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(
                world.pace.hold()
            )  # Prefect's own start takes no time of a rehearsal
            world.begun = held.aclose
            try:
                await asyncio.to_thread(self.ready)
                from flows.go_live import go_live

                await go_live(str(world.folder.path), run_id)
            except CutoverError as error:
                if not isinstance(error, Unavailable):
                    raise
                log.warning("prefect_is_away", run=run_id, error=str(error))
            except Exception as error:  # noqa: BLE001  the Prefect layer's border: its failure is not the run's
                log.warning("prefect_layer_failed", run=run_id, error=repr(error))
        if world.runs.state(run_id).stage not in RUN.terminal:
            await Inline().go_live(world, run_id)

    async def back_conversion(self, world: World) -> None:
        from flows.back_conversion import back_conversion

        try:
            await back_conversion(str(world.folder.path))
        except CutoverError:
            raise
        except Exception as error:  # noqa: BLE001  the same border
            log.warning("prefect_layer_failed", error=repr(error))
            await Inline().back_conversion(world)


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
            app(
                [*tokens, "--programme", str(world.folder.path)],
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )

    return say
