"""The journal as a page for auditors: every fact in order, read-only, each with an address of its own (`#p123`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover.core.clock import show
from cutover.core.errors import Invalid, Problem
from cutover.core.event import Event, Recorded
from cutover.store.journal import Journal
from cutover.web.kit import KIT, Page, Query

FACTS = 200  # on one page
_LONGEST = 90  # letters of one value in a summary
_TIME = "%a %d %b %H:%M:%S %Z"


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact as a line: `learnt` is when it was recorded, where that is not when it happened."""

    position: int
    at: str
    learnt: str
    actor: str
    kind: str
    stream: str
    summary: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """What `journal.html` reads."""

    zone: str
    stream: str
    lines: tuple[FactLine, ...]
    head: str
    older: str
    newer: str


def journal_page(journal: Journal, zone: str) -> Page:
    """`/journal?after=&stream=`: without `after`, the newest facts."""

    def build(query: Query) -> JournalPage:
        return _build(journal, zone, query.get("stream", ""), query.get("after", ""))

    return Page("/journal", KIT, "journal.html", JournalPage, build, label="Journal")


def fact_line(fact: Recorded, zone: str) -> FactLine:
    """A fact as people of `zone` read it."""
    late = fact.recorded_at.replace(microsecond=0) != fact.at.replace(microsecond=0)
    learnt = show(fact.recorded_at, zone, _TIME) if late else ""
    return FactLine(
        fact.position,
        show(fact.at, zone, _TIME),
        learnt,
        fact.actor,
        fact.event.kind(),
        fact.stream,
        summary(fact.event),
    )


def summary(event: Event) -> str:
    """The body of any event on one line: short values as they are, long ones cut, nested ones counted."""
    body = event.model_dump(mode="json")
    return " · ".join(f"{name}: {_brief(value)}" for name, value in body.items() if value not in ("", None))


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        plain = all(isinstance(v, str | int | float | bool | None) for v in value.values())
        if not plain or len(value) > 4:  # noqa: PLR2004  as many as a line takes
            return f"({len(value)} values)"
        return ", ".join(f"{k} {_brief(v)}" for k, v in value.items())
    if isinstance(value, list):
        few = len(value) <= 4 and all(isinstance(v, str | int | float) for v in value)  # noqa: PLR2004
        return ", ".join(map(_brief, value)) if few else f"({len(value)} entries)"
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _build(journal: Journal, zone: str, stream: str, after: str) -> JournalPage:
    if after and not after.isdecimal():
        raise Invalid(Problem(f"'{after}' is not a position", field="after", expected="a whole number"))
    head = journal.head()
    facts = journal.read(stream) if stream else []
    if after:
        start = int(after)
        page = [f for f in facts if f.position > start][:FACTS] if stream else journal.tail(start, FACTS)
    else:
        page = facts[-FACTS:] if stream else journal.tail(max(0, head.position - FACTS), FACTS)
    first, last = (page[0].position, page[-1].position) if page else (1, head.position)
    end = facts[-1].position if facts else head.position
    return JournalPage(
        zone,
        stream,
        tuple(fact_line(fact, zone) for fact in page),
        str(head),
        str(max(0, first - 1 - FACTS)) if first > (facts[0].position if facts else 1) else "",
        str(last) if last < end else "",
    )
