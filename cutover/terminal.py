"""`cutover watch`: board and health in a terminal, live. What is no longer known to be true is said to be old."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleDimensions, Group
from rich.live import Live

from cutover.app.bootstrap import World
from cutover.cli.keys import GONE, pressed
from cutover.core.clock import show
from cutover.core.errors import Unavailable
from cutover.store.watch import Watch, watching
from monitors.domain.check import Status
from monitors.looks import LOOKS
from monitors.web import check_line
from runbooks.board import Look
from runbooks.wall import WallPage
from runbooks.wall_terminal import drawn, fitted
from runbooks.web import wall

LOOK_SECONDS = 0.5  # between two questions whether anybody has written
STANDS_SECONDS = 10.0  # what is said to the minute is drawn anew that often while nobody writes
MOST_CHECKS = 12
ENDS = ("q", "Q", GONE)
Key = Callable[[float], str]


@dataclass
class Screen:
    """What was last known of a programme, and since when nothing newer is."""

    world: World
    run: str = ""
    page: WallPage | None = None
    health: Sequence[tuple[Look, str]] = ()
    known_at: datetime | None = None

    def __post_init__(self) -> None:
        world = self.world
        self._wall: Callable[[], WallPage] = wall(
            world.runs, world.desk, world.folder.programme, world.clock, self.run
        )

    def look(self) -> None:
        """Read everything anew. Raises Unavailable, and then what was known stays."""
        page, health = self._wall(), tuple(health_lines(self.world))
        self.page, self.health, self.known_at = page, health, self.world.clock.now()

    def drawn(self, width: int) -> Group:
        """All that is known."""
        return drawn(self._known(), self.health, "", width)

    def fitted(self, console: Console, stale: str = "") -> Group:
        """As much as there is room for; `stale` says why nothing newer is known."""
        since = ""
        if stale and self.known_at:
            since = f"NOT LIVE: as it was at {show(self.known_at, self.world.folder.programme.zone, '%H:%M:%S %Z')}; {stale}"
        return fitted(self._known(), self.health, since, console)

    def _known(self) -> WallPage:
        assert self.page is not None  # it is looked at before it is drawn
        return self.page


def health_lines(world: World) -> Iterator[tuple[Look, str]]:
    """Checks and flows, those that need somebody first; what is well is one line."""
    now, well = world.clock.now(), 0
    views, flows = world.monitors.all(now), world.flows.all(now)
    bad: list[tuple[Look, str]] = []
    for flow in flows:
        status = flow.standing.status
        well += status is Status.OK
        if status is not Status.OK:
            bad.append((LOOKS[status], flow.flow.title))
    for view in views:
        well += view.status is Status.OK
        if view.status is not Status.OK:
            line = check_line(view, world.folder.programme, now)
            bad.append((line.look, f"{line.title}{f' · {line.hands}' if line.hands else ''}"))
    yield from bad[:MOST_CHECKS]
    if len(bad) > MOST_CHECKS:
        yield ("warn", "…", f"and {len(bad) - MOST_CHECKS} more"), ""
    if well:
        yield LOOKS[Status.OK], f"{well} of {len(views) + len(flows)}"


def watch(world: World, *, run: str = "", once: bool = False) -> None:
    """Draw until q or Ctrl-C; once and plainly where the output is no terminal. Raises NotFound for a run that is none."""
    if run:
        world.runs.find(run)
    console, screen = Console(), Screen(world, run)
    if once or not console.is_terminal:
        screen.look()
        console.print(screen.drawn(console.width))
        return
    screen.look()
    with (
        pressed() as key,
        suppress(KeyboardInterrupt),
        Live(screen.fitted(console), console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            _go_on(world, screen, live, key)


def _go_on(world: World, screen: Screen, live: Live, key: Key) -> None:
    """Draw whenever somebody has written, until the database does not answer; then say so, and try again."""
    try:
        with watching(world.journal) as news:
            _draw_news(screen, live, news, key)
    except Unavailable as error:
        live.update(screen.fitted(live.console, str(error)), refresh=True)
        _wait(key)


def _draw_news(screen: Screen, live: Live, news: Watch, key: Key) -> None:
    drawn_at = float("-inf")
    size: ConsoleDimensions | None = None
    while True:
        old = time.monotonic() - drawn_at > STANDS_SECONDS or live.console.size != size
        if news.has_moved() or old:
            screen.look()
            drawn_at, size = time.monotonic(), live.console.size
            live.update(screen.fitted(live.console), refresh=True)
        _wait(key)


def _wait(key: Key) -> None:
    """Raises KeyboardInterrupt when somebody presses what ends it."""
    if key(LOOK_SECONDS) in ENDS:
        raise KeyboardInterrupt
