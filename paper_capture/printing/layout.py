"""Where each question of a form goes on paper: one pass from the first field to the last, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from paper_capture.domain.answers import FieldType, FormField
from paper_capture.domain.form import Form, Role, Section
from paper_capture.domain.geometry import (
    BODY_BOTTOM,
    BODY_TOP,
    CLOCK,
    GRADE,
    LEFT,
    RIGHT,
    TICK,
    Box,
    Layout,
    Page,
    Rule,
    Words,
)
from paper_capture.printing.letters import broken, width

LABEL, SMALL, HEAD = 9.5, 7.8, 12.5  # points
LINE = 8.2  # millimetres between ruled lines: a gloved hand writes large
GAP = 2.6
COLUMN = 5.0
FULL = RIGHT - LEFT
HALF = (FULL - COLUMN) / 2
GRID_LABEL = 102.0  # questions with the same few answers stand in a grid, boxes beneath each other
GRID_MOST = 3
GRID_ANSWER = 17.5
OFFICE_TOP = 246.0
WHO = (("Writer: name and rank", 72.0), ("Number", 26.0), ("Occurred: from (day, time)", 39.0), ("to", 39.0))
WHEN = (("Written at (day, time)", 44.0), ("Place of writing", 54.0), ("Belongs to serial(s)", 78.0))
OFFICE = (
    ("Returned (time, by)", 44.0),
    ("Batch", 26.0),
    ("Keyed 1", 22.0),
    ("Keyed 2", 22.0),
    ("Target reference", 62.0),
)
_PRESET = {
    FieldType.DATETIME: ("day", "month", "year", "hour", "min"),
    FieldType.DATE: ("day", "month", "year"),
}


@dataclass
class _Flow:
    """The page being filled and how far down it is filled."""

    pages: list[Page] = field(default_factory=lambda: [Page()])
    y: float = BODY_TOP
    bottom: float = BODY_BOTTOM

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def room(self, height: float) -> None:
        if self.y + height > self.bottom:
            self.turn()

    def turn(self) -> None:
        self.pages.append(Page())
        self.y, self.bottom = BODY_TOP, BODY_BOTTOM


def lay_out(form: Form) -> Layout:
    """Every page of a form as it is in its version."""
    flow = _Flow()
    if form.role is Role.RECORD:
        flow.bottom = OFFICE_TOP - 2
        _frame(flow, form)
    for number, (section, fields) in enumerate(form.parts):
        if section.new_page and number:
            flow.turn()
        _heading(flow, section)
        for row in _rows(fields):
            _row(flow, row)
        flow.y += 1.5
    return Layout(form.id, form.version, flow.pages)


def _frame(flow: _Flow, form: Form) -> None:
    """What every record asks on its first page: who, when, how grave; and what the office fills in."""
    for cells in (WHO, WHEN):
        _cells(flow.page, flow.y, cells)
        flow.y += 13.5
    x = LEFT
    flow.page.words.append(Words(x, flow.y + 3.6, LABEL, "How grave?", bold=True))
    x += 22
    choices = [(GRADE, "high"), (GRADE, "medium"), (GRADE, "standard")]
    choices += [(CLOCK, "yes")] if form.clocks else []
    for name, answer in choices:
        said = "a legal clock is running" if name == CLOCK else answer
        x += 6 if name == CLOCK else 0
        flow.page.boxes.append(Box(name, answer, x, flow.y))
        flow.page.words.append(Words(x + TICK + 1.4, flow.y + 3.6, LABEL, said))
        x += TICK + 7 + width(said, LABEL)
    flow.y += 8.5
    _cells(flow.page, OFFICE_TOP + 4.5, OFFICE)
    said = "Office use. Spoiled? Do not throw it away: write SPOILED across it, say why, sign, hand it back."
    flow.page.words.append(Words(LEFT, OFFICE_TOP + 2.6, SMALL, said, soft=True))


def _cells(page: Page, y: float, cells: Sequence[tuple[str, float]]) -> None:
    x = LEFT
    for label, wide in cells:
        page.rules.append(Rule(x, y, wide, 12.0))
        page.words.append(Words(x + 1.2, y + 3.2, SMALL, label, soft=True))
        x += wide


def _heading(flow: _Flow, section: Section) -> None:
    if not section.title:
        return
    notes = broken(section.help, LABEL, FULL)
    flow.room(9 + 4.2 * len(notes) + 16)
    flow.page.rules.append(Rule(LEFT, flow.y, FULL, strong=True))
    flow.page.words.append(Words(LEFT, flow.y + 5.2, HEAD, section.title, bold=True))
    flow.y += 7.6
    for line in notes:
        flow.page.words.append(Words(LEFT, flow.y + 3.0, LABEL, line, soft=True))
        flow.y += 4.2
    flow.y += 1.2


def _rows(fields: Sequence[FormField]) -> Iterator[Sequence[FormField]]:
    """Questions that share a row: two short ones side by side, grids together."""
    waiting: FormField | None = None
    for one in fields:
        if not _is_short(one):
            yield from ([waiting],) if waiting else ()
            waiting = None
            yield [one]
        elif waiting is None:
            waiting = one
        elif (waiting.type is FieldType.TICK) == (one.type is FieldType.TICK):
            yield [waiting, one]
            waiting = None
        else:
            yield [waiting]
            waiting = one
    if waiting:
        yield [waiting]


def _is_short(one: FormField) -> bool:
    fits = width(one.label, LABEL, bold=True) <= HALF - (TICK + 3)
    return fits and one.lines == 1 and not one.columns and one.type is not FieldType.CHOICE


def _row(flow: _Flow, row: Sequence[FormField]) -> None:
    first = row[0]
    if first.columns:
        _table(flow, first)
    elif first.type is FieldType.CHOICE:
        _grid(flow, first) if _is_grid(first) else _choice(flow, first)
    elif first.type is FieldType.TICK:
        _ticks(flow, row)
    else:
        _writing(flow, row)


def _is_grid(one: FormField) -> bool:
    return len(one.choices) <= GRID_MOST and all(width(c, LABEL) < GRID_ANSWER for c in one.choices)


def _labelled(flow: _Flow, one: FormField, x: float, room: float, *, bold: bool = True) -> float:
    """The label and its help; returns how far down they reach."""
    y = flow.y
    for line in broken(_label(one), LABEL, room, bold=bold):
        flow.page.words.append(Words(x, y + 3.4, LABEL, line, bold=bold))
        y += 4.2
    for line in broken(one.help, SMALL, room):
        flow.page.words.append(Words(x, y + 2.8, SMALL, line, soft=True))
        y += 3.5
    return y


def _label(one: FormField) -> str:
    return f"{one.label} *" if one.required else one.label


def _height(one: FormField, room: float, *, bold: bool = True) -> float:
    return 4.2 * len(broken(_label(one), LABEL, room, bold=bold)) + 3.5 * len(broken(one.help, SMALL, room))


def _writing(flow: _Flow, row: Sequence[FormField]) -> None:
    wide = HALF if len(row) > 1 or _is_preset(row[0]) else FULL
    label = max(_height(one, wide) for one in row)
    lines = row[0].lines
    flow.room(label + min(lines, 3) * LINE + GAP)
    top = flow.y + label + 0.6
    for place, one in enumerate(row):
        x = LEFT + place * (HALF + COLUMN)
        _labelled(flow, one, x, wide)
        if _is_preset(one):
            _preset(flow.page, x, top, wide, _PRESET[one.type])
        elif lines == 1:
            flow.page.rules.append(Rule(x, top, wide, LINE))
    flow.y = top + (LINE if lines == 1 else 0) + (GAP if lines == 1 else 0)
    if lines > 1:
        _ruled(flow, lines)


def _is_preset(one: FormField) -> bool:
    return one.type in _PRESET


def _preset(page: Page, x: float, y: float, wide: float, parts: Sequence[str]) -> None:
    """A time is written part by part, so that nobody guesses which number is the month."""
    shares = [1.6 if part == "year" else 1.0 for part in parts]
    for part, share in zip(parts, shares, strict=True):
        cell = wide * share / sum(shares)
        page.rules.append(Rule(x, y, cell, LINE))
        page.words.append(Words(x + 0.8, y + LINE - 0.9, 6.0, part, soft=True))
        x += cell


def _ruled(flow: _Flow, lines: int) -> None:
    """Lines to write on, over as many pages as they need."""
    for _ in range(lines):
        flow.room(LINE)
        flow.page.rules.append(Rule(LEFT, flow.y + LINE, FULL))
        flow.y += LINE
    flow.y += GAP


def _table(flow: _Flow, one: FormField) -> None:
    flow.room(_height(one, FULL) + 6 + 2 * LINE)
    flow.y = _labelled(flow, one, LEFT, FULL) + 0.6
    shares = [_share(name) for name in one.columns]
    wide = [FULL * share / sum(shares) for share in shares]
    _table_head(flow, one, wide)
    for _ in range(one.lines):
        if flow.y + LINE > flow.bottom:
            flow.turn()
            _table_head(flow, one, wide)
        x = LEFT
        for cell in wide:
            flow.page.rules.append(Rule(x, flow.y, cell, LINE))
            x += cell
        flow.y += LINE
    flow.y += GAP


def _share(name: str) -> float:
    """A column that holds sentences is wide; one for a time, a number or initials is narrow."""
    narrow = ("time", "no.", "by", "count", "initials", "seal", "date", "born", "serial")
    return 1.0 if any(word in name.lower() for word in narrow) else 2.6


def _table_head(flow: _Flow, one: FormField, wide: Sequence[float]) -> None:
    x = LEFT
    for name, cell in zip(one.columns, wide, strict=True):
        flow.page.words.append(Words(x + 1, flow.y + 3.4, SMALL, name, bold=True))
        x += cell
    flow.y += 4.6


def _ticks(flow: _Flow, row: Sequence[FormField]) -> None:
    room = (HALF if len(row) > 1 else FULL) - TICK - 2
    tall = max(_height(one, room, bold=False) for one in row)
    flow.room(tall + GAP)
    for place, one in enumerate(row):
        x = LEFT + place * (HALF + COLUMN)
        flow.page.boxes.append(Box(one.name, "yes", x, flow.y))
        _labelled(flow, one, x + TICK + 2, room, bold=False)
    flow.y += max(tall, TICK) + GAP


def _grid(flow: _Flow, one: FormField) -> None:
    """A question on the left, its boxes in a column each on the right, so that a column of answers is seen at once."""
    tall = max(_height(one, GRID_LABEL, bold=False), TICK)
    flow.room(tall + GAP)
    _labelled(flow, one, LEFT, GRID_LABEL, bold=False)
    wide = (RIGHT - LEFT - GRID_LABEL - 3) / GRID_MOST
    for place, choice in enumerate(one.choices):
        x = LEFT + GRID_LABEL + 3 + place * wide
        flow.page.boxes.append(Box(one.name, choice, x, flow.y))
        flow.page.words.append(Words(x + TICK + 1.2, flow.y + 3.5, LABEL, choice))
    flow.y += tall + 1.1
    flow.page.rules.append(Rule(LEFT, flow.y, FULL))
    flow.y += 1.4


def _choice(flow: _Flow, one: FormField) -> None:
    rows: list[list[tuple[str, float]]] = [[]]
    x = LEFT
    for choice in one.choices:
        wide = TICK + 1.4 + width(choice, LABEL) + 7
        if x + wide > RIGHT + 7 and rows[-1]:
            rows.append([])
            x = LEFT
        rows[-1].append((choice, x))
        x += wide
    flow.room(_height(one, FULL) + len(rows) * 6.4 + GAP)
    flow.y = _labelled(flow, one, LEFT, FULL) + 1.0
    for row in rows:
        for choice, x in row:
            flow.page.boxes.append(Box(one.name, choice, x, flow.y))
            flow.page.words.append(Words(x + TICK + 1.4, flow.y + 3.5, LABEL, choice))
        flow.y += 6.4
    flow.y += GAP - 1
