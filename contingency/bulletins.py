"""What partners are told, whether they have it, what they count themselves: the only door to partner notices.

A notice and its message commit together: the desk must be given `partner_messages`, or nothing would be sent; a
notice whose message is in no outbox is shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, select

from contingency.domain.notices import (
    COUNT,
    COUNT_EVENTS,
    NOTICE,
    NOTICE_EVENTS,
    AcknowledgeNotice,
    AnswerNotice,
    CountStage,
    CountState,
    ExplainDifference,
    NoticeStage,
    NoticeState,
    NotifyPartner,
    PartnerNotified,
    RecordCount,
    count_stream,
    notice_stream,
)
from contingency.trail import Life, lives
from cutover.core.errors import Conflict, Invalid, NotFound, Problem
from cutover.core.event import Fact, Recorded
from cutover.domain.programme import Partner, Programme
from cutover.store.desk import Ask, Desk
from cutover.store.engine import reading
from cutover.store.metadata import outbox_table as outbox
from cutover.store.outbox import Message


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be told: a line, and the words under it."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice to one partner: told when, over which channel, sent when, acknowledged when, and how old if not."""

    id: str
    partner: str
    title: str
    subject: str
    channel: str
    address: str
    stage: NoticeStage
    told_by: str
    told_at: datetime
    sent_at: datetime | None
    attempts: int
    in_outbox: bool
    acknowledged_at: datetime | None
    answer: str
    unacknowledged_for: timedelta | None
    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class CountView:
    """One flow as the partner counts it and as we do."""

    partner: str
    flow: str
    theirs: int
    ours: int | None
    stage: CountStage
    reason: str
    at: datetime
    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class BulletinStatus:
    """Who was told what, who has it, who was never told, and where counts differ. Oldest notices first."""

    at: datetime
    notices: tuple[NoticeView, ...]
    counts: tuple[CountView, ...]
    never_told: tuple[str, ...]

    @property
    def unacknowledged(self) -> tuple[NoticeView, ...]:
        return tuple(n for n in self.notices if n.unacknowledged_for is not None)

    @property
    def differing(self) -> tuple[CountView, ...]:
        return tuple(c for c in self.counts if c.stage is CountStage.DIFFERS)


def partner_messages(facts: Sequence[Fact], stream: str, _zone: str = "") -> list[Message]:
    """The messages that a desk sends with partner notices; its id is the notice's stream, so each goes out once."""
    told = [fact.event for fact in facts if isinstance(fact.event, PartnerNotified)]
    return [Message(stream, e.channel, e.address or e.partner, e.subject, e.text) for e in told]


class BulletinService:
    """Notices to the partners of one programme."""

    def __init__(self, desk: Desk, programme: Programme) -> None:
        self.desk = desk
        self.programme = programme

    def tell(
        self, partners: Sequence[str], subject: str, text: str, *, by: str, key: str, test: bool = False
    ) -> list[str]:
        """Tell each partner the same over its channel, as `tell_each` does."""
        return self.tell_each(dict.fromkeys(partners, Draft(subject, text)), by=by, key=key, test=test)

    def tell_each(self, drafts: Mapping[str, Draft], *, by: str, key: str, test: bool = False) -> list[str]:
        """Tell each partner its own words over its channel, all or none; returns the notices' ids.

        A `test` goes to the partner's test address, or into a file where it has none: never to the partner.
        The same key again tells nobody twice. Raises NotFound for an unknown partner, Invalid without one,
        Conflict when the key was used for another text.
        """
        chosen = [(self._partner(name), draft) for name, draft in drafts.items()]
        if test:
            chosen = [(_for_test(who), Draft(f"TEST: {said.subject}", said.text)) for who, said in chosen]
        if not chosen:
            raise Invalid(
                Problem("nobody is named", field="partners", expected=_names(self.programme.partners))
            )
        said = {notice_stream(f"{key}:{who.id}"): (who, draft) for who, draft in chosen}
        recorded = self.desk.ask_all(
            [
                Ask(NOTICE, stream, _notify(who, draft, by), key=stream)
                for stream, (who, draft) in said.items()
            ]
        )
        if other := [r for r in recorded if _says_otherwise(r, said[r.stream][1])]:
            raise Conflict(f"key '{key}' was used before for another text (position {other[0].position})")
        return [stream.removeprefix(notice_stream("")) for stream in said]

    def acknowledge(self, notice: str, *, by: str, at: datetime | None = None) -> NoticeState:
        """The partner has it, since `at`. Saying it again changes nothing."""
        stream = self._known(notice)
        self.desk.ask(NOTICE, stream, AcknowledgeNotice(by=by), key=f"{stream}:acknowledged", at=at)
        return self.desk.state(NOTICE, stream)

    def answer(self, notice: str, answer: str, *, by: str, at: datetime | None = None) -> NoticeState:
        """The partner has answered, and thereby acknowledged."""
        stream = self._known(notice)
        self.desk.ask(NOTICE, stream, AnswerNotice(by=by, answer=answer), at=at)
        return self.desk.state(NOTICE, stream)

    def count(
        self, partner: str, flow: str, *, theirs: int, ours: int | None, by: str, key: str | None = None
    ) -> CountState:
        """Hold the partner's own count of a flow against ours; a difference is raised in the same transaction."""
        stream = count_stream(self._partner(partner).id, flow)
        wish = RecordCount(by=by, partner=partner, flow=flow, theirs=theirs, ours=ours)
        self.desk.ask(COUNT, stream, wish, key=key)
        return self.desk.state(COUNT, stream)

    def explain(self, partner: str, flow: str, *, reason: str, by: str) -> CountState:
        """Say why two counts differ. Raises Refused when no difference is raised."""
        stream = count_stream(self._partner(partner).id, flow)
        self.desk.ask(COUNT, stream, ExplainDifference(by=by, reason=reason))
        return self.desk.state(COUNT, stream)

    def status(self, now: datetime | None = None) -> BulletinStatus:
        """Who was told what when, what is unacknowledged and how old, where counts differ."""
        at = now or self.desk.clock.now()
        told = lives(self.desk.journal, NOTICE, NOTICE_EVENTS)
        sent = self._outbox([life.stream for life in told])
        notices = tuple(self._notice(life, sent.get(life.stream), at) for life in told)
        counts = tuple(_count(life) for life in lives(self.desk.journal, COUNT, COUNT_EVENTS))
        reached = {notice.partner for notice in notices}
        never = tuple(p.id for p in self.programme.partners if p.id not in reached)
        return BulletinStatus(at, notices, counts, never)

    def _partner(self, name: str) -> Partner:
        found = next((p for p in self.programme.partners if p.id == name), None)
        if found is None:
            raise NotFound("partner", name, (p.id for p in self.programme.partners))
        return found

    def _known(self, notice: str) -> str:
        stream = notice_stream(notice)
        if self.desk.load(NOTICE, stream)[1] == 0:
            told = self.desk.journal.streams(notice_stream(""))
            raise NotFound("notice", notice, (name.removeprefix(notice_stream("")) for name in told))
        return stream

    def _notice(self, life: Life[NoticeState], sent: RowMapping | None, now: datetime) -> NoticeView:
        state = life.state
        assert state.told is not None and state.told_at is not None  # noqa: PT018  (its first fact tells)
        title = next(
            (p.title for p in self.programme.partners if p.id == state.told.partner), state.told.partner
        )
        return NoticeView(
            id=life.name, partner=state.told.partner, title=title, subject=state.told.subject, channel=state.told.channel,
            address=state.told.address, stage=state.stage, told_by=state.told_by, told_at=state.told_at,
            sent_at=sent["sent_at"] if sent else None, attempts=sent["attempts"] if sent else 0, in_outbox=sent is not None,
            acknowledged_at=state.acknowledged_at, answer=state.answer,
            unacknowledged_for=now - state.told_at if state.acknowledged_at is None else None,
            stream=life.stream, position=life.last.position,
        )  # fmt: skip

    def _outbox(self, ids: Sequence[str]) -> Mapping[str, RowMapping]:
        query = select(outbox.c.id, outbox.c.sent_at, outbox.c.attempts).where(
            outbox.c.id.startswith(notice_stream(""), autoescape=True)
        )
        with reading(self.desk.journal.engine) as connection:
            rows: Sequence[Any] = connection.execute(query).mappings().all()
        wanted = set(ids)
        return {row["id"]: row for row in rows if row["id"] in wanted}


def _for_test(partner: Partner) -> Partner:
    channel = partner.channel if partner.test_address else "file"
    return partner.model_copy(update={"channel": channel, "address": partner.test_address or partner.id})


def _notify(partner: Partner, draft: Draft, by: str) -> NotifyPartner:
    return NotifyPartner(
        by=by,
        partner=partner.id,
        channel=partner.channel,
        address=partner.address,
        subject=draft.subject,
        text=draft.text,
    )


def _says_otherwise(recorded: Recorded, draft: Draft) -> bool:
    event = recorded.event
    return isinstance(event, PartnerNotified) and (event.subject, event.text) != (draft.subject, draft.text)


def _count(life: Life[CountState]) -> CountView:
    pair = life.state.counted
    assert pair is not None and life.state.counted_at is not None  # noqa: PT018  (its first fact counts)
    return CountView(
        pair.partner, pair.flow, pair.theirs, pair.ours, life.state.stage, life.state.reason, life.state.counted_at,
        life.stream, life.last.position,
    )  # fmt: skip


def _names(partners: Sequence[Partner]) -> str:
    return f"one of {', '.join(p.id for p in partners)}" if partners else "partners in programme.yaml"
