"""Which record goes next, what the target already holds, what became of each: the only door to back-conversion.

A batch is written down before anything is sent (one transaction: taken, begun, or matched and left for a person),
then sent, then its outcomes are written down (one transaction) and the sheets disposed of. Many workers do so at
once, each with a hand of its own and a share of the pile. Whatever a crash leaves without an outcome is settled by
asking the target for the serial.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from contingency.batches import Batches, BatchReport, OneToOne, Work, compare
from contingency.domain.conversion import (
    CONVERSION,
    Candidate,
    DismissMatch,
    LinkRecord,
    MergeRecord,
    Progress,
    RequeueRecord,
    SetRecordAside,
    conversion_stream,
)
from contingency.domain.duplicates import WINDOW, shown
from contingency.domain.terms import Terms
from contingency.domain.triage import Ranked
from contingency.domain.working import WORKING, WORKING_STREAM, PauseConversion, ResumeConversion, Working
from contingency.files import PlayBook
from contingency.hands import Hands
from contingency.likeness import Address
from contingency.policies import Flow
from contingency.rooms import Stationery, Target
from contingency.sending import Sender
from contingency.sheets import sighting
from contingency.tables import ConversionRow
from contingency.verified import Share
from cutover.core.clock import Clock, Pace, SystemClock
from cutover.core.errors import NotFound, Refused, Unavailable
from cutover.core.event import Command
from cutover.store.desk import Desk

__all__ = ["BatchReport", "ConversionService", "OneToOne"]

READ_AGAIN = timedelta(
    seconds=60
)  # a worker that stays reads the pile this often: a graver sheet waits no longer


class ConversionService:
    """Takes verified sheets into the target, highest risk first, each once."""

    def __init__(
        self,
        desk: Desk,
        plays: PlayBook,
        paper: Stationery,
        target: Target,
        *,
        window: timedelta = WINDOW,
        terms: Terms | None = None,
        event: str = "",
        wall: Clock | None = None,
        address: Address | None = None,
    ) -> None:
        self.desk = desk
        self.book = plays
        self.target = target
        self.terms = terms or Terms()
        self.wall = wall or SystemClock()
        self.hands = Hands(desk.journal.engine, self.wall)
        self.batches = Batches(desk, plays, paper, self.hands, window=window, event=event, address=address)

    @property
    def paper(self) -> Stationery:
        return self.batches.paper

    @paper.setter
    def paper(self, paper: Stationery) -> None:
        self.batches.paper = paper

    def queue(self, now: datetime | None = None) -> list[Ranked]:
        """Verified sheets that can be sent, in the order in which they will be; matched ones wait for a person."""
        return self.batches.ranked(self.batches.pile().ready.values(), now or self.desk.clock.now())

    def matches(self) -> list[tuple[str, tuple[Candidate, ...]]]:
        """The serials that wait for a person, each with the records it may be."""
        rows = self._rows([Progress.MATCHED])
        return [(r.serial, self.desk.state(CONVERSION, conversion_stream(r.serial)).candidates) for r in rows]

    def paper_shows(self, serial: str) -> str:
        """What the paper says of person and time, to be compared with a candidate."""
        return shown(sighting(self.paper.sheet(serial)))

    def status(self) -> dict[str, int]:
        """How many serials stand where."""
        counts = Counter(str(row.progress) for row in self._rows())
        counts[str(Progress.WAITING)] += len(self.batches.pile().ready) - counts[str(Progress.DISTINCT)]
        return {str(progress): counts[str(progress)] for progress in Progress}

    def working(self) -> Working:
        """Whether batches are taken, and whether the target is left alone."""
        return self.desk.state(WORKING, WORKING_STREAM)

    def pause(self, *, by: str, reason: str) -> None:
        """No further batch is taken, by anybody, until it is resumed; what is begun comes to its end."""
        self.desk.ask(WORKING, WORKING_STREAM, PauseConversion(by=by, reason=reason))

    def resume(self, *, by: str) -> None:
        """Batches are taken again. Raises Refused when it is not paused."""
        self.desk.ask(WORKING, WORKING_STREAM, ResumeConversion(by=by))

    def dead_letters(self) -> list[ConversionRow]:
        """The records that were set aside, each with the reason."""
        return self._rows([Progress.SET_ASIDE])

    def requeue(self, serials: Sequence[str], *, by: str, reason: str) -> None:
        """A named person wants dead letters tried again: the target is asked first, as for any unknown outcome."""
        self._known(serials)
        self.batches.record([(serial, RequeueRecord(by=by, reason=reason)) for serial in serials])

    def set_aside(self, serial: str, *, by: str, reason: str) -> None:
        """A person takes a begun record out of the way; it stays a dead letter until somebody requeues it."""
        self._known([serial])
        self.batches.record([(serial, SetRecordAside(by=by, reason=f"{reason} (set aside by {by})"))])

    async def convert_batch(self, limit: int = 200, *, by: str, pace: Pace | None = None) -> BatchReport:
        """Take the next `limit` sheets into the target; first settles what an earlier batch left open.

        A target that does not answer leaves its records begun (`unanswered`); nothing is lost and nothing sent blindly.
        Raises Refused while paused, Unavailable while the target is left alone, closed for maintenance or silent.
        """
        async with _still(pace):
            self._may_speak()
            async with self.at_work(by) as work:
                return await self.batches.perform(work, self.batches.share(work), limit)

    async def convert_all(self, size: int = 200, *, by: str) -> AsyncIterator[BatchReport]:
        """Batch after batch with one hand, one line and one reading of the pile a minute, until nothing is left to send."""
        self._may_speak()
        async with self.at_work(by) as work:
            share: Share | None = None
            while True:
                self._may_speak()
                if share is None or not share.sheets or self.wall.now() - share.read_at > READ_AGAIN:
                    share = self.batches.share(work)
                report = await self.batches.perform(work, share, size)
                yield report
                if report.unanswered or (not share.sheets and not (share := self.batches.share(work)).sheets):
                    return

    def is_all_done(self) -> bool:
        """Nothing is ready, and nothing that anybody has begun is without an outcome."""
        return not self._rows([Progress.BEGUN]) and not self.batches.pile().ready

    @asynccontextmanager
    async def at_work(self, by: str) -> AsyncIterator[Work]:
        """A hand and an open line, for as long as the block lasts."""
        async with self.hands.own() as fence, self.target.open() as line:
            flow = Flow(self.terms.a_second)
            yield Work(by, fence, Sender(line, flow, self.terms.at_once))

    async def settle(self, *, pace: Pace | None = None) -> tuple[str, ...]:
        """Give every begun conversion its outcome, by asking the target; returns the serials settled.

        One that the target does not know is sent again under its own key. Raises Unavailable when the target is silent.
        """
        async with _still(pace), self.at_work("") as work:
            return await self.batches.settle_all(work)

    def confirm_match(self, serial: str, *, merge_into: str, by: str, reason: str) -> None:
        """A person says it is the same event: the record stays as it is, the paper is its second source."""
        self._decide(serial, MergeRecord(by=by, reference=merge_into, reason=reason))

    def link(self, serial: str, *, to: str, by: str, reason: str) -> None:
        """A person says that it belongs with a record: nothing is created."""
        self._decide(serial, LinkRecord(by=by, reference=to, reason=reason))

    def dismiss_match(self, serial: str, *, by: str, reason: str) -> None:
        """A person says it is another event: it goes back into the queue."""
        self._decide(serial, DismissMatch(by=by, reason=reason))

    async def one_to_one(self, *, pace: Pace | None = None) -> OneToOne:
        """Compare conversions with the target's records, serial by serial, both ways."""
        ours = {row.serial: row.reference for row in self._rows([Progress.CONVERTED])}
        return compare(ours, await self.target_records(pace=pace))

    async def target_records(self, *, pace: Pace | None = None) -> dict[str | None, list[str]]:
        """The target's references by serial (None: keyed straight in)."""
        async with _still(pace), self.target.open() as line:
            held = await line.held()
        by_serial: dict[str | None, list[str]] = defaultdict(list)
        for record in held:
            by_serial[record.serial].append(record.reference)
        return dict(by_serial)

    def _may_speak(self) -> None:
        now, working = self.desk.clock.now(), self.working()
        if working.is_paused:
            raise Refused(f"back-conversion is paused by {working.by}: {working.reason}")
        if working.away_until is not None and now < working.away_until:
            raise Unavailable(
                f"the target is left alone until {working.away_until:%H:%M:%S}Z: {working.away}"
            )
        if (until := self.terms.closed_until(now)) is not None:
            raise Unavailable(f"the target is closed for maintenance until {until:%a %H:%M}Z")

    def _decide(self, serial: str, command: Command) -> None:
        self._known([serial])
        self.batches.decide(serial, command)

    def _known(self, serials: Sequence[str]) -> None:
        known = {row.serial for row in self._rows(serials=serials)}
        for serial in serials:
            if serial not in known:
                raise NotFound("conversion", serial, (row.serial for row in self._rows()))

    def _rows(
        self, progress: Iterable[Progress] | None = None, serials: Iterable[str] | None = None
    ) -> list[ConversionRow]:
        return self.batches.rows(progress, serials)


@asynccontextmanager
async def _still(pace: Pace | None) -> AsyncIterator[None]:
    """A rehearsal's clock stands still while real work is under way."""
    if pace is None:
        yield
    else:
        async with pace.hold():
            yield
