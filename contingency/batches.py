"""One batch of back-conversion from the pile to its outcomes: settle, match, write down, send, conclude."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zlib import crc32

from contingency.domain.conversion import (
    CONVERSION,
    BeginConversion,
    Candidate,
    Progress,
    RecordOutcome,
    RejectRecord,
    ReportMatch,
    SetRecordAside,
    conversion_stream,
)
from contingency.domain.duplicates import Likeness, Near, candidates
from contingency.domain.triage import Ranked, order
from contingency.domain.working import (
    WORKING,
    WORKING_STREAM,
    GiveUpTarget,
    PlannedTooEarlyError,
    TakeBatch,
    WelcomeTarget,
    Working,
)
from contingency.files import PlayBook
from contingency.hands import Hands, hand_of
from contingency.likeness import Address, Known, Learnt, learn
from contingency.outcomes import Wish, catch_up, record
from contingency.policies import LEFT_ALONE
from contingency.rooms import Conversation, Held, Outgoing, Receipt, SheetSeen, Stationery
from contingency.sending import Answer, Failure, Sender
from contingency.sheets import held_sightings, outgoing, sighting, waiting
from contingency.tables import ConversionRow, conversion_rows
from contingency.verified import Pile, Share
from cutover.core.errors import Unavailable
from cutover.core.event import Command
from cutover.store.desk import Ask, Desk
from cutover.store.leases import Fence

READY = ("verified",)
BY_TARGET = "back-conversion"  # who says that a target is away, where nobody is named


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch, by serial; `unanswered` are begun and wait for `settle`, `left` still wait."""

    converted: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    left: int = 0
    matched_by: str = ""  # what looked for duplicates, and why that


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


def compare(ours: Mapping[str, str], theirs: Mapping[str | None, Sequence[str]]) -> OneToOne:
    """Our references by serial against the target's by serial (None: keyed straight in)."""
    held = {serial: refs for serial, refs in theirs.items() if serial is not None}
    return OneToOne(
        converted=len(ours),
        in_target=sum(len(refs) for refs in held.values()),
        not_in_target=tuple(sorted(ours.keys() - held.keys())),
        not_converted=tuple(sorted(held.keys() - ours.keys())),
        twice_in_target=tuple(sorted(serial for serial, refs in held.items() if len(refs) > 1)),
        other_reference=tuple(sorted(s for s in ours.keys() & held.keys() if ours[s] not in held[s])),
    )


@dataclass(frozen=True, slots=True)
class Work:
    """Work under way: on whose word, with which hand, over which line."""

    by: str
    fence: Fence
    sender: Sender

    @property
    def hand(self) -> str:
        return hand_of(self.fence)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A batch before it is sent: what to begin, what a person must look at, what waits for the next batch."""

    begin: tuple[SheetSeen, ...] = ()
    matched: Mapping[str, tuple[Likeness, ...]] = field(default_factory=dict)
    held_back: tuple[str, ...] = ()


class Batches:
    """Performs batches for whoever holds a hand. Everything it writes is fenced by that hand."""

    def __init__(
        self,
        desk: Desk,
        plays: PlayBook,
        paper: Stationery,
        hands: Hands,
        *,
        window: timedelta,
        event: str,
        address: Address | None = None,
    ) -> None:
        self.desk = desk
        self.book = plays
        self.paper = paper
        self._hands = hands
        self._window = window
        self._event = event
        self._address = address or {}
        self._learnt = Learnt()

    def share(self, work: Work) -> Share:
        """What this hand takes, highest risk first: the pile is shared out among the hands by serial."""
        pile, hands = self.pile(), self._hands.held()
        ready = pile.ready
        if len(hands) > 1 and work.hand in hands:
            mine = hands.index(work.hand)
            ready = {s: sheet for s, sheet in ready.items() if crc32(s.encode()) % len(hands) == mine}
        now = self.desk.clock.now()
        ranked = self.ranked(ready.values(), now)
        catch_up(self.desk, self.paper, pile.undisposed)
        return Share(pile, [ready[r.item.id] for r in ranked], self._hands.now())

    async def perform(self, work: Work, share: Share, limit: int) -> BatchReport:
        """Settle what is open, then take the next `limit` of the share into the target."""
        silent = await self._settle(work, [])
        if work.sender.breaker.is_open:
            self._note_target(work)
            raise _no_answer(silent)
        asked = min(limit, work.sender.at_once) if self._working().away else limit
        plan = await self._claim(work, share, asked)
        answers = await work.sender.send([self._letter(sheet, work.by) for sheet in plan.begin])
        aside = self._conclude(work, dict.fromkeys(answers, work.by), answers)
        aside |= self._give_up_on(work, silent)
        self._note_target(work)
        report = _report(plan, {**answers, **silent}, aside, len(share.sheets) + len(plan.held_back))
        return replace(report, matched_by=self._learnt.why) if plan != _Plan() else report

    async def settle_all(self, work: Work) -> tuple[str, ...]:
        """Every begun record whose hand is free gets its outcome. Raises Unavailable for those that get none."""
        catch_up(self.desk, self.paper, self.pile().undisposed)
        done: list[str] = []
        if silent := await self._settle(work, done):
            self._note_target(work)
            raise _no_answer(silent)
        return tuple(done)

    def decide(self, serial: str, command: Command) -> None:
        """A person's word on one record, and what follows for its sheet."""
        self.record([(serial, command)])

    def pile(self) -> Pile:
        sheets = {sheet.serial: sheet for sheet in self.paper.sheets(READY)}
        return Pile(sheets, {row.serial: row for row in self.rows(serials=list(sheets))})

    def ranked(self, sheets: Iterable[SheetSeen], now: datetime) -> list[Ranked]:
        return order((waiting(sheet, self.book.clocks, now) for sheet in sheets), now, self.book.triage)

    def rows(
        self, progress: Iterable[Progress] | None = None, serials: Iterable[str] | None = None
    ) -> list[ConversionRow]:
        return conversion_rows(self.desk.journal.engine, progress, serials)

    def record(self, wishes: Sequence[Wish], fence: Fence | None = None) -> None:
        """Write this down of records, with what it makes of their sheets."""
        record(self.desk, self.paper, wishes, fence)

    async def _settle(self, work: Work, done: list[str]) -> dict[str, Failure]:
        """Conclude what was begun and has no outcome, of this hand and of hands that nobody holds; returns the silent."""
        silent: dict[str, Failure] = {}
        begun = self.rows([Progress.BEGUN])
        for hand in sorted({row.hand for row in begun}):
            if hand == work.hand:
                silent |= await self._settle_hand(work, [row for row in begun if row.hand == hand], done)
                continue
            async with self._hands.of(hand) as fence:
                if fence is not None:
                    rows = [row for row in self.rows([Progress.BEGUN]) if row.hand == hand]
                    silent |= await self._settle_hand(replace(work, fence=fence), rows, done)
        return silent

    async def _settle_hand(
        self, work: Work, rows: Sequence[ConversionRow], done: list[str]
    ) -> dict[str, Failure]:
        """Ask the target for each, then send what it plainly does not hold, under its own key and in the same name."""
        by = {row.serial: row.by for row in rows}
        known = await work.sender.known(by)
        failed = {serial: held for serial, held in known.items() if isinstance(held, Failure)}
        there: dict[str, Answer] = {
            serial: Receipt(held[0].reference, attempts=0)
            for serial, held in known.items()
            if not isinstance(held, Failure) and held
        }
        self._conclude(work, by, there, probed=True)
        again = [row for row in rows if row.serial not in failed and row.serial not in there]
        answers = await work.sender.send([(outgoing(self.paper.sheet(r.serial), r.by), r.key) for r in again])
        aside = self._conclude(work, by, answers | failed)
        silent = failed | {
            serial: answer for serial, answer in answers.items() if isinstance(answer, Failure)
        }
        done.extend(serial for serial in by if serial not in silent)
        return {serial: failure for serial, failure in silent.items() if serial not in aside}

    async def _claim(self, work: Work, share: Share, limit: int) -> _Plan:
        """Plan a batch and write it down; planned anew when another worker has taken one meanwhile."""
        sheets, share.sheets = share.sheets[:limit], share.sheets[limit:]
        if not sheets:
            return _Plan()
        if share.learnt is None:
            share.learnt = await self._learn(work.sender.line, [*sheets, *share.sheets])
        near = Near(held_sightings(await self._held(work.sender.line, sheets)))
        known = Known(near, share.learnt, self._window)
        while True:
            after = self._working().batches
            rows = {row.serial: row for row in self.rows(serials=[sheet.serial for sheet in sheets])}
            free = [s for s in sheets if s.serial not in rows or rows[s.serial].progress is Progress.DISTINCT]
            plan = self._plan(free, set(rows), known, self._under_way(share.pile))
            try:
                self._write_down(plan, work, after)
            except PlannedTooEarlyError:
                continue
            return plan

    def _under_way(self, pile: Pile) -> Near:
        """What is begun by anybody and perhaps not in the target yet."""
        begun = (row.serial for row in self.rows([Progress.BEGUN]))
        return Near(sighting(pile.sheets.get(serial) or self.paper.sheet(serial)) for serial in begun)

    async def _learn(self, line: Conversation, sheets: Sequence[SheetSeen]) -> Learnt:
        """What a model says of the whole share; beside the loop, which keeps the hand meanwhile."""
        if self._learnt.is_outgrown(len(sheets)):
            held = await self._held(line, sheets) if self._address else []
            self._learnt = await asyncio.to_thread(learn, sheets, held, self._address, self._window)
        return self._learnt

    async def _held(self, line: Conversation, sheets: Sequence[SheetSeen]) -> list[Held]:
        """One question a form type: what the target holds of it over the span of these sheets."""
        times: dict[str, list[datetime]] = defaultdict(list)
        for sheet in sheets:
            times[sheet.form_type].append(sighting(sheet).occurred_at)
        found: list[Held] = []
        for form, at in times.items():
            found += await line.held(form, min(at) - self._window, max(at) + self._window)
        return found

    def _plan(self, sheets: Sequence[SheetSeen], dismissed: set[str], known: Known, taken: Near) -> _Plan:
        """Match before create, against the target, within the batch and with what is begun; a person's "another event" stands."""
        begin: list[SheetSeen] = []
        matched: dict[str, tuple[Likeness, ...]] = {}
        held_back: list[str] = []
        for sheet in sheets:
            seen, asked = sighting(sheet), sheet.serial not in dismissed
            if asked and (found := known.like(seen)):
                matched[sheet.serial] = found
            elif asked and candidates(seen, taken.to(seen, self._window), window=self._window):
                held_back.append(sheet.serial)  # a later batch finds the other one in the target
            else:
                begin.append(sheet)
                taken.add(seen)
        return _Plan(tuple(begin), matched, tuple(held_back))

    def _write_down(self, plan: _Plan, work: Work, after: int) -> None:
        if not (plan.begin or plan.matched):
            return
        take = TakeBatch(by=work.by, after=after, hand=work.hand, records=len(plan.begin))
        asks = [Ask(WORKING, WORKING_STREAM, take)]
        for sheet in plan.begin:
            begin = BeginConversion(by=work.by, key=self._key(sheet.serial), hand=work.hand)
            asks.append(Ask(CONVERSION, conversion_stream(sheet.serial), begin))
        for serial, found in plan.matched.items():
            seen = tuple(
                Candidate(reference=f.ref, score=f.score, reason=f.reason, shows=f.shows) for f in found
            )
            asks.append(Ask(CONVERSION, conversion_stream(serial), ReportMatch(by=work.by, candidates=seen)))
        self.desk.ask_all(asks, fence=work.fence)

    def _letter(self, sheet: SheetSeen, by: str) -> tuple[Outgoing, str]:
        return outgoing(sheet, by), self._key(sheet.serial)

    def _key(self, serial: str) -> str:
        return f"{self._event}:{serial}" if self._event else serial

    def _conclude(
        self, work: Work, by: Mapping[str, str], answers: Mapping[str, Answer], *, probed: bool = False
    ) -> set[str]:
        """Record the outcomes with their sheets' dispositions; returns the serials about which no sense can be had."""
        outcomes = {
            serial: _outcome(answer, by[serial], probed=probed)
            for serial, answer in answers.items()
            if isinstance(answer, Receipt)
        }
        aside = {s: a for s, a in answers.items() if isinstance(a, Failure) and a.senseless}
        away = [(s, SetRecordAside(by=by[s], reason=a.reason)) for s, a in aside.items()]
        self.record([*outcomes.items(), *away], work.fence)
        return set(aside)

    def _give_up_on(self, work: Work, silent: Mapping[str, Failure]) -> set[str]:
        """Turned away twice while others were taken: the record is the trouble, and no longer in the way.

        A silent line is no reason: a target that is restarted was silent for some and answered the next.
        """
        unwilling = [serial for serial, failure in silent.items() if failure.unwilling]
        if not work.sender.answered or not unwilling:
            return set()
        rows = [row for row in self.rows([Progress.BEGUN], unwilling) if row.hand == work.hand]
        wishes = [(row.serial, SetRecordAside(by=row.by, reason=silent[row.serial].reason)) for row in rows]
        self.record(wishes, work.fence)
        return {row.serial for row in rows}

    def _note_target(self, work: Work) -> None:
        """Keep on record when the target is given up for a while, and when it answers again."""
        breaker, by = work.sender.breaker, work.by or BY_TARGET
        if breaker.is_open:
            until = self.desk.clock.now() + LEFT_ALONE
            self._tell(GiveUpTarget(by=by, reason=breaker.reason, until=until))
        elif work.sender.answered and self._working().away:
            self._tell(WelcomeTarget(by=by))

    def _tell(self, command: Command) -> None:
        self.desk.ask(WORKING, WORKING_STREAM, command)

    def _working(self) -> Working:
        return self.desk.state(WORKING, WORKING_STREAM)


def _outcome(receipt: Receipt, by: str, *, probed: bool) -> RecordOutcome | RejectRecord:
    if not receipt.reference:
        return RejectRecord(by=by, reason=receipt.refusal)
    return RecordOutcome(by=by, reference=receipt.reference, attempts=receipt.attempts, probed=probed)


def _no_answer(silent: Mapping[str, Failure]) -> Unavailable:
    why = next(iter(silent.values()), Failure("it does not answer")).reason
    return Unavailable(
        f"the target gave no answer for {len(silent)} records: {', '.join([*silent][:5])} ({why})"
    )


def _report(plan: _Plan, answers: Mapping[str, Answer], aside: set[str], left: int) -> BatchReport:
    receipts = {s: a for s, a in answers.items() if isinstance(a, Receipt)}
    return BatchReport(
        converted=tuple(s for s, a in receipts.items() if a.reference),
        matched=tuple(plan.matched),
        rejected=tuple(s for s, a in receipts.items() if not a.reference),
        set_aside=tuple(sorted(aside)),
        unanswered=tuple(s for s in answers if s not in receipts and s not in aside),
        held_back=plan.held_back,
        left=left,
    )
