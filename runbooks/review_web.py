"""Its page /board/review: a run told afterwards, caveats first, made to be printed. Presentation only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.web.charts import Gantt, Trend
from cutover.web.kit import Page, Query
from cutover.web.words import moment
from runbooks.domain.reviewing.review import Review
from runbooks.reviews.around import NOTHING, Around, Drawing
from runbooks.reviews.cells import Cell, Off, Share, Sheet, worded
from runbooks.reviews.drawn import bars, ends
from runbooks.reviews.sheets import head, sheets
from runbooks.service import RunService


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: its text, how it is set, and a look for a variance that matters."""

    text: str
    number: bool
    look: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One sheet of the review as the page shows it."""

    key: str
    title: str
    says: tuple[str, ...]
    columns: tuple[Entry, ...]
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What `review.html` reads."""

    now: str
    run_id: str
    title: str
    caveats: tuple[str, ...]
    head: tuple[tuple[str, str], ...]
    chart: Gantt | None
    trend: Trend | None
    drawings: tuple[Drawing, ...]
    sections: tuple[Section, ...]
    others: tuple[str, ...]
    address: str


PATH = "/board/review"


def review_pages(
    service: RunService, programme: Programme, clock: Clock, *, path: str = PATH, around: Callable[[Review], Around] = lambda _: NOTHING
) -> list[Page]:  # fmt: skip
    """The review of a run at `path`, with what other rooms know of what went on `around` it."""

    def show(query: Query) -> ReviewPage:
        run_id = service.find(query.get("run", ""))
        others = tuple(name for name in reversed(service.run_ids()) if name != run_id)
        seen = service.review(run_id)
        page = page_of(seen, programme, moment(clock.now(), programme.zone), around(seen))
        return replace(page, others=others, address=path)

    return [Page(path, "runbooks", "review.html", ReviewPage, show)]


def page_of(seen: Review, programme: Programme, now: str, around: Around = NOTHING) -> ReviewPage:
    """A review as its page reads it, with what went on around it."""
    return ReviewPage(
        now=now,
        run_id=seen.run_id,
        title=seen.title,
        caveats=(*seen.caveats, *around.caveats),
        head=(*head(seen, programme), *around.head),
        chart=bars(seen, programme),
        trend=ends(seen, programme),
        drawings=around.drawings,
        sections=tuple(
            _section(sheet, programme.zone) for sheet in (*sheets(seen, programme), *around.sheets)
        ),
        others=(),
        address=PATH,
    )


def _section(sheet: Sheet, zone: str) -> Section:
    rows = tuple(tuple(_entry(cell, zone) for cell in row) for row in sheet.rows)
    columns = tuple(
        Entry(column, number=any(row[at].number for row in rows)) for at, column in enumerate(sheet.columns)
    )
    return Section(sheet.key, sheet.title, sheet.says, columns, rows)


def _entry(cell: Cell, zone: str) -> Entry:
    text = worded(cell, zone)
    if isinstance(cell, Off):
        return Entry(text, number=True, look="late" if text.startswith("+") else "")
    return Entry(text, number=isinstance(cell, int | Share | timedelta))


def context(page: ReviewPage) -> Mapping[str, object]:
    """The page's fields by name, for a template outside the server."""
    return {name: getattr(page, name) for name in ReviewPage.__dataclass_fields__}
