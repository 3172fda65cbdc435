"""How a cost grows with size, as a drawing: the leading figure with its straight line, and peak memory.

One SVG a benchmark that has a size, in the house's colours on white; its title and a sentence are in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from benchmarks.records import Growth, Point
from benchmarks.registry import Benchmark, Figure

PLACE = Path(__file__).with_name("plots")
WIDE, HIGH, LEFT, TOP, BETWEEN = 330, 200, 60, 64, 80
BLUE, GREY, RED, PALE = "#1d70b8", "#505a5f", "#d4351c", "#b1b4b6"
CLOSE = 34  # pixels between two labels of an axis
Place = tuple[float, float]


def line(points: Sequence[Place]) -> Place:
    """What every run takes and what one of size adds: least squares, each point weighted by its own height."""
    weights = [1 / max(y, 1e-9) ** 2 for _, y in points]
    total = sum(weights)
    x = sum(w * p[0] for w, p in zip(weights, points, strict=True)) / total
    y = sum(w * p[1] for w, p in zip(weights, points, strict=True)) / total
    across = sum(w * (p[0] - x) ** 2 for w, p in zip(weights, points, strict=True))
    slope = sum(w * (p[0] - x) * (p[1] - y) for w, p in zip(weights, points, strict=True)) / across
    return y - slope * x, slope


def off_the_line(points: Sequence[Place]) -> list[float]:
    """How far each point is above (+) or below (-) the line, as a share of it."""
    fixed, each = line(points)
    return [y / (fixed + each * x) - 1 for x, y in points]


def drawn(one: Benchmark, growth: Growth) -> str:
    """The drawing of one benchmark's growth."""
    leading = [(float(p.size), _leading(p, growth.leading)) for p in growth.points]
    memory = [(float(p.size), float(p.together)) for p in growth.points]
    figure = _figure(one.figures, growth.leading)
    title, unit = (figure.says, figure.unit) if figure else ("CPU", "s")
    says = f"{one.name}: {growth.leading} and peak memory by number of {growth.axis}"
    loads = f"load {growth.load[0]:.1f} to {growth.load[1]:.1f}"
    high, wide = TOP + HIGH + 62, 2 * (LEFT + WIDE) + BETWEEN
    head = f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(one.name)}: {escape(title)}</text>'
    foot = f'<text x="{LEFT}" y="{high - 6}" fill="{GREY}" font-size="11">{growth.date}, {loads}; the line is straight, through all sizes</text>'
    panels = "".join(
        (*_panel(0, unit, leading, growth.axis, straight=True), *_panel(1, "peak memory, MiB", memory, growth.axis))
    )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12" '
        f'role="img" aria-label="{escape(says)}"><rect width="100%" height="100%" fill="#fff"/>{head}{panels}{foot}</svg>\n'
    )


def _panel(
    at: int, title: str, points: Sequence[Place], axis: str, *, straight: bool = False
) -> Iterator[str]:
    left, most_x = LEFT + at * (WIDE + BETWEEN), points[-1][0]
    most_y = max(y for _, y in points) * 1.15 or 1.0

    def place(point: Place) -> Place:
        return left + point[0] / most_x * WIDE, TOP + HIGH - max(0.0, point[1]) / most_y * HIGH

    yield f'<text x="{left}" y="{TOP - 12}" fill="{GREY}">{escape(title)}</text>'
    yield f'<path d="M{left} {TOP} v{HIGH} h{WIDE}" fill="none" stroke="{GREY}"/>'
    if straight and len(points) > 2:
        fixed, each = line(points)
        yield _path([place((x, fixed + each * x)) for x in (0.0, most_x)], f'{PALE}" stroke-dasharray="4 3')
    yield _path([place(point) for point in points], BLUE)
    shown = [place(point)[0] for point in points]
    for point, clear in zip(points, _clear(shown), strict=True):
        x, y = place(point)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{BLUE}"/>'
        if clear:
            yield f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{_short(point[1])}</text>'
            yield f'<text x="{x:.1f}" y="{TOP + HIGH + 18}" text-anchor="middle">{_short(point[0])}</text>'
    yield f'<text x="{left + WIDE / 2}" y="{TOP + HIGH + 36}" text-anchor="middle" fill="{GREY}">{escape(axis)}</text>'


def _path(places: Sequence[Place], stroke: str) -> str:
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" fill="none" stroke="{stroke}"/>'


def _clear(places: Sequence[float]) -> list[bool]:
    """Which points have room for their labels, the last one first: points may lie close at the small end."""
    clear, last = [True], places[-1]
    for here, _ in reversed(list(pairwise(places))):
        clear.append(last - here >= CLOSE)
        last = here if clear[-1] else last
    return clear[::-1]


def _leading(point: Point, name: str) -> float:
    """The figure of this name, or the first whose name goes on with the size; CPU where none was told."""
    if name in point.figures:
        return point.figures[name]
    return next((value for key, value in point.figures.items() if key.startswith(f"{name}.")), point.cpu)


def _figure(figures: Mapping[str, Figure], name: str) -> Figure | None:
    return figures.get(name)


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size * (1 if letter == "M" else 10):
            return f"{value / size:.3g}{letter}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write(named: Mapping[str, tuple[Benchmark, Growth | None]], place: Path = PLACE) -> list[str]:
    """A drawing of every benchmark whose growth was taken; returns their names."""
    place.mkdir(exist_ok=True)
    made = []
    for name, (one, growth) in named.items():
        if growth is not None and growth.points:
            (place / f"{name}.svg").write_text(drawn(one, growth), encoding="utf-8")
            made.append(name)
    return made
