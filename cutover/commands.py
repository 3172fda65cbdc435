"""Which room answers which group of commands, and how a run is performed: in Prefect or inline, live or rehearsed."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from cyclopts import App

from cutover.app.bootstrap import World, as_current, build_world
from cutover.core.errors import Refused
from cutover.main import Opener, run_command
from cutover.store.clock_file import ScaledPace, last_moment
from runbooks.domain.run_events import RUN, RunSetup, RunStage
from runbooks.performer import InlineExecutor
from runbooks.players import OwnHands, Players

if TYPE_CHECKING:
    from cutover.range.people import Say


def add(app: App, group: str, opener: Opener) -> None:
    """Add one group's commands to the root."""
    if group in TOPLEVEL:
        importlib.import_module("cutover.toplevel").add(app, opener)
    else:
        app.command(_BUILDERS[group](opener))


TOPLEVEL = frozenset({"demo", "init", "check", "schema", "doctor", "serve"})


def _runbook(opener: Opener) -> App:
    from runbooks.plan_cli import plan_commands

    return plan_commands(lambda path: opener(path).folder)


def _run(opener: Opener) -> App:
    from runbooks.cli import run_commands

    return run_commands(lambda path: opener(path).runs, lambda path, name: opener(path).folder.runbook(name), perform)


def _gate(opener: Opener) -> App:
    from runbooks.cli import gate_commands

    return gate_commands(lambda path: opener(path).runs)


def _monitor(opener: Opener) -> App:
    from monitors.cli import commands
    from monitors.prober import Prober

    def prober(path: Path) -> Prober:
        world = opener(path)
        return Prober(world.monitors, world.folder.checks, world.systems, world.pace, ledger=world.ledger.summary, spread=True)

    return commands(lambda path: opener(path).monitors, prober)


def _reconcile(opener: Opener) -> App:
    from cutover.reconciliation.cli import commands

    return commands(lambda path: opener(path).reconciliation)


def _paper(opener: Opener) -> App:
    from paper_capture.cli import commands

    return commands(lambda path: opener(path).paper)


def _contingency(opener: Opener) -> App:
    from contingency.cli import contingency_commands

    return contingency_commands(lambda path: opener(path).contingency)


def _backlog(opener: Opener) -> App:
    from contingency.cli import backlog_commands

    return backlog_commands(lambda path: opener(path).backlog)


def _convert(opener: Opener) -> App:
    from contingency.cli import convert_commands

    return convert_commands(lambda path: opener(path).conversions)


def _report(opener: Opener) -> App:
    from contingency.report_cli import report_commands

    return report_commands(opener)


def _journal(opener: Opener) -> App:
    from cutover.app.journal_cli import journal_commands

    return journal_commands(lambda path: opener(path).journal)


def _db(opener: Opener) -> App:
    from cutover.app.journal_cli import db_commands

    return db_commands(lambda path: opener(path).journal)


_BUILDERS: dict[str, Callable[[Opener], App]] = {
    "runbook": _runbook, "run": _run, "gate": _gate, "monitor": _monitor, "reconcile": _reconcile, "paper": _paper,
    "contingency": _contingency, "backlog": _backlog, "convert": _convert, "report": _report, "journal": _journal, "db": _db,
}  # fmt: skip


# --- performing a run -----------------------------------------------------------------------------------


def perform(path: Path, run_id: str) -> int:
    """Drive a started run to its end, the way it was started; 0 when it completed, 1 for any other end."""
    world = build_world(path)
    setup = world.runs.state(run_id).setup
    world.engine.dispose()
    if setup.auto:
        return asyncio.run(_walk_through(path, run_id))
    with prefect_server(path, setup):
        if setup.scenario:
            from cutover.showing import rehearse

            return rehearse(path, run_id, setup)
        return asyncio.run(_perform_live(path, run_id, setup))


@contextlib.contextmanager
def prefect_server(path: Path, setup: RunSetup) -> Iterator[None]:
    """The Prefect server this run is shown in: the one settings name, or a local one of ours."""
    if not setup.prefect:
        yield
        return
    from cutover.app.settings import read_settings
    from flows.server import client_environment, local_server

    settings, home = read_settings(), path.resolve() / "state" / "prefect"
    with contextlib.ExitStack() as stack:
        url = settings.prefect_api_url or stack.enter_context(local_server(home, settings.prefect_port))
        os.environ.update(client_environment(url, home))
        yield


@dataclass(frozen=True)
class Inline:
    """Performs the automated stretches where it stands."""

    async def go_live(self, world: World, run_id: str) -> None:
        async with httpx.AsyncClient() as client:
            await world.performer(run_id, InlineExecutor(), client).run()

    async def back_conversion(self, world: World) -> None:
        while (await world.conversions.convert_round(world.pace)) is not None:
            pass


@dataclass(frozen=True)
class InPrefect:
    """Performs the automated stretches as Prefect flows."""

    async def go_live(self, world: World, run_id: str) -> None:
        from flows.go_live import go_live

        await go_live(str(world.folder.path), run_id)

    async def back_conversion(self, world: World) -> None:
        from flows.back_conversion import back_conversion

        await back_conversion(str(world.folder.path))


def stages_of(setup: RunSetup) -> Inline | InPrefect:
    return InPrefect() if setup.prefect else Inline()


async def _walk_through(path: Path, run_id: str) -> int:
    """Everybody played, systems simulated, time stepping: does the plan itself come to an end?"""
    first = build_world(path)
    state = first.runs.state(run_id)
    first.engine.dispose()
    assert state.opens is not None
    pace = ScaledPace(first.folder.state / "clock.json", last_moment(first.folder.clock_file) or state.opens, float("inf"))
    world = build_world(path, pace=pace)
    world.simulated = True
    with as_current(world):
        players = asyncio.create_task(Players(world.runs, run_id, pace, OwnHands(world.runs, run_id)).play())
        await Inline().go_live(world, run_id)
        await players
    pace.freeze()
    return _end(world, run_id)


async def _perform_live(path: Path, run_id: str, setup: RunSetup) -> int:
    world = build_world(path)
    with as_current(world):
        await stages_of(setup).go_live(world, run_id)
    return _end(world, run_id)


def _end(world: World, run_id: str) -> int:
    state = world.runs.state(run_id)
    if state.stage is not RunStage.COMPLETE:
        raise Refused(f"{run_id} ended {state.stage}")
    took = (state.ended_at or world.clock.now()) - (state.opens or world.clock.now())
    print(f"{run_id} is complete: {len(state.tasks)} tasks, {took} after the window opened")  # noqa: T201
    return 0


def typist(world: World) -> Say:
    """Types commands as a person would, in this process; what they print is not shown, what they refuse is raised."""

    def say(tokens: Sequence[str]) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            run_command([*tokens, "--programme", str(world.folder.path)], opener=lambda _path: world)

    return say


