"""What an assurance answer is made of: figures with the records behind them, and a verdict nobody can store.

The verdict is computed from the figures whenever it is read. An answer with no record behind any of its figures
is "no data"; one thing that speaks against it makes it "no"; only what is left is "yes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from pydantic import Field, computed_field

from contingency.domain.clearance import Forecast
from cutover.core.duration import show_duration
from cutover.domain.programme import Part

TIME = "%a %d %b %Y %H:%M %Z"  # how a report writes a moment
FEW = 40  # records of one figure that a printed page shows in full


class Standing(StrEnum):
    YES = "yes"
    NO = "no"
    NO_DATA = "no data"


class Record(Part):
    """One thing that was counted, and the journal position of its newest fact."""

    id: str
    title: str
    stream: str
    position: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def link(self) -> str:
        """Where the journal page shows it."""
        return f"/journal?stream={quote(self.stream, safe='')}#p{self.position}"


class Figure(Part):
    """One number: what it counts, the records that were counted, and what it says against the answer, if anything.

    `value` None: nobody knows. `listed`: the records stand beneath the answer and not only in the annex.
    """

    label: str
    value: int | float | str | None
    unit: str = ""
    records: tuple[Record, ...] = ()
    concern: str = ""
    listed: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def shown(self) -> str:
        """The value as people read it."""
        if self.value is None:
            return "no data"
        text = self.value if isinstance(self.value, str) else f"{self.value:,.1f}".removesuffix(".0")
        return f"{text} {self.unit}".strip()

    @property
    def long(self) -> bool:
        return len(self.records) > FEW


class Row(Part):
    """One bar: what it stands for, and its parts by their look in the order in which they are drawn."""

    label: str
    parts: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


class Bars(Part):
    """Figures side by side as a picture: what it shows in words, and what each look of a part means."""

    title: str
    says: str
    looks: dict[str, str]
    rows: tuple[Row, ...]
    most: float = Field(default=0, description="what the longest bar would be; 0: as long as the longest is")


class Answer(Part):
    """One of the six questions. `finding` is the sentence of numbers; `gaps` is what no figure can show."""

    number: int
    question: str
    finding: str
    figures: tuple[Figure, ...] = ()
    gaps: tuple[str, ...] = ()
    bars: Bars | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def concerns(self) -> tuple[str, ...]:
        """Everything that speaks against a yes."""
        return (*(f.concern for f in self.figures if f.concern), *self.gaps)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def standing(self) -> Standing:
        if not any(figure.records for figure in self.figures):
            return Standing.NO_DATA
        return Standing.NO if self.concerns else Standing.YES

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> str:
        """One sentence, from the numbers."""
        if self.standing is Standing.NO_DATA:
            return "No data: nothing in the journal bears on this question, and that is not a yes."
        return f"{self.standing.capitalize()}: {self.finding}"

    @property
    def against(self) -> str:
        """What speaks against a yes, the first of it in full: a "no" is never read without its reason."""
        first, *more = self.concerns or ("",)
        return f"{first}; and {len(more)} more" if more else first

    def anchor(self, figure: Figure) -> str:
        """The id of the list of records behind one of its figures."""
        return f"records-{self.number}-{self.figures.index(figure) + 1}-{slug(figure.label)}"


class Assurance(Part):
    """The six answers as they stood at one position of the journal, what limits them first."""

    title: str
    zone: str
    opens: datetime
    closes: datetime
    made_at: datetime
    checkpoint: str = Field(description="head of the journal before anything was read: <position>:<hash>")
    caveats: tuple[str, ...]
    answers: tuple[Answer, ...]
    forecast: Forecast | None = Field(default=None, exclude=True, description="for the picture of question 3")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def holds(self) -> bool:
        """Every answer is a yes."""
        return all(answer.standing is Standing.YES for answer in self.answers)


def count(
    label: str, records: Iterable[Record], concern: tuple[str, str] | None = None, *, listed: bool = False
) -> Figure:
    """A figure that is the number of its records; `concern` is said when there are any: of one, of several."""
    found = tuple(records)
    said = so_many(len(found), *concern) if concern and found else ""
    return Figure(label=label, value=len(found), records=found, concern=said, listed=listed)


def age(span: timedelta) -> str:
    """Whole minutes, or hours once it has been a week."""
    unit = timedelta(hours=1) if span >= timedelta(days=7) else timedelta(minutes=1)
    return show_duration(span // unit * unit)


def so_many(number: int, one: str, many: str = "") -> str:
    """'1 form', '3 forms', '2 boxes'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def words(name: str) -> str:
    return name.replace("_", " ")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "figure"
