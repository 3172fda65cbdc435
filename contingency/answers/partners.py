"""Question 4: are the partners told, do they have it, and do their own counts agree with ours?"""

from __future__ import annotations

from collections.abc import Iterator

from contingency.bulletins import CountView, NoticeView
from contingency.figures import Answer, Figure, Record, age, count, so_many
from contingency.sources import Seen
from cutover.core.clock import show

QUESTION = "Are external partners engaged and informed?"


def partners(seen: Seen) -> Answer:
    return Answer(
        number=4,
        question=QUESTION,
        finding=_finding(seen),
        figures=(*_notices(seen), *_counts(seen)),
        gaps=tuple(_never_told(seen)),
    )


def _finding(seen: Seen) -> str:
    status = seen.bulletins
    told = {notice.partner for notice in status.notices}
    have = len(status.notices) - len(status.unacknowledged)
    return (
        f"{len(told)} of {so_many(len(seen.programme.partners), 'partner')} told in {so_many(len(status.notices), 'notice')}; "
        f"{have} acknowledged, {len(status.unacknowledged)} not; {so_many(len(status.counts), 'flow')} counted by partners "
        f"themselves, {len(status.differing)} unexplained."
    )


def _notices(seen: Seen) -> Iterator[Figure]:
    status, zone = seen.bulletins, seen.programme.zone
    yield count("Notices to partners", (_record(n, zone) for n in status.notices), listed=True)
    yield count("Acknowledged", (_record(n, zone) for n in status.notices if n.acknowledged_at))
    silent = sorted(status.unacknowledged, key=lambda n: n.told_at)
    oldest = (
        f", the oldest for {age(silent[0].unacknowledged_for)}"
        if silent and silent[0].unacknowledged_for
        else ""
    )
    concern = (f"notice is not acknowledged{oldest}", f"notices are not acknowledged{oldest}")
    yield count("Not acknowledged", (_record(n, zone) for n in silent), concern)
    unsent = (_record(n, zone) for n in status.notices if n.sent_at is None)
    yield count(
        "Not delivered to their channel",
        unsent,
        ("notice has not left for its partner", "notices have not left for their partners"),
    )


def _counts(seen: Seen) -> Iterator[Figure]:
    yield count("Flows counted by partners themselves", map(_pair, seen.bulletins.counts), listed=True)
    differing = map(_pair, seen.bulletins.differing)
    yield count(
        "Counts that differ from ours, unexplained",
        differing,
        (
            "count differs from ours and nobody has said why",
            "counts differ from ours and nobody has said why",
        ),
    )


def _record(notice: NoticeView, zone: str) -> Record:
    told = f"{notice.title}: {notice.subject}; told {show(notice.told_at, zone)} by {notice.channel}"
    got = (
        f"acknowledged {show(notice.acknowledged_at, zone)}" if notice.acknowledged_at else "not acknowledged"
    )
    return Record(id=notice.id, title=f"{told}; {got}", stream=notice.stream, position=notice.position)


def _pair(pair: CountView) -> Record:
    ours = "none" if pair.ours is None else f"{pair.ours:,}"
    title = f"{pair.flow}: theirs {pair.theirs:,}, ours {ours} ({pair.stage})" + (
        f": {pair.reason}" if pair.reason else ""
    )
    return Record(id=pair.partner, title=title, stream=pair.stream, position=pair.position)


def _never_told(seen: Seen) -> Iterator[str]:
    if not seen.programme.partners:
        yield "the programme names no partners"
    elif seen.bulletins.never_told:
        yield f"never told: {', '.join(seen.bulletins.never_told)}"
    if seen.programme.partners and not seen.bulletins.counts:
        yield "no partner's own count has been asked for, so nothing of ours is checked from outside"
