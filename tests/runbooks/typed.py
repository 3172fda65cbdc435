"""A small programme whose run has begun, and what a person types at it: for the tests of the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.cli.border import guarded
from cutover.main import run_command
from cutover.store.clock_file import set_clock
from tests.conftest import START
from tests.runbooks.folders import write_programme

Type = Callable[..., int]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A run of the small plan has begun; the clock stands at the opening of the window."""
    folder = write_programme(tmp_path / "small")
    (folder / "state").mkdir()
    set_clock(folder / "state" / "clock.json", START)
    world = build_world(folder)
    world.runs.start(world.folder.runbook(), by="asha")
    yield world
    world.engine.dispose()


@pytest.fixture
def type_(world: World) -> Type:
    """`type_("run", "done", "A", …)`: the exit code that the shell would see."""

    def typed(*tokens: str) -> int:
        where = ["--programme", str(world.folder.path)]
        return guarded(lambda: run_command([*tokens, *where], opener=lambda _path: world))

    return typed
