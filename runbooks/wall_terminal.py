"""The wall screen in a terminal: the same most important things, and signs and words before colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from runbooks.board import Look
from runbooks.wall import WallPage

NARROW = 100  # columns; below, the cards stand under one another, and the figures are lines
ROWS = (99, 8, 5, 3, 2, 1)  # of each list, the first number of them with which all of it has room
_COLOURS = {
    "ok": "green",
    "warn": "yellow",
    "bad": "bold red",
    "odd": "magenta",
    "busy": "cyan",
    "idle": "dim",
}


def pill(look: Look) -> Text:
    """A state as the pages show it: sign and word, coloured."""
    style, sign, word = look
    return Text(f"{sign} {word}", _COLOURS.get(style, ""))


def drawn(page: WallPage, health: Sequence[tuple[Look, str]], stale: str = "", width: int = 120) -> Group:
    """The whole screen. `stale` says since when nothing newer is known; it then stands above everything."""
    parts: list[RenderableType] = [Text(f"▲ {stale}", "reverse bold red")] if stale else []
    parts.append(_head(page))
    parts += [Text(f"» {a.text}  ({a.who}, {a.at})", "bold") for a in page.announcements[:2]]
    parts += [
        Text(f"{'▲' if alert.look == 'bad' else '△'} {alert.text}", _COLOURS.get(alert.look, ""))
        for alert in page.alerts
    ]
    parts += [Text(f"and {page.more_alerts} more on the board", "bold")] if page.more_alerts else []
    figures = _figures(page)
    now, *others = _now(page), _gates(page), _modes(page), _health(health)
    if width < NARROW:
        gates, modes, worst = others
        lines = [part for section in (now, worst, gates, modes) for part in section.lines(width)]
        return Group(*parts, *(figure.line() for figure in figures), *lines)
    right = Group(*(section.panel() for section in others))
    return Group(*parts, _beside(*(figure.panel() for figure in figures)), _beside(now.panel(), right))


def fitted(page: WallPage, health: Sequence[tuple[Look, str]], stale: str, console: Console) -> Group:
    """As much of it as the terminal has room for; what is left out is counted."""
    for most in ROWS:
        group = drawn(_shortened(page, most), _fewer(health, most), stale, console.width)
        if len(console.render_lines(group, pad=False)) <= console.height:
            break
    return group


def _shortened(page: WallPage, most: int) -> WallPage:
    over = {name: max(0, len(getattr(page, name)) - most) for name in ("alerts", "tasks", "gates")}
    return replace(
        page, alerts=page.alerts[:most], more_alerts=page.more_alerts + over["alerts"], tasks=page.tasks[:most],
        more=page.more + over["tasks"], gates=page.gates[:most], more_gates=page.more_gates + over["gates"],
        announcements=page.announcements[:most],
    )  # fmt: skip


def _fewer(health: Sequence[tuple[Look, str]], most: int) -> Sequence[tuple[Look, str]]:
    left = len(health) - most
    return [*health[:most], (("warn", "…", f"and {left} more"), "")] if left > 0 else health


def _beside(*parts: RenderableType) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in parts:
        grid.add_column(ratio=1)
    grid.add_row(*parts)
    return grid


def _head(page: WallPage) -> Table:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1)
    line.add_column(justify="right")
    title = Text(page.title, "bold")
    line.add_row(
        Text.assemble(title, "  ", pill(page.look)) if page.look else title, Text(page.clock, "bold")
    )
    return line


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    content: RenderableType

    def panel(self) -> Panel:
        return _panel(self.title, self.content)

    def lines(self, width: int) -> tuple[RenderableType, ...]:
        """Without a frame: each of its lines is wanted for something else."""
        return Text(f"── {self.title} ".ljust(width, "─"), "dim", no_wrap=True), self.content


@dataclass(frozen=True, slots=True)
class _Figure:
    title: str
    value: str
    note: Text

    def panel(self) -> Panel:
        return _panel(self.title, Group(Text(self.value, "bold"), self.note))

    def line(self) -> Text:
        return Text.assemble(f"{self.title}  ", (self.value, "bold"), "  ", self.note)


def _figures(page: WallPage) -> list[_Figure]:
    countdown = page.countdown
    found = [_Figure(countdown.label, countdown.value, Text(f"closes {countdown.closes}"))]
    if page.forecast:
        chance = Text.assemble(pill(page.forecast.verdict), f"  chance to miss {page.forecast.chance}")
        found.append(_Figure("Ends (four in five)", page.forecast.points[1][1], chance))
    if page.backout:
        seen, latest = pill(page.backout.look), page.backout.latest
        left, note = (
            (page.backout.left, seen + f"  {latest}") if page.backout.left else (seen.plain, Text(latest))
        )
        found.append(_Figure("Latest safe backout", left, note))
    return found


def _now(page: WallPage) -> _Section:
    rows = [(t.look, f"{t.id} {t.title}", " · ".join(filter(None, (t.owner, t.ahead)))) for t in page.tasks]
    nothing = "Nothing is on now." if page.look else "No run has been started."
    counts = Text("  ").join(pill((seen[0], seen[1], f"{n} {seen[2]}")) for seen, n in page.counts)
    more = [Text(f"and {page.more} more", "dim")] if page.more else []
    title = f"Now · {page.done} over" if page.done else "Now"
    return _Section(title, Group(_rows(rows, nothing), *more, counts))


def _gates(page: WallPage) -> _Section:
    rows = [
        (g.look, f"{g.id} {g.title}", g.when + (f" · {len(g.against)} not met" if g.against else ""))
        for g in page.gates
    ]
    nothing = "No gate is in this plan." if page.look else "No run has asked a gate yet."
    more = [Text(f"and {page.more_gates} more", "dim")] if page.more_gates else []
    return _Section("Gates", Group(_rows(rows, nothing), *more))


def _modes(page: WallPage) -> _Section:
    modes = (Text.assemble(pill((c.look, c.sign, c.mode)), f" {c.title}") for c in page.modes)
    return _Section(
        "Components", Text("   ").join(modes) if page.modes else Text("No component is named.", "dim")
    )


def _health(health: Sequence[tuple[Look, str]]) -> _Section:
    rows = [(look, title, "") for look, title in health]
    return _Section("Health, worst first", _rows(rows, "Nothing is watched."))


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=Text(title), title_align="left")


def _rows(rows: Sequence[tuple[Look, str, str]], nothing: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for look, title, note in rows:
        grid.add_row(pill(look), Text.assemble(title, "  ", (note, "dim")))
    return grid if rows else Text(nothing, "dim")
