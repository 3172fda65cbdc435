"""`/sheet?serial=`: the life of one sheet, for whoever asks where it is: all of its times and moves, nothing written on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.core.event import Recorded
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, Visitor, visitor_of
from cutover.web.words import MINUTE, moment, spelled
from paper_capture.domain.aside import HOLDABLE
from paper_capture.domain.stages import Stage
from paper_capture.images import PaperImages
from paper_capture.keeping import PaperKeeping
from paper_capture.tables import SheetRow

HOLDERS = (Role.KEYER, Role.SUPERVISOR)


class HoldForm(Form):
    """Who must answer, and what is asked."""

    owner: str
    reason: str


class FreeForm(Form):
    """What was answered."""

    answer: str


class LiveForm(Form):
    """Why its record is open."""

    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """One fact of its life."""

    at: str
    learnt: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class SheetPage:
    """What `sheet.html` reads; without a `serial` only the question. `held`, `live`: said of it; `may`: what its reader may do."""

    serial: str
    form: str
    stage: str
    station: str
    times: tuple[tuple[str, str], ...]
    moves: tuple[Move, ...]
    held: str = ""
    live: str = ""
    may: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SheetPages:
    """The page; what a restricted form says of itself is left to those who key it."""

    images: PaperImages
    programme: Programme
    clock: Clock

    def pages(self) -> tuple[Page, ...]:
        return (Page("/sheet", "paper_capture", "sheet.html", SheetPage, self._show),)

    def acts(self) -> Sequence[Act]:
        one, page = "/sheet/{serial}", "/sheet"
        return (
            Act(f"{one}/hold", "keep a sheet back", HoldForm, self._hold, page, roles=HOLDERS),
            Act(f"{one}/free", "free a kept-back sheet", FreeForm, self._free, page, roles=HOLDERS),
            Act(f"{one}/live", "say that a record goes on live", LiveForm, self._live, page, roles=(Role.SUPERVISOR,)),
        )  # fmt: skip

    def _hold(self, form: HoldForm, sent: Sent) -> Done:
        return self._did(
            sent, lambda door, s, by: door.hold([s], owner=form.owner, reason=form.reason, by=by)
        )

    def _free(self, form: FreeForm, sent: Sent) -> Done:
        return self._did(sent, lambda door, s, by: door.free([s], answer=form.answer, by=by))

    def _live(self, form: LiveForm, sent: Sent) -> Done:
        return self._did(sent, lambda door, s, by: door.go_on_live([s], reason=form.reason, by=by))

    def _did(self, sent: Sent, do: Callable[[PaperKeeping, str, str], Sequence[Recorded]]) -> Done:
        row = self.images.paper.sheet(sent["serial"])
        self._check(row, sent.visitor)
        do(PaperKeeping(self.images.paper), row.serial, sent.visitor.person)
        return Done(f"/sheet?serial={row.serial}", f"{row.serial}: recorded.")

    def _check(self, row: SheetRow, visitor: Visitor) -> None:
        """Raises Refused for a restricted form and who is not among its keyers."""
        person = self.programme.person(visitor.person)
        form = self.images.paper.form_of(row.serial)
        if form.restricted and (person is None or form.id not in person.skills):
            raise Refused(f"{row.serial}: is a restricted form, and you are not among its keyers")

    def _show(self, query: Query) -> SheetPage:
        """Raises Invalid for a serial that is none, NotFound for one that was never printed."""
        if not query.get("serial"):
            return SheetPage("", "", "", "", (), ())
        paper = self.images.paper
        row = paper.sheet(query["serial"])
        form = paper.form_of(row.serial)
        self._check(row, visitor_of(query))
        zone = self.programme.zone
        moves = tuple(
            Move(
                moment(fact.at, zone),
                moment(fact.recorded_at, zone) if fact.recorded_at - fact.at > MINUTE else "",
                spelled(fact.event.kind()),
                self.programme.name_of(fact.actor),
            )
            for fact in paper.history(row.serial)
        )
        stage = row.disposition or row.stage.replace("_", " ")
        station = next((s.title for s in self.programme.stations if s.id == row.station), row.station)
        return SheetPage(
            row.serial, form.title, stage, station, tuple(self._times(row)), moves,
            held_words(row, zone), _live(row, zone), _may(row, visitor_of(query)),
        )  # fmt: skip

    def _times(self, row: SheetRow) -> Iterator[tuple[str, str]]:
        """Occurred, written, logged, returned, scanned, keyed, converted: kept apart, each as somebody said it."""
        zone = self.programme.zone
        times = (
            ("happened", row.occurred_at),
            ("written", row.written_at),
            ("logged", row.logged_at),
            ("returned", row.returned_at),
        )
        yield from ((what, moment(at, zone)) for what, at in times if at)
        yield from ((f"page {i.page} scanned", moment(i.filed_at, zone)) for i in self.images.of(row.serial))
        for keying in row.keyings:
            yield f"pass {keying.pass_no} keyed", f"{moment(keying.at, zone)}, {keying.minutes:g} min"
        if row.disposed_at:
            yield f"{row.disposition} {row.reference}".strip(), moment(row.disposed_at, zone)


def held_words(row: SheetRow, zone: str) -> str:
    """For whom it is kept back, since when and why; '' when it is not."""
    held = row.held
    return f"kept back for {held.owner} since {moment(held.at, zone)}: {held.reason}" if held else ""


def _may(row: SheetRow, visitor: Visitor) -> frozenset[str]:
    """What this reader may do to it as it stands now."""
    may = set()
    if visitor.may_act and visitor.has(*HOLDERS):
        may |= {"free"} if row.held else {"hold"} if row.stage in HOLDABLE else set()
    if (
        visitor.may_act
        and visitor.has(Role.SUPERVISOR)
        and row.stage is Stage.USED
        and row.signed_over is None
    ):
        may.add("live")
    return frozenset(may)


def _live(row: SheetRow, zone: str) -> str:
    if over := row.signed_over:
        return f"handed over live as {over.reference}, signed by {over.signed_by}, {moment(over.at, zone)}"
    return (
        "its record is open: this paper is the master until its handover is signed"
        if row.stage is Stage.LIVE
        else ""
    )
