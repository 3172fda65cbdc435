"""Tables of what broke and what was decided: plays, outages by component and mode, alarms, incidents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from contingency.domain.incidents import IncidentStage, IncidentState
from contingency.domain.triggers import PlayStage, PlayState
from contingency.figures import so_many, words
from contingency.hindsight.reading import Past, Stretch, totals
from contingency.trail import Life
from cutover.core.event import Recorded
from monitors.domain.flow_events import FlowAlarmClosed, FlowAlarmRaised, FlowAlarmTaken, FlowCleared
from monitors.domain.health import AlertAcknowledged, CheckRecovered, CheckWentHard
from runbooks.reviews.cells import Cell, Sheet, lasts

MOST = 120  # incidents told one by one
_ENDED = (PlayStage.STOOD_DOWN, PlayStage.DECLINED, PlayStage.LAPSED)


def plays(past: Past) -> Sheet:
    columns = (
        "Play", "Component", "Trigger", "Bad since", "Proposed", "Decided", "Waited", "Decision", "By", "Reason", "Agreed too", "Ended", "From decision to end",
    )  # fmt: skip
    says = ("Decision: enacted, declined, or lapsed because the breach ended before anybody decided.",)
    rows = tuple(_play(past, life) for life in past.seen.plays if life.last.at >= past.began)
    terse = ("Play", "Proposed", "Decided", "Waited", "Decision", "By", "Reason", "Ended")
    return Sheet("plays", "Plays and who decided them", says, columns, rows, terse)


def _play(past: Past, life: Life[PlayState]) -> tuple[Cell, ...]:
    state, at = life.state, life.state.decided_at
    assert state.play is not None and state.trigger is not None and state.proposed_at is not None  # noqa: PT018  (proposed plays only)
    ended = life.last.at if state.stage in _ENDED else None
    enacted = state.stage in (PlayStage.ENACTED, PlayStage.STANDING_DOWN, PlayStage.STOOD_DOWN)
    return (
        state.play.title, state.play.component, state.trigger.id, state.bad_since, state.proposed_at, at,
        (at or past.now) - state.proposed_at, "enacted" if enacted else words(state.stage), past.name(state.decided_by), state.reason,
        ", ".join(map(past.name, state.backed)), ended, ended - at if enacted and ended and at else None,
    )  # fmt: skip


def outages(past: Past) -> Sheet:
    columns = ("Component", "Mode", "From", "Until", "Lasted", "By", "Reason")
    whole = totals(past.outages, past.now)
    says = ("; ".join(f"{name} {words(mode)} {lasts(span)}" for (name, mode), span in sorted(whole.items())) or "Every component was live throughout.",)  # fmt: skip
    rows = tuple(_outage(past, one) for one in sorted(past.outages, key=lambda o: (o.component, o.begins)))
    return Sheet("outages", "Outages by component and mode", says, columns, rows)


def _outage(past: Past, one: Stretch) -> tuple[Cell, ...]:
    until: Cell = one.ends or "still"
    return one.component, words(one.mode), one.begins, until, one.lasted(past.now), past.name(one.by), one.reason  # fmt: skip


def alarms(past: Past) -> Sheet:
    """Each spell of a check or a flow: what it said, who took it, and the cause that a person closed it with."""
    columns = ("Of what", "Since", "Believed", "Over", "Lasted", "What it said", "In hand of", "Note", "Cause as closed", "Closed by")  # fmt: skip
    says = ("A check ends its alarm itself when it is well again: its cause is known only where an incident names it. An alarm of a flow is closed by a person with a cause.",)  # fmt: skip
    rows = tuple(row for _, row in sorted(_spells(past), key=lambda pair: pair[0]))
    terse = ("Of what", "Since", "Over", "Lasted", "What it said", "In hand of", "Cause as closed")
    return Sheet("alarms", "Alarms", says, columns, rows, terse)


def _spells(past: Past) -> Iterator[tuple[datetime, tuple[Cell, ...]]]:
    open_: dict[tuple[str, str], tuple[Recorded, Recorded | None]] = {}
    for fact in past.alarms:
        event, of = fact.event, (fact.stream, str(getattr(fact.event, "chart", "")))
        if isinstance(event, CheckWentHard | FlowAlarmRaised):
            open_.setdefault(of, (fact, None))
        elif isinstance(event, AlertAcknowledged | FlowAlarmTaken) and of in open_:
            open_[of] = open_[of][0], fact
        elif isinstance(event, CheckRecovered | FlowAlarmClosed | FlowCleared) and of in open_:
            yield _spell(past, *open_.pop(of), fact)
    yield from (_spell(past, *one, None) for one in open_.values())


def _spell(
    past: Past, began: Recorded, taken: Recorded | None, over: Recorded | None
) -> tuple[datetime, tuple[Cell, ...]]:
    event, end = began.event, over.event if over else None
    assert isinstance(event, CheckWentHard | FlowAlarmRaised)  # what begins a spell
    since = event.since if isinstance(event, CheckWentHard) else began.at
    said = f"{event.status}: {event.detail}" if isinstance(event, CheckWentHard) else event.detail
    note = (
        taken.event.note
        if taken is not None and isinstance(taken.event, AlertAcknowledged | FlowAlarmTaken)
        else ""
    )
    closed = end if isinstance(end, FlowAlarmClosed | FlowCleared) else None
    return since, (
        began.stream.partition(":")[2], since, began.at, over.at if over else "still", (over.at if over else past.now) - since, said.rstrip(": "),
        past.name(taken.actor) if taken else "", note, words(closed.cause) if closed else "", past.name(over.actor) if closed and over else "",
    )  # fmt: skip


def causes(past: Past) -> Sheet:
    """What incidents turned out to be, beside what they were first thought to be."""
    columns = (
        "Verified cause",
        "Incidents",
        "First thought to be another",
        "Reopened",
        "Middle time to proof",
    )
    by: dict[str, list[Life[IncidentState]]] = {}
    for life in past.incidents:
        closed = life.state.stage is IncidentStage.CLOSED and life.state.cause
        by.setdefault(words(life.state.cause or "") if closed else "not verified", []).append(life)
    rows = tuple(_cause(cause, group) for cause, group in sorted(by.items(), key=lambda p: -len(p[1])))
    says = ("An incident closes only with evidence of its cause, by somebody else than who claimed it.",)
    return Sheet("causes", "Incidents by verified cause", says, columns, rows)


def _cause(cause: str, group: list[Life[IncidentState]]) -> tuple[Cell, ...]:
    took = [
        s.closed_at - s.reported_at for s in (one.state for one in group) if s.closed_at and s.reported_at
    ]
    other = sum(one.state.first_cause not in (None, one.state.cause) for one in group)
    middle = timedelta(seconds=median(span.total_seconds() for span in took)) if took else None
    return cause, len(group), other or None, sum(one.state.reopened for one in group) or None, middle


def incidents(past: Past) -> Sheet:
    """Those that are open first, then those whose cause was another than first thought, then the longest."""
    columns = ("Incident", "Reported", "By", "Symptom as told", "Where", "Claimed cause", "Claimed by", "Verified cause", "Verified by", "Evidence", "Closed", "Open for")  # fmt: skip
    chosen = sorted(past.incidents, key=lambda life: _worth_telling(life, past.now))
    left = len(chosen) - MOST
    says = (f"{so_many(left, 'more incident')}: all of them by `cutover contingency incidents --json`.",) if left > 0 else ()  # fmt: skip
    rows = tuple(_incident(past, life) for life in chosen[:MOST])
    terse = ("Incident", "Reported", "Symptom as told", "Claimed cause", "Verified cause", "Verified by", "Open for")  # fmt: skip
    return Sheet("symptoms", "Incidents, symptom and cause", says, columns, rows, terse)


def _worth_telling(life: Life[IncidentState], now: datetime) -> tuple[object, ...]:
    state = life.state
    changed = state.first_cause not in (None, state.cause)
    return state.stage is IncidentStage.CLOSED, not (changed or state.reopened), life.first.at - (state.closed_at or now)  # fmt: skip


def _incident(past: Past, life: Life[IncidentState]) -> tuple[Cell, ...]:
    state = life.state
    assert state.reported is not None  # its first fact reports it
    verified = state.stage is IncidentStage.CLOSED
    cause = words(state.cause or "")
    first = words(state.first_cause or "")
    claimed = cause if first in ("", cause) else f"{first}, then {cause}" if cause else f"{first}, taken back"
    return (
        life.name, life.first.at, past.name(state.reported_by), state.reported.symptom, state.reported.area, claimed, past.name(state.claimed_by),
        cause if verified else "", past.name(state.verified_by), state.evidence if verified else "", state.closed_at,
        (state.closed_at or past.now) - life.first.at,
    )  # fmt: skip
