"""A review as a file of its own: a page without a server, and a PDF for the archive."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from cutover.core.clock import show
from cutover.domain.programme import Programme
from cutover.web.page import templates_of
from cutover.web.svg import document
from runbooks.domain.reviewing.review import Review
from runbooks.printing.press import printed
from runbooks.review_web import context, page_of
from runbooks.reviews.around import NOTHING, Around
from runbooks.reviews.cells import Cell, worded
from runbooks.reviews.drawn import bars, ends
from runbooks.reviews.sheets import head, sheets

LONG = 90  # letters, from which a cell of the PDF takes the width of several
_FRAME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style></head>
<body><main>
{body}
</main></body>
</html>
"""


def as_html(seen: Review, programme: Programme, at: datetime, around: Around = NOTHING) -> bytes:
    """The page with its style sheet in it: no script, nothing from outside."""
    page = page_of(seen, programme, show(at, programme.zone), around)
    template = templates_of("runbooks").get_template("runbooks/review.html")
    body = "".join(template.blocks["review"](template.new_context(dict(context(page)))))
    style = files("cutover.web").joinpath("static", "style.css").read_text(encoding="utf-8")
    title = Markup.escape(f"Review of {seen.run_id}: {seen.title}")
    return _FRAME.format(title=title, style=style, body=body).encode()


def as_pdf(
    seen: Review, programme: Programme, at: datetime, around: Around = NOTHING
) -> tuple[bytes, tuple[str, ...]]:
    """PDF/A, and notes on what is not as it was written. Raises Unavailable when it cannot be printed."""
    source = files("runbooks.reviews").joinpath("review.typ").read_bytes()
    return printed(source, pdf_page(seen, programme, at, around), at, f"the review of {seen.run_id}")


def pdf_page(seen: Review, programme: Programme, at: datetime, around: Around = NOTHING) -> dict[str, Any]:
    """What the typesetter reads: plain JSON values."""
    zone = programme.zone
    return {
        "title": f"Review of {seen.run_id}: {seen.title}",
        "programme": programme.title,
        "foot": f"from the journal, {show(at, zone, '%a %d %b %Y %H:%M %Z')}",
        "caveats": [*seen.caveats, *around.caveats],
        "head": [list(line) for line in (*head(seen, programme), *around.head)],
        "pictures": _pictures(seen, programme, around),
        "sheets": [
            {
                "title": sheet.title,
                "says": list(sheet.says),
                "columns": _kept(sheet.rows, sheet.columns),
                "widths": [_width(i, sheet.rows, zone) for i in _used(sheet.rows, sheet.columns)],
                "rows": [
                    [worded(row[i], zone) for i in _used(sheet.rows, sheet.columns)] for row in sheet.rows
                ],
            }
            for sheet in (*sheets(seen, programme), *around.sheets)
        ],
    }


def _pictures(seen: Review, programme: Programme, around: Around) -> list[dict[str, Any]]:
    charts: Any = templates_of("runbooks").get_template("kit/charts.html").module
    actual, expected = bars(seen, programme), ends(seen, programme)
    drawn = []
    if actual:
        drawn.append((actual.title, actual.says, charts.gantt(actual, "actual"), actual.width, actual.height))
    if expected:
        drawn.append(
            (expected.title, expected.says, charts.trend(expected, "ends"), expected.width, expected.height)
        )
    drawn += [(d.title, d.says, d.svg, d.width, d.height) for d in around.drawings]
    return [
        {
            "title": title,
            "says": says,
            "svg": document(str(svg), width, height),
            "height": min(150, round(273 * height / width)),
        }
        for title, says, svg, width, height in drawn
    ]


Rows = tuple[tuple[Cell, ...], ...]


def _used(rows: Rows, columns: tuple[str, ...]) -> list[int]:
    """Columns with something in them: paper has no room for empty ones."""
    return [i for i in range(len(columns)) if any(row[i] not in (None, "") for row in rows)]


def _kept(rows: Rows, columns: tuple[str, ...]) -> list[str]:
    return [columns[i] for i in _used(rows, columns)]


def _width(at: int, rows: Rows, zone: str) -> float:
    """How much of a line's width a column takes, by its longest words."""
    longest = max((len(worded(row[at], zone)) for row in rows), default=0)
    return float(min(max(longest, 5), LONG) ** 0.6)
