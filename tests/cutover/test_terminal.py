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
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cutover.app.bootstrap import World, build_world
from cutover.core.errors import NotFound, Unavailable
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.terminal import Screen, health_lines, watch
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


def text(screen: Screen, stale: str = "", width: int = 120, height: int = 0) -> str:
    console = Console(width=width, height=height or 200, no_color=True, file=io.StringIO())
    with console.capture() as said:
        console.print(screen.fitted(console, stale) if stale or height else screen.drawn(width))
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


def test_a_run_that_is_none_is_said_with_those_that_there_are(world: World) -> None:
    with pytest.raises(NotFound, match="there is no run here yet"):
        watch(world, run="nope", once=True)
    world.runs.start(world.folder.runbook(), by="asha")
    with pytest.raises(NotFound, match="no run named 'nope'; there is small-1"):
        watch(world, run="nope", once=True)


@pytest.mark.parametrize("width", [60, 99, 100, 200])
def test_no_line_is_wider_than_the_terminal(world: World, width: int) -> None:
    screen = Screen(world)
    screen.look()
    assert max(len(line.rstrip()) for line in text(screen, width=width).splitlines()) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (50, 30)])
def test_all_that_matters_has_room_and_what_has_none_is_counted(
    world: World, width: int, height: int
) -> None:
    world.runs.start(world.folder.runbook(), by="asha")
    screen = Screen(world)
    screen.look()
    screen.health = [(("bad", "✗", "failing"), f"Check {n}") for n in range(40)]
    said = text(screen, width=width, height=height).splitlines()
    assert len(said) <= height
    for words in ("Latest safe backout", "Now", "Gates", "Components", "Check 0", "more"):
        assert any(words in line for line in said), words


def test_a_check_that_was_never_made_is_not_counted_as_well(world: World) -> None:
    checks = world.monitors.checks
    lines = list(health_lines(world))
    assert len(lines) == len(checks)
    assert not [look for look, _ in lines if look[0] == "ok"]


@pytest.mark.real
@pytest.mark.parametrize("end", ["q", "Ctrl-C"])
def test_in_a_terminal_it_follows_what_others_write_until_somebody_ends_it(
    folder: Path, world: World, end: str
) -> None:
    """And the terminal is left as it was found: what is typed is seen again, and so is the cursor."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(ours)
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
        if end == "q":
            os.write(ours, b"q")
        else:
            shown.send_signal(signal.SIGINT)
        last = _ended(shown, ours)
        assert shown.returncode == 0
        assert b"\x1b[?1049l" in last, "what stood there before is there again"
        assert b"\x1b[?25h" in last, "so is the cursor"
        assert termios.tcgetattr(ours) == before
    finally:
        shown.kill()
        shown.wait()
        os.close(ours)


def _ended(shown: subprocess.Popen[bytes], terminal: int) -> bytes:
    """The last it drew. A terminal that nobody reads is full after one drawing, and holds up whoever writes to it."""
    said, ends = b"", time.monotonic() + 30
    while (running := shown.poll() is None) or select.select([terminal], [], [], 0)[0]:
        if running and time.monotonic() > ends:
            break
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
    shown.wait(30)
    return said


def _until(terminal: int, wanted: str) -> None:
    """Read what is drawn until the words are in it; colours and moves of the cursor left out."""
    seen, ends = "", time.monotonic() + 30
    while wanted not in seen:
        assert time.monotonic() < ends, f"{wanted!r} was not drawn; last: {' '.join(seen.split())[-600:]}"
        if select.select([terminal], [], [], 0.2)[0]:
            seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode(errors="replace"))
