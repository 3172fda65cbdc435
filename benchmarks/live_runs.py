"""Runs for the live benchmarks: a plan of any size, and a journal in which it has come as far as wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cutover.app.facts import catalogue, projections
from cutover.core.clock import Clock, SystemClock
from cutover.core.event import Event, Fact
from cutover.domain.programme import Programme
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.pen import Batch
from cutover.store.projections import prepare
from runbooks import foresight
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.domain.plan import Action, Effect, Link, Runbook, Stream, Task, TaskType
from runbooks.service import PERFORMER, RunService

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
PROGRAMME = Programme.model_validate(
    {
        "title": "A large window",
        "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
    }
)
STREAMS = 11
CHUNK = 2_000


def plan(count: int, kind: TaskType = TaskType.NORMAL, *, wide: bool = False) -> Runbook:
    """`count` tasks in eleven streams, one after the other in each (or, `wide`, with nothing to wait for)."""
    action = Action(kind="noop") if kind is TaskType.AUTOMATED else None
    tasks = [
        Task(
            id=f"T{n}",
            title=f"Step {n} of the large window",
            stream=f"s{n % STREAMS}",
            type=kind,
            duration=timedelta(minutes=10),
            action=action,
            effect=Effect.IDEMPOTENT if action else None,
            after=() if wide or n < STREAMS else (Link(task=f"T{n - STREAMS}"),),
        )
        for n in range(count)
    ]
    streams = tuple(Stream(id=f"s{n}", title=f"Stream {n}") for n in range(STREAMS))
    return Runbook(id="large", title="A large window", streams=streams, tasks=tuple(tasks))


def desk(url_or_file: str | Path, clock: Clock | None = None) -> Desk:
    """A desk over a database with every table and view of the product."""
    engine = open_engine(sqlite_url(url_or_file) if isinstance(url_or_file, Path) else url_or_file)
    schema.upgrade(engine)
    clock = clock or SystemClock()
    journal = Journal(engine, catalogue(), clock, projections())
    prepare(journal)
    return Desk(journal, clock)


def worked(service: RunService, run_id: str, *, events: int, left: int) -> int:
    """Work a started run of people's tasks until `left` tasks are not over and `events` facts stand; returns how many."""
    state = service.state(run_id)
    names = list(state.tasks)
    done = names[: len(names) - left]
    each = max(0, (events - 1) // max(1, len(done)) - 2)
    facts = [Fact(event, OPENS + timedelta(minutes=n), "asha") for n, event in enumerate(_told(done, each))]
    stream, seq = run_stream(run_id), 1
    if looked_ahead := foresight.move(state, OPENS, PERFORMER):  # as whoever performs a run does first of all
        seq += len(service.ask(run_id, looked_ahead))
    for at in range(0, len(facts), CHUNK):
        part = facts[at : at + CHUNK]
        service.desk.journal.append(Batch(stream, seq, part))
        seq += len(part)
    return seq


def _told(names: list[str], progress: int) -> Iterator[Event]:
    for name in names:
        yield ev.TaskClaimed(task=name)
        for n in range(progress):
            yield ev.TaskProgressed(
                task=name, expected_end=OPENS + timedelta(hours=n), detail=f"{n} of {progress} loads are in"
            )
        yield ev.TaskDone(
            task=name, evidence="counted twice: 1,204 rows on both sides", link="https://example.org/e/17"
        )
