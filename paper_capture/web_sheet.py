"""`/sheet?serial=`: the life of one sheet, for whoever asks where it is: all of its times and moves, nothing written on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.domain.programme import Programme
from cutover.web.kit import Page, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import MINUTE, moment, spelled
from paper_capture.images import PaperImages
from paper_capture.tables import SheetRow


@dataclass(frozen=True, slots=True)
class Move:
    """One fact of its life."""

    at: str
    learnt: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class SheetPage:
    """What `sheet.html` reads; without a `serial` only the question."""

    serial: str
    form: str
    stage: str
    station: str
    times: tuple[tuple[str, str], ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class SheetPages:
    """The page; what a restricted form says of itself is left to those who key it."""

    images: PaperImages
    programme: Programme
    clock: Clock

    def pages(self) -> tuple[Page, ...]:
        return (Page("/sheet", "paper_capture", "sheet.html", SheetPage, self._show),)

    def _show(self, query: Query) -> SheetPage:
        """Raises Invalid for a serial that is none, NotFound for one that was never printed."""
        if not query.get("serial"):
            return SheetPage("", "", "", "", (), ())
        paper = self.images.paper
        row = paper.sheet(query["serial"])
        form = paper.form_of(row.serial)
        person = self.programme.person(visitor_of(query).person)
        if form.restricted and (person is None or form.id not in person.skills):
            raise Refused(f"{row.serial}: is a restricted form, and you are not among its keyers")
        zone = self.programme.zone
        moves = tuple(
            Move(
                moment(fact.at, zone),
                moment(fact.recorded_at, zone) if fact.recorded_at - fact.at > MINUTE else "",
                spelled(fact.event.kind()),
                fact.actor,
            )
            for fact in paper.history(row.serial)
        )
        stage = row.stage.replace("_", " ")
        return SheetPage(row.serial, form.title, stage, row.station, tuple(self._times(row)), moves)

    def _times(self, row: SheetRow) -> Iterator[tuple[str, str]]:
        """Occurred, written, logged, returned, scanned, keyed, converted: kept apart, each as somebody said it."""
        zone = self.programme.zone
        named = (
            ("happened", row.occurred_at),
            ("written", row.written_at),
            ("logged", row.logged_at),
            ("returned", row.returned_at),
        )
        yield from ((what, moment(at, zone)) for what, at in named if at)
        yield from ((f"page {i.page} scanned", moment(i.filed_at, zone)) for i in self.images.of(row.serial))
        for keying in row.keyings:
            yield f"pass {keying.pass_no} keyed", f"{moment(keying.at, zone)}, {keying.minutes:g} min"
        if row.disposed_at:
            yield f"{row.disposition} {row.reference}".strip(), moment(row.disposed_at, zone)
