"""Which record goes next, what the target already holds, what became of each: the only door to back-conversion.

A batch is written down before anything is sent (one transaction: begun, or matched and left for a person), then
sent, then its outcomes are written down (one transaction) and the sheets disposed of. Whatever a crash leaves
without an outcome is settled by asking the target for the serial.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.domain.conversion import (
    CONVERSION,
    CONVERSIONS,
    DISPOSITIONS,
    BeginConversion,
    Candidate,
    DismissMatch,
    LinkRecord,
    MergeRecord,
    Progress,
    RecordOutcome,
    RejectRecord,
    ReportMatch,
    conversion_stream,
)
from contingency.domain.duplicates import WINDOW, Likeness, Sighting, candidates
from contingency.domain.triage import Ranked, order
from contingency.files import PlayBook
from contingency.rooms import Conversation, Receipt, SheetSeen, Stationery, Target
from contingency.sheets import held_sightings, outgoing, sighting, waiting
from contingency.tables import ConversionRow, conversion_rows
from cutover.core.clock import Pace
from cutover.core.errors import NotFound, Unavailable
from cutover.core.event import Command
from cutover.store.desk import Ask, Desk
from paper_capture.service import Disposal

READY = ("verified",)
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch, by serial; `unanswered` are begun and wait for `settle`, `left` still wait."""

    converted: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class OneToOne:
    """Conversions against target records, both ways: holds only when every list is empty."""

    converted: int
    in_target: int
    not_in_target: tuple[str, ...]
    not_converted: tuple[str, ...]
    twice_in_target: tuple[str, ...]
    other_reference: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.not_in_target or self.not_converted or self.twice_in_target or self.other_reference)


@dataclass(frozen=True, slots=True)
class _Pile:
    """The verified sheets not yet disposed of, and how far each has come."""

    sheets: Mapping[str, SheetSeen]
    rows: Mapping[str, ConversionRow]

    @property
    def ready(self) -> dict[str, SheetSeen]:
        """Those that nobody has begun, matched or concluded."""
        free = self.dismissed | (self.sheets.keys() - self.rows.keys())
        return {serial: sheet for serial, sheet in self.sheets.items() if serial in free}

    @property
    def dismissed(self) -> set[str]:
        return {serial for serial, row in self.rows.items() if row.progress is Progress.DISTINCT}

    @property
    def begun(self) -> dict[str, ConversionRow]:
        """Those that may be in the target: no outcome is on record."""
        return {serial: row for serial, row in self.rows.items() if row.progress is Progress.BEGUN}

    @property
    def undisposed(self) -> list[ConversionRow]:
        """Those with an outcome that their sheet does not say yet."""
        return [row for row in self.rows.values() if row.progress in CONVERSIONS.terminal]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A batch before it is sent: what to begin, what a person must look at, what waits for the next batch."""

    begin: tuple[SheetSeen, ...]
    matched: dict[str, tuple[Likeness, ...]]
    held_back: tuple[str, ...]


class ConversionService:
    """Takes verified sheets into the target, highest risk first, each once."""

    def __init__(
        self, desk: Desk, plays: PlayBook, paper: Stationery, target: Target, *, window: timedelta = WINDOW
    ) -> None:
        self.desk = desk
        self.book = plays
        self.paper = paper
        self.target = target
        self.window = window

    def queue(self, now: datetime | None = None) -> list[Ranked]:
        """Verified sheets that can be sent, in the order in which they will be; matched ones wait for a person."""
        return self._ranked(self._pile().ready.values(), now or self.desk.clock.now())

    def matches(self) -> list[tuple[str, tuple[Candidate, ...]]]:
        """The serials that wait for a person, each with the records it may be."""
        streams = ((row.serial, conversion_stream(row.serial)) for row in self._rows([Progress.MATCHED]))
        return [(serial, self.desk.state(CONVERSION, stream).candidates) for serial, stream in streams]

    def status(self) -> dict[str, int]:
        """How many serials stand where."""
        counts = Counter(str(row.progress) for row in self._rows())
        counts[str(Progress.WAITING)] += len(self._pile().ready) - counts[str(Progress.DISTINCT)]
        return {str(progress): counts[str(progress)] for progress in Progress}

    async def convert_batch(self, limit: int = 200, *, by: str, pace: Pace | None = None) -> BatchReport:
        """Take the next `limit` sheets into the target; first settles what an earlier batch left open.

        A target that does not answer leaves its records begun (`unanswered`); nothing is lost and nothing sent blindly.
        """
        async with _still(pace), self.target.open() as line:
            pile = self._pile()
            if await self._settle(line, pile):
                pile = self._pile()
            ready = pile.ready
            ranked = self._ranked(ready.values(), self.desk.clock.now())[:limit]
            plan = await self._plan(line, [ready[r.item.id] for r in ranked], pile.dismissed)
            self._write_down(plan, by)
            receipts = await self._send(line, [(sheet, by, sheet.serial) for sheet in plan.begin])
            self._conclude({serial: (by, receipt) for serial, receipt in receipts.items()})
        left = len(ready) - len(plan.begin) - len(plan.matched)
        return _report(plan, receipts, left)

    async def settle(self, *, pace: Pace | None = None) -> tuple[str, ...]:
        """Give every begun conversion its outcome, by asking the target; returns the serials settled.

        One that the target does not know is sent again under its own key. Raises Unavailable when the target is silent.
        """
        async with _still(pace), self.target.open() as line:
            return await self._settle(line, self._pile())

    def confirm_match(self, serial: str, *, merge_into: str, by: str) -> None:
        """A person says it is the same event: the record stays as it is, the paper is its second source."""
        self._decide(serial, MergeRecord(by=by, reference=merge_into))

    def link(self, serial: str, *, to: str, by: str) -> None:
        """A person says that it belongs with a record: nothing is created."""
        self._decide(serial, LinkRecord(by=by, reference=to))

    def dismiss_match(self, serial: str, *, by: str, reason: str) -> None:
        """A person says it is another event: it goes back into the queue."""
        self._decide(serial, DismissMatch(by=by, reason=reason))

    async def one_to_one(self, *, pace: Pace | None = None) -> OneToOne:
        """Compare conversions with the target's records, serial by serial, both ways."""
        held = {
            serial: refs
            for serial, refs in (await self.target_records(pace=pace)).items()
            if serial is not None
        }
        ours = {row.serial: row.reference for row in self._rows([Progress.CONVERTED])}
        return OneToOne(
            converted=len(ours),
            in_target=sum(len(refs) for refs in held.values()),
            not_in_target=tuple(sorted(ours.keys() - held.keys())),
            not_converted=tuple(sorted(held.keys() - ours.keys())),
            twice_in_target=tuple(sorted(serial for serial, refs in held.items() if len(refs) > 1)),
            other_reference=tuple(sorted(s for s in ours.keys() & held.keys() if ours[s] not in held[s])),
        )

    async def target_records(self, *, pace: Pace | None = None) -> dict[str | None, list[str]]:
        """The target's references by serial (None: keyed straight in)."""
        async with _still(pace), self.target.open() as line:
            held = await line.held()
        by_serial: dict[str | None, list[str]] = defaultdict(list)
        for record in held:
            by_serial[record.serial].append(record.reference)
        return dict(by_serial)

    async def _plan(
        self, line: Conversation, sheets: Sequence[SheetSeen], dismissed: Collection[str]
    ) -> _Plan:
        """Match before create, against the target and within the batch; a person's "another event" stands."""
        held = await self._held(line, sheets)
        begin: list[SheetSeen] = []
        taken: list[Sighting] = []
        matched: dict[str, tuple[Likeness, ...]] = {}
        held_back: list[str] = []
        for sheet in sheets:
            seen, asked = sighting(sheet), sheet.serial not in dismissed
            if asked and (found := candidates(seen, held.get(sheet.form_type, ()), window=self.window)):
                matched[sheet.serial] = found
            elif asked and candidates(seen, taken, window=self.window):
                held_back.append(
                    sheet.serial
                )  # alike within the batch: the next batch finds it in the target
            else:
                begin.append(sheet)
                taken.append(seen)
        return _Plan(tuple(begin), matched, tuple(held_back))

    async def _held(self, line: Conversation, sheets: Sequence[SheetSeen]) -> dict[str, tuple[Sighting, ...]]:
        """One question a form type and batch: what the target holds of it over the batch's span."""
        times: dict[str, list[datetime]] = defaultdict(list)
        for sheet in sheets:
            times[sheet.form_type].append(sighting(sheet).occurred_at)
        found = {}
        for form, at in times.items():
            found[form] = held_sightings(await line.held(form, min(at) - self.window, max(at) + self.window))
        return found

    def _write_down(self, plan: _Plan, by: str) -> None:
        wishes: list[tuple[str, Command]] = [
            (s.serial, BeginConversion(by=by, key=s.serial)) for s in plan.begin
        ]
        for serial, found in plan.matched.items():
            seen = tuple(Candidate(reference=f.ref, score=f.score, reason=f.reason) for f in found)
            wishes.append((serial, ReportMatch(by=by, candidates=seen)))
        self._ask_all(wishes)

    async def _send(
        self, line: Conversation, begun: Sequence[tuple[SheetSeen, str, str]]
    ) -> dict[str, Receipt | None]:
        """Send begun records (sheet, by, key), several at once; None for one whose answer never came."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def send(sheet: SheetSeen, by: str, key: str) -> tuple[str, Receipt | None]:
            async with turn:
                try:
                    return sheet.serial, await line.create(outgoing(sheet, by), key)
                except Unavailable:
                    return sheet.serial, None

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(send(*one)) for one in begun]
        return dict(task.result() for task in tasks)

    async def _settle(self, line: Conversation, pile: _Pile) -> tuple[str, ...]:
        """Probe what was begun and has no outcome, send what never arrived, dispose of what has an outcome."""
        self._dispose(pile.undisposed)
        begun = pile.begun
        held = {serial: await line.by_serial(serial) for serial in begun}
        known = {serial: Receipt(found[0].reference, attempts=0) for serial, found in held.items() if found}
        self._conclude(
            {serial: (begun[serial].by, receipt) for serial, receipt in known.items()}, probed=True
        )
        again = [
            (pile.sheets[serial], begun[serial].by, begun[serial].key)
            for serial in begun
            if serial not in known
        ]
        receipts = await self._send(line, again)
        self._conclude({serial: (begun[serial].by, receipt) for serial, receipt in receipts.items()})
        if silent := [serial for serial, receipt in receipts.items() if receipt is None]:
            raise Unavailable(f"the target gave no answer for {len(silent)} records: {', '.join(silent[:5])}")
        return tuple(begun)

    def _conclude(self, receipts: Mapping[str, tuple[str, Receipt | None]], *, probed: bool = False) -> None:
        """Record the outcomes, then dispose of the sheets; a sheet not reached is reached by the next settle."""
        wishes = [
            (serial, _outcome(receipt, by, probed=probed))
            for serial, (by, receipt) in receipts.items()
            if receipt is not None
        ]
        self._ask_all(wishes)
        self._dispose(self._rows(CONVERSIONS.terminal, [serial for serial, _ in wishes]))

    def _dispose(self, rows: Iterable[ConversionRow]) -> None:
        disposals = [
            Disposal(
                row.serial,
                str(DISPOSITIONS[row.progress]),
                row.reference,
                row.by,
                row.reason if row.progress is Progress.REJECTED else "",
            )
            for row in rows
        ]
        if disposals:
            self.paper.dispose_all(disposals)

    def _decide(self, serial: str, command: Command) -> None:
        if not self._rows(serials=[serial]):
            raise NotFound("conversion", serial, (row.serial for row in self._rows()))
        self._ask_all([(serial, command)])
        self._dispose(self._rows(CONVERSIONS.terminal, [serial]))

    def _pile(self) -> _Pile:
        sheets = {sheet.serial: sheet for sheet in self.paper.sheets(READY)}
        return _Pile(sheets, {row.serial: row for row in self._rows(serials=list(sheets))})

    def _ranked(self, sheets: Iterable[SheetSeen], now: datetime) -> list[Ranked]:
        return order((waiting(sheet, self.book.clocks, now) for sheet in sheets), now, self.book.triage)

    def _rows(
        self, progress: Iterable[Progress] | None = None, serials: Iterable[str] | None = None
    ) -> list[ConversionRow]:
        return conversion_rows(self.desk.journal.engine, progress, serials)

    def _ask_all(self, wishes: Sequence[tuple[str, Command]]) -> None:
        if wishes:
            self.desk.ask_all([Ask(CONVERSION, conversion_stream(serial), wish) for serial, wish in wishes])


@asynccontextmanager
async def _still(pace: Pace | None) -> AsyncIterator[None]:
    """A rehearsal's clock stands still while real work is under way."""
    if pace is None:
        yield
    else:
        async with pace.hold():
            yield


def _outcome(receipt: Receipt, by: str, *, probed: bool) -> Command:
    if not receipt.reference:
        return RejectRecord(by=by, reason=receipt.refusal)
    return RecordOutcome(by=by, reference=receipt.reference, attempts=receipt.attempts, probed=probed)


def _report(plan: _Plan, receipts: dict[str, Receipt | None], left: int) -> BatchReport:
    return BatchReport(
        converted=tuple(serial for serial, receipt in receipts.items() if receipt and receipt.reference),
        matched=tuple(plan.matched),
        rejected=tuple(serial for serial, receipt in receipts.items() if receipt and not receipt.reference),
        unanswered=tuple(serial for serial, receipt in receipts.items() if receipt is None),
        held_back=plan.held_back,
        left=left,
    )
