"""The pictures of the assurance report, drawn once on the server: the page and the PDF hold the same SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from contingency.backlog_charts import clearing
from contingency.figures import Answer, Assurance, Bars
from cutover.web.page import templates_of

WIDTH, ROW, LEFT, RIGHT = 760, 26, 200, 690  # right of the bars stand their totals
TOP = 26  # for the legend
LETTER = 6.5  # pixels that a letter or digit takes
CUT = 30  # letters of a label that fit beside the bars


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar; `text` is '' where it would not fit."""

    look: str
    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class PlacedRow:
    label: str
    y: int
    pieces: tuple[Piece, ...]
    total: str
    total_x: float


@dataclass(frozen=True, slots=True)
class PlacedBars:
    """Bars ready to be drawn, with their legend."""

    title: str
    says: str
    width: int
    height: int
    rows: tuple[PlacedRow, ...]
    legend: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as it stands on the page, with its size and what it says, for the document that holds it too."""

    svg: Markup
    title: str
    says: str
    width: int
    height: int


def placed(bars: Bars) -> PlacedBars:
    """Where each part of each bar stands."""
    longest = bars.most or max((row.total for row in bars.rows), default=0) or 1
    scale = (RIGHT - LEFT) / longest
    rows = []
    for i, row in enumerate(bars.rows):
        pieces, x = [], float(LEFT)
        for look, amount in row.parts.items():
            width, text = amount * scale, f"{amount:,g}"
            fits = len(text) * LETTER + 6 <= width and len(row.parts) > 1
            pieces.append(Piece(look, round(x, 1), round(max(width, 1), 1), text if fits else ""))
            x += width
        label = row.label if len(row.label) <= CUT else row.label[: CUT - 1] + "…"
        rows.append(PlacedRow(label, TOP + ROW * i, tuple(pieces), f"{row.total:,g}", round(x + 6, 1)))
    return PlacedBars(
        bars.title, bars.says, WIDTH, TOP + ROW * len(rows) + 4, tuple(rows), tuple(_legend(bars))
    )


def _legend(bars: Bars) -> list[tuple[str, str, float]]:
    used = {look for row in bars.rows for look in row.parts}
    found, x = [], float(LEFT)
    for look, words in bars.looks.items():
        if look in used:
            found.append((look, words, x))
            x += 30 + LETTER * len(words)
    return found


def pictures(report: Assurance) -> Mapping[int, Picture]:
    """The picture of each question that has one, by its number."""
    environment = templates_of("contingency")
    drawn = {a.number: _bars(environment, a) for a in report.answers if a.bars is not None}
    if report.forecast is not None and report.forecast.forms:
        c = clearing(report.forecast, report.made_at, report.zone)
        module: Any = environment.get_template("contingency/clearing.html").module
        title = "When each risk band is cleared"
        drawn[3] = Picture(module.chart(c, "picture-3"), title, c.says, c.width, c.height)
    return drawn


def _bars(environment: Environment, answer: Answer) -> Picture:
    assert answer.bars is not None  # what was asked for
    bars, module = placed(answer.bars), environment.get_template("contingency/bars.html").module
    svg: Markup = module.chart(bars, f"picture-{answer.number}")  # type: ignore[attr-defined]
    return Picture(svg, bars.title, bars.says, bars.width, bars.height)
