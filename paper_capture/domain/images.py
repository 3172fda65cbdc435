"""Which image stands for which page of which sheet, and what becomes of an image that nobody could place.

An image is known by its SHA-256. It is filed under a serial and a page that its own codes name, or a person names;
it never inherits them from the image before it. A later scan of a page supersedes the earlier one, which is kept.
What cannot be placed goes to quarantine with its reason and leaves it by a person's word only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value

MOST_PAGES = 40
PAGE = "*"  # what is referred when a whole page is


class Scan(BaseModel):
    """One image as it came: the file and page it was taken from, what it holds and how it is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    media: str = "image/png"
    source: str = Field(default="", description="SHA-256 of the file it came in")
    source_page: int = 1
    source_name: str = ""


class Marks(BaseModel):
    """What a machine saw in the boxes: a control, never the entry. What it will not say goes to a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    answers: dict[str, Value] = Field(default_factory=dict)
    referred: dict[str, str] = Field(default_factory=dict)
    grade: Grade | None = None


class PageFiled(Event):
    """An image stands for this page from now on; an earlier one is superseded and kept."""

    page: int
    pages: int
    scan: Scan
    marks: Marks | None = None


class PageQuarantined(Event):
    typed = frozenset({"reason"})
    scan: Scan
    reason: str


class QuarantinedPageFiled(Event):
    """A person saw which sheet and page it is."""

    typed = frozenset({"reason"})
    serial: str
    page: int
    reason: str


class QuarantinedPageDiscarded(Event):
    """A person saw that it is no page of ours; the image is kept."""

    typed = frozenset({"reason"})
    reason: str


class FilePage(Command):
    serial: str
    page: int
    pages: int
    scan: Scan
    marks: Marks | None = None


class QuarantinePage(Command):
    scan: Scan
    reason: str


class FileQuarantined(Command):
    serial: str
    page: int
    reason: str


class DiscardQuarantined(Command):
    reason: str


EVENTS: tuple[type[Event], ...] = (PageFiled, PageQuarantined, QuarantinedPageFiled, QuarantinedPageDiscarded)


@dataclass(frozen=True, slots=True)
class Filed:
    """An image in its place."""

    page: int
    scan: Scan
    marks: Marks | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class PagesState:
    """The images of one sheet: one live image a page at most, and those it superseded."""

    pages: int = 0
    live: Mapping[int, Filed] = field(default_factory=lambda: MappingProxyType({}))
    superseded: tuple[Filed, ...] = ()


def _decide_page(state: PagesState, command: FilePage, now: datetime) -> Sequence[Event]:
    del now
    reasons = []
    if not 1 <= command.pages <= MOST_PAGES or not 1 <= command.page <= command.pages:
        reasons.append(f"{command.serial}: page {command.page} of {command.pages} is no page")
    if state.pages and command.pages != state.pages:
        reasons.append(f"{command.serial}: has {state.pages} pages, not {command.pages}")
    if reasons:
        raise Refused(*reasons)
    lives = state.live.get(command.page)
    if lives is not None and lives.scan.sha256 == command.scan.sha256:
        return []
    return [PageFiled(page=command.page, pages=command.pages, scan=command.scan, marks=command.marks)]


def _evolve_page(state: PagesState, fact: Fact) -> PagesState:
    event = fact.event
    assert isinstance(event, PageFiled)  # the only fact of this stream
    filed = Filed(event.page, event.scan, event.marks, fact.at, fact.actor)
    before = state.live.get(event.page)
    return PagesState(
        event.pages,
        MappingProxyType({**state.live, event.page: filed}),
        (*state.superseded, before) if before is not None else state.superseded,
    )


PAGES = Machine("pages", PagesState(), _decide_page, _evolve_page)


class Held(StrEnum):
    UNSEEN = "unseen"
    HELD = "held"
    FILED = "filed"
    DISCARDED = "discarded"


QUARANTINES = Table(
    name="quarantined page",
    theory="an image that nobody could place leaves quarantine by a person's word only, and is kept whatever the word",
    stages=Held,
    start=Held.UNSEEN,
    terminal=frozenset({Held.FILED, Held.DISCARDED}),
    moves={
        (Held.UNSEEN, PageQuarantined): Held.HELD,
        (Held.HELD, QuarantinedPageFiled): Held.FILED,
        (Held.HELD, QuarantinedPageDiscarded): Held.DISCARDED,
    },
)


@dataclass(frozen=True, slots=True)
class QuarantineState:
    stage: Held = Held.UNSEEN
    scan: Scan | None = None
    reason: str = ""


def _decide_held(state: QuarantineState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case QuarantinePage():
            event: Event = PageQuarantined(scan=command.scan, reason=command.reason)
            if state.scan is not None:
                return []  # the same image again
        case FileQuarantined():
            event = QuarantinedPageFiled(serial=command.serial, page=command.page, reason=command.reason)
        case DiscardQuarantined():
            event = QuarantinedPageDiscarded(reason=command.reason)
        case _:
            raise Refused(f"quarantine: {type(command).__name__} is not known")
    QUARANTINES.next(state.stage, type(event))
    if not getattr(event, "reason", ""):
        raise Refused("an image leaves quarantine with a reason")
    return [event]


def _evolve_held(state: QuarantineState, fact: Fact) -> QuarantineState:
    stage = QUARANTINES.next(state.stage, type(fact.event))
    if isinstance(fact.event, PageQuarantined):
        return QuarantineState(stage, fact.event.scan, fact.event.reason)
    return replace(state, stage=stage)


QUARANTINE = Machine("quarantined page", QuarantineState(), _decide_held, _evolve_held)


def pages_stream(serial: str) -> str:
    return f"pages:{serial}"


def quarantine_stream(sha256: str) -> str:
    return f"quarantine:{sha256}"
