"""For tests of programmes and of what is built on this library: a fixed clock, a world of one's own, proof by replay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cutover.app.bootstrap import World, build_world
from cutover.core.clock import FixedClock
from cutover.core.machine import Machine
from cutover.store.engine import reading
from cutover.store.projections import rebuild

__all__ = ["FixedClock", "assert_replays", "assert_views_rebuild", "programme_world"]


@contextmanager
def programme_world(folder: Path, clock: FixedClock | None = None) -> Iterator[World]:
    """The world of a programme folder on a clock that moves only when told to; default: when its window opens."""
    if clock is None:
        with programme_world(folder, FixedClock(_opens(folder))) as world:
            yield world
        return
    world = build_world(folder, pace=clock)
    try:
        yield world
    finally:
        world.engine.dispose()


def assert_replays(world: World, machine: Machine[Any], stream: str) -> None:
    """Fold the stream from its first fact and compare with what the desk holds: the state is in the journal alone."""
    folded = machine.fold(world.journal.read(stream))
    held = world.desk.state(machine, stream)
    assert folded == held, f"{stream}: the journal says {folded}, the desk {held}"


def assert_views_rebuild(world: World) -> None:
    """Throw every view away, fold the journal again and compare: views are disposable."""
    before = _views(world)
    rebuild(world.journal)
    after = _views(world)
    wrong = [name for name in before if before[name] != after[name]]
    assert not wrong, f"these views differ after a rebuild: {', '.join(wrong)}"


def _views(world: World) -> dict[str, list[tuple[Any, ...]]]:
    with reading(world.engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for projection in world.journal.projections
            for table in projection.tables
        }


def _opens(folder: Path) -> Any:
    world = build_world(folder)
    try:
        return world.folder.programme.opens
    finally:
        world.engine.dispose()
