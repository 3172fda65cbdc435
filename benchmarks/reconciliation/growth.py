"""Whether CPU grows as the rows do, and memory not: the straight line through all sizes, and a picture of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDE, HIGH, LEFT, TOP, BETWEEN = 320, 200, 60, 40, 90


@dataclass(frozen=True, slots=True)
class Size:
    """One size of both registers, and what comparing them took: CPU seconds and peak MiB."""

    rows: int
    cpu: float
    mib: int


def line(sizes: Sequence[Size]) -> tuple[float, float]:
    """CPU seconds that every run takes and those of one row: least squares, each size weighted by its own CPU."""
    weights = [1 / s.cpu**2 for s in sizes]
    total = sum(weights)
    x = sum(w * s.rows for w, s in zip(weights, sizes, strict=True)) / total
    y = sum(w * s.cpu for w, s in zip(weights, sizes, strict=True)) / total
    slope = sum(w * (s.rows - x) * (s.cpu - y) for w, s in zip(weights, sizes, strict=True)) / sum(
        w * (s.rows - x) ** 2 for w, s in zip(weights, sizes, strict=True)
    )
    return y - slope * x, slope


def off_the_line(sizes: Sequence[Size]) -> list[float]:
    """How far each size is above (+) or below (-) the line, as a share of it."""
    fixed, each = line(sizes)
    return [s.cpu / (fixed + each * s.rows) - 1 for s in sizes]


def drawn(sizes: Sequence[Size]) -> str:
    """Both as an SVG: CPU with its line on the left, peak memory on the right."""
    fixed, each = line(sizes)
    ends = [(0.0, fixed), (float(sizes[-1].rows), fixed + each * sizes[-1].rows)]
    cpu = [(float(s.rows), s.cpu) for s in sizes]
    memory = [(float(s.rows), float(s.mib)) for s in sizes]
    panels = _panel(0, "CPU, seconds", cpu, ends) + _panel(1, "peak memory, MiB", memory, memory)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (LEFT + WIDE) + BETWEEN} {TOP + HIGH + 60}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="CPU and peak memory by number of records on each side">'
        f'<rect width="100%" height="100%" fill="#fff"/>{panels}</svg>\n'
    )


def _panel(at: int, title: str, points: list[tuple[float, float]], through: list[tuple[float, float]]) -> str:
    most_x, most_y = points[-1][0], max(y for _, y in points + through) * 1.15
    left = LEFT + at * (WIDE + BETWEEN)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x / most_x * WIDE, TOP + HIGH - y / most_y * HIGH

    said = [f'<text x="{left}" y="{TOP - 16}" font-weight="bold">{title}</text>']
    said.append(f'<path d="M{left} {TOP} v{HIGH} h{WIDE}" fill="none" stroke="#555"/>')
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in through))
    said.append(f'<polyline points="{path}" fill="none" stroke="#1d70b8"/>')
    for x, y in points:
        px, py = place(x, y)
        said.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="#1d70b8"/>')
        said.append(
            f'<text x="{px:.1f}" y="{py - 9:.1f}" text-anchor="middle">{y:,.{0 if y >= 10 else 1}f}</text>'
        )
        said.append(f'<text x="{px:.1f}" y="{TOP + HIGH + 18}" text-anchor="middle">{x / 1e6:g}</text>')
    said.append(
        f'<text x="{left + WIDE / 2}" y="{TOP + HIGH + 40}" text-anchor="middle">million records on each side</text>'
    )
    return "".join(said)
