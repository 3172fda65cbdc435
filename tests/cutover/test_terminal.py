"""The board in a terminal shows what the wall screen shows, live, and says when it no longer knows."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from cutover.app.bootstrap import World, build_world
from cutover.core.errors import Unavailable
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.terminal import Screen, health_lines
from tests.cutover.store.desks import switch
from tests.runbooks.folders import write_programme


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_programme(tmp_path / "prog")


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    world = build_world(folder)
    yield world
    world.engine.dispose()


def text(screen: Screen, stale: str = "", width: int = 120) -> str:
    console = Console(width=width, no_color=True, file=io.StringIO())
    with console.capture() as said:
        console.print(screen.drawn(width, stale))
    return said.get()


def test_it_shows_components_and_says_that_no_run_was_started(world: World) -> None:
    screen = Screen(world)
    screen.look()
    said = text(screen)
    assert "No run has been started." in said
    assert "No run has asked a gate yet." in said
    assert all(c.title in said for c in world.folder.programme.components)


def test_what_was_last_known_is_never_passed_off_as_live(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(world)
    screen.look()
    at = screen.known_at

    def away() -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(screen, "_wall", away)
    with pytest.raises(Unavailable):
        screen.look()
    assert screen.known_at == at
    said = text(screen, "the database does not answer")
    assert "NOT LIVE: as it was at" in said.splitlines()[0]
    assert "NOT LIVE" not in text(screen)


@pytest.mark.parametrize("width", [60, 99, 100, 200])
def test_no_line_is_wider_than_the_terminal(world: World, width: int) -> None:
    screen = Screen(world)
    screen.look()
    assert max(len(line.rstrip()) for line in text(screen, width=width).splitlines()) <= width


def test_a_check_that_was_never_made_is_not_counted_as_well(world: World) -> None:
    checks = world.monitors.checks
    lines = list(health_lines(world))
    assert len(lines) == len(checks)
    assert not [look for look, _ in lines if look[0] == "ok"]


@pytest.mark.real
def test_in_a_terminal_it_follows_what_others_write_until_it_is_interrupted(
    folder: Path, world: World
) -> None:
    ours, theirs = pty.openpty()
    shown = subprocess.Popen(
        [Path(sys.executable).parent / "cutover", "watch", "--programme", folder],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        component = world.folder.programme.components[0]
        _until(ours, "Live " + component.title)
        world.desk.ask(COMPONENT, component_stream(component.id), switch(Mode.PAPER))
        _until(ours, "On paper " + component.title)
        shown.send_signal(signal.SIGINT)
        assert _ended(shown, ours) == 0
    finally:
        shown.kill()
        shown.wait()
        os.close(ours)


def _ended(shown: subprocess.Popen[bytes], terminal: int) -> int | None:
    """Its exit code. A terminal that nobody reads is full after one drawing, and holds up whoever writes to it."""
    ends = time.monotonic() + 30
    while shown.poll() is None and time.monotonic() < ends:
        if select.select([terminal], [], [], 0.1)[0]:
            with suppress(OSError):  # the other end is closed
                os.read(terminal, 65536)
    return shown.poll()


def _until(terminal: int, wanted: str) -> None:
    """Read what is drawn until the words are in it; colours and moves of the cursor left out."""
    seen, ends = "", time.monotonic() + 30
    while wanted not in seen:
        assert time.monotonic() < ends, f"{wanted!r} was not drawn; last: {' '.join(seen.split())[-600:]}"
        if select.select([terminal], [], [], 0.2)[0]:
            seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode(errors="replace"))
