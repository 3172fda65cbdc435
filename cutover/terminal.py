"""`cutover watch`: board and health in a terminal, live. What is no longer known to be true is said to be old."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live

from cutover.app.bootstrap import World
from cutover.core.clock import show
from cutover.core.errors import Unavailable
from cutover.store.watch import Watch, watching
from monitors.domain.check import Status
from monitors.looks import LOOKS
from monitors.web import check_line
from runbooks.board import Look
from runbooks.wall import WallPage
from runbooks.wall_terminal import drawn
from runbooks.web import wall

LOOK_SECONDS = 0.5  # between two questions whether anybody has written
STANDS_SECONDS = 10.0  # what is said to the minute is drawn anew that often while nobody writes
MOST_CHECKS = 12


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

    def drawn(self, width: int, stale: str = "") -> Group:
        if self.page is None:
            return Group(stale)
        since = ""
        if stale and self.known_at:
            since = f"NOT LIVE: as it was at {show(self.known_at, self.world.folder.programme.zone, '%H:%M:%S')}; {stale}"
        return drawn(self.page, self.health, since, width)


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
    """Draw until Ctrl-C; once and plainly where the output is no terminal."""
    console, screen = Console(), Screen(world, run)
    if once or not console.is_terminal:
        screen.look()
        console.print(screen.drawn(console.width))
        return
    screen.look()
    with Live(screen.drawn(console.width), console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                _go_on(world, screen, live)
        except KeyboardInterrupt:
            return


def _go_on(world: World, screen: Screen, live: Live) -> None:
    """Draw whenever somebody has written, until the database does not answer; then say so, and try again."""
    try:
        with watching(world.journal) as news:
            _draw_news(screen, live, news)
    except Unavailable as error:
        live.update(screen.drawn(live.console.width, str(error)), refresh=True)
        time.sleep(LOOK_SECONDS)


def _draw_news(screen: Screen, live: Live, news: Watch) -> None:
    drawn_at, width = float("-inf"), 0
    while True:
        old = time.monotonic() - drawn_at > STANDS_SECONDS or live.console.width != width
        if news.has_moved() or old:
            screen.look()
            drawn_at, width = time.monotonic(), live.console.width
            live.update(screen.drawn(width), refresh=True)
        time.sleep(LOOK_SECONDS)
