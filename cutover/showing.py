"""A run driven to its end as people see it: progress while it goes, one screen at the end, the right exit code."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cutover.app.bootstrap import World, as_current, build_world
from cutover.app.observability import set_up_logging
from cutover.cli.output import console, table
from cutover.core.clock import show
from cutover.core.duration import show_duration, show_minutes
from cutover.core.errors import Refused
from cutover.core.event import Recorded
from cutover.performing import Inline, InPrefect, stages_of, typist
from cutover.store.clock_file import ScaledPace, last_moment
from cutover.store.clock_mark import Mark, set_meanwhile
from cutover.store.hold import held
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunStage
from runbooks.players import OwnHands, Players
from runbooks.tenure import stand_by

LOOK = 0.2  # real seconds between looks at the journal

if TYPE_CHECKING:
    from cutover.range.ending import Identity
    from cutover.range.rehearsal import Rehearsal, Stages

log = structlog.get_logger()


def perform(path: Path, run_id: str, standby: bool = False) -> int:
    """Drive a started run to its end, the way it was started; 0 when it completed, 1 for any other end.

    With `standby`, wait while another runner performs it, and go on where that one fell silent.
    """
    world = build_world(path)
    setup = world.runs.state(run_id).setup
    if not (setup.auto or setup.scenario):
        with stages_of(path, setup) as stages:
            return asyncio.run(_perform_live(world, run_id, stages, standby=standby))
    world.engine.dispose()
    if standby:
        raise Refused(f"{run_id} keeps its own time in this folder: one runner, and none that stands by")
    with held(world.folder.state, f"performing {run_id}"):
        if setup.auto:
            return asyncio.run(_walk_through(path, run_id))
        with stages_of(path, setup) as stages:
            return rehearse(path, run_id, stages, setup.speed)


def rehearse(path: Path, run_id: str, stages: Stages, speed: float | None) -> int:
    """Play a rehearsal to its end and say how it ended; 0 only if every identity held."""
    from cutover.range.rehearsal import Rehearsal  # the stand-ins are no part of a live run

    began = time.monotonic()
    rehearsal = Rehearsal(path, run_id, stages, typist, speed)
    with _logs_aside(path / "state" / "rehearsal.log"):
        found = asyncio.run(_play(rehearsal))
    world = build_world(path)
    _summary(world, run_id, found, time.monotonic() - began)
    return 0 if all(i.holds for i in found) else 1


async def _walk_through(path: Path, run_id: str) -> int:
    """Everybody played, systems simulated, time stepping: does the plan itself come to an end?"""
    first = build_world(path)
    state = first.runs.state(run_id)
    first.engine.dispose()
    assert state.opens is not None
    pace = ScaledPace(
        first.folder.state / "clock.json", last_moment(first.folder.clock_file) or state.opens, float("inf")
    )
    world = build_world(path, pace=pace)
    world.simulated = True
    with as_current(world):
        players = asyncio.create_task(Players(world.runs, run_id, pace, OwnHands(world.runs, run_id)).play())
        await Inline().go_live(world, run_id)
        await players
    pace.freeze()
    return _end(world, run_id)


async def _perform_live(world: World, run_id: str, stages: Inline | InPrefect, *, standby: bool) -> int:
    _warn_of_set_clock(world)
    with as_current(world):
        if standby:
            stages.warm()
            await _stand_by(world, run_id)
        await stages.go_live(world, run_id)
    return _end(world, run_id)


def _warn_of_set_clock(world: World) -> None:
    """On SQLite the machine's clock is the run's: say so when it was set while nobody ran. PostgreSQL has its own."""
    if world.engine.dialect.name != "sqlite":
        return
    if by := set_meanwhile(world.folder.state / "clock-mark.json", Mark.now()):
        log.error(
            "clock_was_set", by=show_duration(abs(by)), forward=by > timedelta(0),
            remedy="if it is right now, nothing; else set it right and start again: deadlines come early by a clock that is ahead, late by one behind",
        )  # fmt: skip


async def _stand_by(world: World, run_id: str) -> None:
    log.info("standing_by", run=run_id)
    fence = await stand_by(world.engine, run_stream(run_id), world.clock)
    log.info("took_over", run=run_id, epoch=fence.epoch)


def _end(world: World, run_id: str) -> int:
    state = world.runs.state(run_id)
    if state.stage is not RunStage.COMPLETE:
        raise Refused(f"{run_id} ended {state.stage}")
    took = (state.ended_at or world.clock.now()) - (state.opens or world.clock.now())
    print(f"{run_id} is complete: {len(state.tasks)} tasks, {show_minutes(took)} after the window opened")  # noqa: T201
    return 0


async def _play(rehearsal: Rehearsal) -> list[Identity]:
    found: list[Identity] = []
    await rehearsal.play(_follow, found.extend)
    return found


async def _follow(world: World) -> None:
    """Tell what happens: a bar and sentences on a terminal, log lines elsewhere."""
    position = 0
    programme = world.folder.programme
    with _bar() as bar:
        job = (
            bar.add_task(
                programme.title, total=(programme.closes - programme.opens).total_seconds(), clock=""
            )
            if bar
            else None
        )
        while True:
            for fact in world.journal.tail(position, 5000, KINDS):
                position = fact.position
                if line := _sentence(fact):
                    _tell(bar, show(fact.at, programme.zone), line)
            if bar and job is not None:
                at = world.pace.now()
                bar.update(
                    job,
                    completed=min((at - programme.opens).total_seconds(), bar.tasks[0].total or 0),
                    clock=show(at, programme.zone),
                )
            await asyncio.sleep(LOOK)


@contextlib.contextmanager
def _logs_aside(file: Path) -> Iterator[None]:
    """On a terminal the bar has the screen, and log lines go into a file; elsewhere they are all there is."""
    if not sys.stderr.isatty():
        yield
        return
    with file.open("a", encoding="utf-8") as stream:
        set_up_logging(stream=stream)
        try:
            yield
        finally:
            set_up_logging()


@contextlib.contextmanager
def _bar() -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[clock]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        yield bar


def _tell(bar: Progress | None, at: str, line: str) -> None:
    if bar:
        bar.console.print(f"[dim]{at}[/dim]  {line}")
    else:
        log.info("happened", at=at, what=line)


_SENTENCES: dict[str, str] = {
    "RunStarted": "The window opens: {run_id}",
    "PointOfNoReturnPassed": "The point of no return is passed: {task}{decided}",
    "ForecastMoved": "The expected end is now {p80:%d %b %H:%M}Z (P80): {cause}",
    "GateWentGo": "GO: {stream}",
    "GateWentNoGo": "NO-GO: {stream}: {reason}",
    "TaskFailed": "{task} failed: {reason}",
    "TaskBecameUncertain": "{task} is uncertain: {why}",
    "WentLive": "{stream} is live: {reason}",
    "WentToPaper": "{stream} is on paper: {reason}",
    "CheckWentHard": "{stream} is {status}: {detail}",
    "PlayProposed": "{play.title} is proposed: {trigger.watched} has been {trigger.bad} for long enough",
    "PlayEnacted": "{title} is enacted by {actor}: {reason}",
    "PlayStoodDown": "{stream} is stood down by {actor}",
    "ReconciliationFinished": "{stream}: {outcome}",
    "SheetDeclaredMissing": "{stream} is declared missing by {decided_by}",
    "RecordMatched": "{stream} may be in the target already: a person looks",
    "RunCompleted": "The runbook is complete",
}
KINDS = tuple(_SENTENCES)


def _sentence(fact: Recorded) -> str:
    fields: dict[str, Any] = {name: getattr(fact.event, name) for name in type(fact.event).model_fields}
    if "decided_by" in fields and not isinstance(fields["decided_by"], str):
        fields["decided"] = (
            ", decided by " + " and ".join(fields["decided_by"]) if fields["decided_by"] else ""
        )
    return _SENTENCES[fact.event.kind()].format_map(
        _Lenient(fields | {"actor": fact.actor, "stream": fact.stream.partition(":")[2]})
    )


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""


def _summary(world: World, run_id: str, found: list[Identity], seconds: float) -> None:
    """One screen: what held, what saw each fault, and where to look."""
    from cutover.range.ending import seen_faults

    table(
        f"{world.folder.programme.title}: {run_id}",
        ("", "what must be true", "figures"),
        [("held" if i.holds else "BROKEN", i.title, i.detail) for i in found],
    )
    if faults := seen_faults(world):
        table("What went wrong, and what saw it", ("fault", "seen"), [(f.fault, str(f)) for f in faults])
    verdict = "every identity held" if all(i.holds for i in found) else "NOT every identity held"
    console.print(
        f"{verdict}; {seconds:.0f} s; see it: cutover serve --programme {world.folder.path}", markup=False
    )
