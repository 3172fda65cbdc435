"""The only door to paper: print, issue, log, void, return, key, adjudicate, dispose, and account for all of it.

Every call is one transaction: all of its sheets move or none does. Its keys come from serial, move and content, so
a call repeated after a crash changes nothing, and the same move with other content is refused by the sheet itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cutover.core.errors import Conflict, Invalid, NotFound, Problem, Refused
from cutover.core.event import Event, Recorded
from cutover.domain.programme import NAMED
from cutover.store.chain import canonical
from cutover.store.desk import Ask, Desk
from paper_capture.batch_tables import batch_rows
from paper_capture.conflict_tables import conflict_rows
from paper_capture.domain.aside import EVENTS as ASIDE
from paper_capture.domain.batches import EVENTS as BATCH_EVENTS
from paper_capture.domain.closing import closing
from paper_capture.domain.conflicts import EVENTS as CONFLICTS
from paper_capture.domain.form import Form
from paper_capture.domain.images import EVENTS as IMAGES
from paper_capture.domain.keeping import EVENTS as KEEPING
from paper_capture.domain.moves import EVENTS as MOVES
from paper_capture.domain.moves import (
    AdjudicateSheet,
    DeclareMissing,
    DisposeSheet,
    Disposition,
    EnterPass,
    Entry,
    HandBackUnused,
    IssueSheet,
    LogUsed,
    PrintSheet,
    ReturnSheet,
    SheetCommand,
    SpoilSheet,
    UsedSheet,
)
from paper_capture.domain.passes import Value
from paper_capture.domain.register import Account, Register, SeenImage, account
from paper_capture.domain.serial import Block, parse_serial
from paper_capture.domain.sheet import SHEET, SheetState, sheet_stream
from paper_capture.domain.stationery import EVENTS as BLOCKS
from paper_capture.domain.stationery import (
    STATIONERY,
    BlockIssued,
    BlockPrinted,
    IssueBlock,
    PrintBlock,
    StationeryState,
    check_count,
    stationery_stream,
)
from paper_capture.domain.views import EVENTS as VIEWS
from paper_capture.domain.views import (
    LOOKS,
    PrintRestricted,
    RestrictedSheetsPrinted,
    ViewRestricted,
    looks_stream,
)
from paper_capture.image_tables import image_rows
from paper_capture.tables import SheetRow, block_rows, count_sheets, sheet_rows

EVENTS: tuple[type[Event], ...] = (
    *MOVES,
    *ASIDE,
    *BLOCKS,
    *KEEPING,
    *IMAGES,
    *BATCH_EVENTS,
    *VIEWS,
    *CONFLICTS,
)
T = TypeVar("T")
R = TypeVar("R")
Plan = Callable[[StationeryState], tuple[Block, list[Ask]]]
STATION_NAME = "letters, digits, '.', '_' and '-', such as north-quay"


@dataclass(frozen=True, slots=True)
class Disposal:
    """What became of one verified sheet, and on whose word."""

    serial: str
    disposition: str
    reference: str
    by: str
    reason: str = ""
    key: str | None = None


class PaperService:
    """Paper of one programme. Serials are given and returned as text; every sheet call raises Invalid for a bad one.

    Where `stations` are known, sheets go to no other: paper that went to a slip of the keyboard is lost paper.
    """

    def __init__(self, desk: Desk, forms: Mapping[str, Form], stations: Collection[str] = ()) -> None:
        self.desk = desk
        self.forms = forms
        self.stations = frozenset(stations)
        self.by_prefix = {form.prefix: form for form in forms.values()}

    def print_block(self, *, form_type: str, count: int, by: str, key: str | None = None) -> list[str]:
        """Print the next `count` numbers into stock. The same key again answers the same serials."""
        form = self.form(form_type)

        def plan(state: StationeryState) -> tuple[Block, list[Ask]]:
            block = Block(form.prefix, state.printed + 1, count)
            return block, self._print(form, block, by, key)

        return self._take(form, count, "", key, plan)

    def issue(
        self, *, station: str, form_type: str, count: int, by: str, key: str | None = None
    ) -> list[str]:
        """Hand a station its next `count` sheets, printing what stock lacks. The same key again answers the same serials."""
        form = self.form(form_type)
        self.check_station(station)

        def plan(state: StationeryState) -> tuple[Block, list[Ask]]:
            lack, block = count - state.stock, Block(form.prefix, state.issued + 1, count)
            asks = self._print(form, Block(form.prefix, state.printed + 1, lack), by) if lack > 0 else []
            of = {"form_type": form.id, "prefix": form.prefix, "first": block.first, "count": count}
            wish = IssueBlock.model_validate({**of, "by": by, "station": station})
            sheets = [self._ask(IssueSheet(by=by, serial=str(serial), station=station)) for serial in block]
            return block, [*asks, Ask(STATIONERY, stationery_stream(form.id), wish, key), *sheets]

        return self._take(form, count, station, key, plan)

    def check_station(self, station: str) -> None:
        """Raises NotFound for a station the programme does not declare; where it declares none, Invalid for no name."""
        if self.stations and station not in self.stations:
            raise NotFound("station", station, sorted(self.stations))
        if not re.fullmatch(NAMED, station):  # files and links are named by it
            raise Invalid(Problem(f"'{station}' names no station", field="station", expected=STATION_NAME))

    def log_used(
        self, entries: Sequence[UsedSheet], *, by: str, at: datetime | None = None
    ) -> list[Recorded]:
        """Record what a station wrote. Field values may be incomplete; the grade is never lower than the ticks demand."""
        return self._move(_each(entries, lambda entry: self.used(entry, by=by)), "used", at)

    def used(self, entry: UsedSheet, *, by: str) -> LogUsed:
        """What logging a sheet asks for. Raises Invalid for a serial or a value that is none."""
        serial, form = self._known(entry.serial)
        values = self._as_printed(serial, form).check(entry.values, of=serial, partial=True)
        grade = form.grade(values, entry.grade)
        known = entry.model_copy(update={"serial": serial, "values": values, "grade": grade})
        return LogUsed(by=by, serial=serial, used=known)

    def asking(self, wish: SheetCommand, move: str, at: datetime | None = None, key: str = "") -> Ask:
        """One wish with its key, for whoever asks for several things at once."""
        return self._ask(wish, f"paper:{wish.serial}:{move}:{key}" if key else _key(wish, move), at)

    def viewed(self, serial: str, what: str, *, by: str) -> None:
        """Record who is about to be shown a sheet of a restricted or watched form; of others nothing is recorded."""
        known, form = self._known(serial)
        if form.restricted or form.watched:
            self.desk.ask(LOOKS, looks_stream(known), ViewRestricted(by=by, what=what))

    def printed_restricted(self, form: Form, serials: Sequence[str], *, station: str, by: str) -> None:
        """Record who is about to have sheets of a restricted form printed, each time anew."""
        first, last = serials[0], serials[-1]
        event = RestrictedSheetsPrinted(station=station, first=first, last=last, count=len(serials))
        self.desk.ask(LOOKS, looks_stream(form.id), PrintRestricted(by=by, printed=event))

    def spoil(self, serial: str, *, by: str, reason: str, at: datetime | None = None) -> list[Recorded]:
        """Void an unused sheet, which is kept."""
        return self._move([SpoilSheet(by=by, serial=self._known(serial)[0], reason=reason)], "spoiled", at)

    def declare_missing(self, serial: str, *, by: str, decided_by: str, reason: str) -> list[Recorded]:
        """Give a sheet up for lost, on the word of a named decision-maker."""
        return self._move(
            [DeclareMissing(by=by, serial=self._known(serial)[0], decided_by=decided_by, reason=reason)],
            "missing",
        )

    def return_unused(self, serials: Sequence[str], *, by: str, at: datetime | None = None) -> list[Recorded]:
        """Take back blank sheets."""
        return self._move(
            [HandBackUnused(by=by, serial=s) for s, _ in _each(serials, self._known)], "unused", at
        )

    def return_sheets(self, serials: Sequence[str], *, by: str, at: datetime | None = None) -> list[Recorded]:
        """Take in used sheets for keying."""
        return self._move(
            [ReturnSheet(by=by, serial=s) for s, _ in _each(serials, self._known)], "returned", at
        )

    def enter(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Record passes, each on its keyer's name; the last pass that a form asks for verifies it or finds discrepancies."""

        def wish(entry: Entry) -> SheetCommand:
            serial, form = self._known(entry.serial)
            values = self._as_keyed(serial, form, entry)
            keyed = entry.model_copy(update={"serial": serial, "values": values})
            return EnterPass(by=entry.keyer, serial=serial, entry=keyed, once=form.keyed_once)

        return self._move(_each(entries, wish), "keyed")

    def adjudicate(self, serial: str, *, by: str, values: Mapping[str, Value]) -> list[Recorded]:
        """Decide the discrepancies of two passes; by a third person, from the paper."""
        known, form = self._known(serial)
        read = self._as_printed(known, form).check(values, of=known, partial=True)
        read |= {
            name: None for name, value in values.items() if value in (None, "")
        }  # the paper is empty there
        return self._move([AdjudicateSheet(by=by, serial=known, values=read)], "adjudicated")

    def dispose(
        self,
        serial: str,
        *,
        disposition: str,
        reference: str,
        by: str,
        reason: str = "",
        key: str | None = None,
    ) -> list[Recorded]:
        """Record what became of a verified sheet in the target: converted, merged, linked or rejected."""
        return self.dispose_all([Disposal(serial, disposition, reference, by, reason, key)])

    def dispose_all(self, disposals: Sequence[Disposal]) -> list[Recorded]:
        """Record what became of many sheets, all or none."""
        return self.desk.ask_all(self.disposing(disposals))

    def disposing(self, disposals: Sequence[Disposal]) -> list[Ask]:
        """The same as wishes, for whoever writes it down together with what led to it."""
        if wrong := [d for d in disposals if d.disposition not in set(Disposition)]:
            raise Invalid(
                *(
                    Problem(
                        f"'{d.disposition}' is not a disposition",
                        field="disposition",
                        expected=", ".join(Disposition),
                    )
                    for d in wrong
                )
            )
        asks = []
        for d in disposals:
            wish = DisposeSheet(
                by=d.by,
                serial=self._known(d.serial)[0],
                disposition=Disposition(d.disposition),
                reference=d.reference,
                reason=d.reason,
            )
            asks.append(self._ask(wish, d.key or _key(wish, "disposed")))
        return asks

    def count(self, stages: Sequence[str]) -> int:
        """How many sheets are in any of these stages."""
        return count_sheets(self.desk.journal.engine, stages)

    def sheets(self, stages: Sequence[str] | None = None, form_type: str | None = None) -> list[SheetRow]:
        """The register, in order of serial."""
        return sheet_rows(self.desk.journal.engine, stages, form_type)

    def sheet(self, serial: str) -> SheetRow:
        """One sheet. Raises NotFound for a number that was never printed."""
        known = self._known(serial)[0]
        rows = sheet_rows(self.desk.journal.engine, serial=known)
        if not rows:
            raise NotFound("sheet", known)
        return rows[0]

    def state(self, serial: str) -> tuple[str, SheetState]:
        """A sheet's whole number and how it is in the journal now; one that was never printed is unprinted."""
        known = self._known(serial)[0]
        return known, self.desk.state(SHEET, sheet_stream(known))

    def history(self, serial: str) -> list[Recorded]:
        """Every move of one sheet: who, when, where and why."""
        return self.desk.journal.read(sheet_stream(self._known(serial)[0]))

    def account(self, target_records: Mapping[str | None, Sequence[str]] | None = None) -> Account:
        """Where every serial is, and which identities hold. `target_records`: serial (None: without one) to references."""
        return account(self.register(target_records))

    def register(self, target_records: Mapping[str | None, Sequence[str]] | None = None) -> Register:
        """All there is to hold against each other, as it stands now."""
        engine = self.desk.journal.engine
        printed, issued, destroyed = block_rows(engine)
        return Register(
            printed, issued, {row.serial: row for row in self.sheets()}, target_records,
            {form.id: form.prefix for form in self.forms.values()}, destroyed, batch_rows(engine), self.seen(),
            {form.id: frozenset(f.name for f in form.marked) for form in self.forms.values()}, conflict_rows(engine),
        )  # fmt: skip

    def seen(self, serials: Sequence[str] | None = None) -> dict[str, list[SeenImage]]:
        """Every image of these sheets, or of all, superseded ones too."""
        found: dict[str, list[SeenImage]] = {}
        for i in image_rows(self.desk.journal.engine, serials, live=False):
            image = SeenImage(i.page, i.pages, i.sha256, i.live, i.filed_at, i.marks)
            found.setdefault(i.serial, []).append(image)
        return found

    def form(self, form_type: str) -> Form:
        """A form by its id. Raises NotFound."""
        if form_type not in self.forms:
            raise NotFound("form", form_type, self.forms)
        return self.forms[form_type]

    def form_of(self, serial: str) -> Form:
        """The form as it was when this sheet was printed. Raises Invalid for a serial that is none."""
        return self._as_printed(*self._known(serial))

    def _as_printed(self, serial: str, form: Form) -> Form:
        """What the sheet in hand asks for: fields that came with a later version are not on it."""
        if form.version == 1:
            return form
        return form.at(self.desk.state(SHEET, sheet_stream(serial)).form_version)

    def _as_keyed(self, serial: str, form: Form, entry: Entry) -> dict[str, Value]:
        """The answers of a pass; a second one may leave out what its form has keyed once."""
        asked = self._as_printed(serial, form)
        if form.keyed_once and self.desk.state(SHEET, sheet_stream(serial)).keyings:
            spared = [f.model_copy(update={"required": False}) if f.passes == 1 else f for f in asked.fields]
            asked = asked.model_copy(update={"fields": tuple(spared)})
        return asked.check(entry.values, of=serial)

    def known(self, text: str) -> str:
        """A serial as it is written down. Raises Invalid."""
        return self._known(text)[0]

    def _known(self, text: str) -> tuple[str, Form]:
        serial = parse_serial(text, self.by_prefix)
        return str(serial), self.by_prefix[serial.prefix]

    def _done(self, key: str | None, form: Form, count: int, station: str = "") -> list[str]:
        """The serials once given out under this key. Raises Conflict when it was for something else."""
        facts = self.desk.journal.keyed(key) if key else []
        if not facts:
            return []
        event = facts[0].event
        if isinstance(event, BlockPrinted | BlockIssued):
            to = event.station if isinstance(event, BlockIssued) else ""
            if (event.form_type, event.count, to) == (form.id, count, station):
                return [str(serial) for serial in Block(form.prefix, event.first, event.count)]
        raise Conflict(f"key '{key}' was used before for something else (position {facts[0].position})")

    def _take(self, form: Form, count: int, station: str, key: str | None, plan: Plan) -> list[str]:
        """Ask for the next free numbers until they are ours: each time we were late, somebody else got theirs."""
        check_count(form.id, count)
        while True:
            if done := self._done(key, form, count, station):
                return done
            state = self.desk.state(STATIONERY, stationery_stream(form.id))
            block, asks = plan(state)
            try:
                self.desk.ask_all(asks)
            except (Conflict, Refused):
                if self.desk.state(STATIONERY, stationery_stream(form.id)) == state:
                    raise  # nobody was quicker: the answer is no
            else:
                return [str(serial) for serial in block]

    def _print(self, form: Form, block: Block, by: str, key: str | None = None) -> list[Ask]:
        of = {"form_type": form.id, "prefix": form.prefix, "first": block.first, "count": block.count}
        policy = {"form_type": form.id, "form_version": form.version, "passes": form.passes, "by": by}
        wish = Ask(STATIONERY, stationery_stream(form.id), PrintBlock.model_validate({**of, "by": by}), key)
        return [wish, *(self._ask(PrintSheet.model_validate({**policy, "serial": str(s)})) for s in block)]

    def _move(self, wishes: Sequence[SheetCommand], move: str, at: datetime | None = None) -> list[Recorded]:
        return self.desk.ask_all([self._ask(wish, _key(wish, move), at) for wish in wishes])

    def _ask(self, wish: SheetCommand, key: str | None = None, at: datetime | None = None) -> Ask:
        then = closing(wish, self._known(wish.serial)[1])
        return Ask(SHEET, sheet_stream(wish.serial), wish, key, at, then=then)


def _each(items: Sequence[T], read: Callable[[T], R]) -> list[R]:
    """Read every item. Raises Invalid with the problems of all of them at once."""
    done: list[R] = []
    problems: list[Problem] = []
    for item in items:
        try:
            done.append(read(item))
        except Invalid as error:
            problems += error.problems
    if problems:
        raise Invalid(*problems)
    return done


def _key(wish: SheetCommand, move: str) -> str:
    """Serial, move and a digest of what was said: repeated it is the same key, said otherwise it is another."""
    said = hashlib.sha256(canonical(wish.model_dump(mode="json")).encode()).hexdigest()[:16]
    return f"paper:{wish.serial}:{move}:{said}"
