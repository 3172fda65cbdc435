"""What /health says of outcome flows, ages, the register and the exit, in words: the gravest first. Presentation only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.web.visitor import Visitor
from cutover.web.words import lasting, moment
from monitors.ageing_service import AgeingService, AgeingView
from monitors.domain import suspicion
from monitors.domain.ageing import clearance
from monitors.domain.check import Status
from monitors.domain.composite import Class, Verdict
from monitors.domain.detectability import hours
from monitors.domain.flow_events import Cause, Chart, flow_stream
from monitors.domain.outcome import Alarm, in_hand
from monitors.domain.service_time import show_limit
from monitors.domain.standing import STATUS
from monitors.flow_charts import FlowChart, flow_chart
from monitors.flow_service import FlowService, FlowView
from monitors.hypercare_service import HypercareService
from monitors.looks import LOOKS, REASONS, Look
from monitors.register_service import RegisterService

RECENT = 14
CLASSES = {
    Class.SILENT_FAILURE: ("bad", "✗", "Silent failure"),
    Class.OUTAGE: ("bad", "✗", "Failing"),
    Class.BLIND: ("odd", "?", "Not known"),
    Class.DEGRADED: ("warn", "!", "Degraded"),
    Class.WELL: ("ok", "✓", "Well"),
}
VERDICTS = {
    Verdict.PASS: ("ok", "✓", "yes"),
    Verdict.FAIL: ("bad", "✗", "no"),
    Verdict.ERROR: ("odd", "?", "no: it cannot be told"),
    Verdict.INCONCLUSIVE: ("warn", "!", "not known yet"),
}
CAUSES = (
    (Cause.FIXED, "it was a fault, and it is repaired"),
    (Cause.REAL_FALL, "demand itself has fallen"),
    (Cause.RECORDING_MOVED, "it is recorded elsewhere now"),
    (Cause.BASELINE_WRONG, "the baseline was wrong"),
)
ORIGINS = (
    (suspicion.Origin.FOUND, "the items were found and are in a queue now"),
    (suspicion.Origin.RETURNED, "they arrived by themselves"),
    (suspicion.Origin.MISCOUNTED, "a list was wrong, there is no backlog"),
)
CHARTS = {Chart.HALVING: "half or less", Chart.FALL: "fallen", Chart.RATIO: "its share halved", Chart.SILENCE: "silent"}  # fmt: skip


@dataclass(frozen=True)
class Watch:
    """The services that these cards read."""

    flows: FlowService
    ageing: AgeingService
    register: RegisterService
    hypercare: HypercareService


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An open alarm of a flow; `hands` says who has it, '' when nobody."""

    chart: str
    look: Look
    says: str
    since: str
    hands: str


@dataclass(frozen=True, slots=True)
class FlowCard:
    """One outcome flow with its chart, what it is declared to show, and its open alarms."""

    id: str
    title: str
    look: Look
    detail: str
    owner: str
    declared: tuple[tuple[str, str], ...]
    chart: FlowChart | None
    alarms: tuple[AlarmLine, ...]
    closed: tuple[str, ...]
    recent: tuple[tuple[str, str, str], ...]
    journal: str
    is_loud: bool


@dataclass(frozen=True, slots=True)
class AgeLine:
    """One register: its oldest item, its balance, when its backlog clears; `suspected` when items are in no list."""

    id: str
    title: str
    oldest: str
    age: str
    is_over: bool
    due: str
    looked: str
    is_stale: bool
    standard: str
    clock: str
    waiting: str
    over: str
    balance: str
    is_broken: bool
    net: str
    clears: str
    suspected: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """One component as probes and work say together."""

    title: str
    look: Look
    says: str


@dataclass(frozen=True, slots=True)
class WatchCards:
    """Everything that /health shows beside its checks. `may_act`: the visitor may close and acknowledge."""

    parts: tuple[PartLine, ...]
    flows: tuple[FlowCard, ...]
    ages: tuple[AgeLine, ...]
    exit: Look | None
    reasons: tuple[str, ...]
    gaps: tuple[str, ...]
    alarms: int
    may_act: bool
    causes: tuple[tuple[Cause, str], ...] = CAUSES
    origins: tuple[tuple[suspicion.Origin, str], ...] = ORIGINS


def watch_cards(watch: Watch, programme: Programme, now: datetime, visitor: Visitor) -> WatchCards:
    """All of it as it stands at `now`."""
    views = watch.flows.all(now)
    said = watch.hypercare.exit(now)
    parts = watch.hypercare.composites(now)
    components = {c.id: c.title for c in programme.components}
    return WatchCards(
        parts=tuple(
            PartLine(components.get(p.component, p.component) or "Of no component", CLASSES[p.of], p.says)
            for p in parts
        ),
        flows=tuple(flow_card(view, programme, now) for view in views),
        ages=tuple(age_line(view, programme, now) for view in watch.ageing.all(now)),
        exit=VERDICTS[said.verdict],
        reasons=said.reasons,
        gaps=tuple(watch.register.gaps(now)),
        alarms=sum(len(view.state.alarms) for view in views),
        may_act=visitor.may_act,
    )


def past_cards(watch: Watch, desk: Desk, programme: Programme, now: datetime) -> WatchCards:
    """The flows as their facts stood at a past `now`, and the ages as they were looked at last before it."""
    views = watch.flows.at(desk).all(now)
    return WatchCards(
        parts=(),
        flows=tuple(flow_card(view, programme, now) for view in views),
        ages=tuple(age_line(view, programme, now) for view in watch.ageing.all(now, desk)),
        exit=None,
        reasons=(),
        gaps=(),
        alarms=sum(len(view.state.alarms) for view in views),
        may_act=False,
    )


def flow_card(view: FlowView, programme: Programme, now: datetime) -> FlowCard:
    """One flow in words and its chart."""
    flow, state, standing = view.flow, view.state, view.standing
    style, sign, word = LOOKS[standing.status]
    seen = view.seen
    declared = seen.halving.declared if seen else None
    said = f"{word}: {REASONS.get(standing.reason, standing.reason)}" if standing.reason else word
    return FlowCard(
        id=flow.id,
        title=flow.title,
        look=(style, sign, said),
        detail=standing.detail,
        owner=_owners(view, programme),
        declared=_declared(view),
        chart=flow_chart(flow.title, f"{flow.title}: {standing.detail}", state, declared),
        alarms=tuple(_alarm(alarm, programme, now) for alarm in state.alarms.values()),
        closed=tuple(
            f"{CHARTS[c.alarm.chart]}, closed {moment(c.at, programme.zone)} by {programme.name_of(c.by)}: "
            f"{c.cause.replace('_', ' ')}, {c.note}"
            for c in reversed(state.closed[-3:])
        ),
        recent=_recent(view),
        journal=flow_stream(flow.id),
        is_loud=view.alerting,
    )


def age_line(view: AgeingView, programme: Programme, now: datetime) -> AgeLine:
    """One register in words."""
    check, of, suspected = view.check, view.ages, view.suspicion
    first = of.oldest[0] if of and of.oldest else None
    age = now - first.since if first else timedelta(0)
    is_over = first is not None and first.due < now
    stands = suspected.stage is suspicion.Stage.SUSPECTED
    since = moment(suspected.since, programme.zone)
    return AgeLine(
        id=check.id,
        title=check.title,
        oldest=first.id if first else "",
        age=lasting(age) if first else ("nothing waits" if of else "never looked at"),
        is_over=is_over,
        due=f"{'fell' if is_over else 'falls'} due {moment(first.due, programme.zone)}" if first else "",
        looked=lasting(now - view.at) + " ago" if view.at else "",
        is_stale=view.is_stale(now),
        standard=show_limit(check.standard),
        clock=f"in the hours of {check.calendar}" if check.calendar else "",
        waiting=f"{of.unacted:,}" if of else "",
        over=f"{of.over_standard:,}" if of else "",
        balance=_balance(view),
        is_broken=of is not None and not of.holds,
        net=f"{of.net_flow:+,}" if of else "",
        clears=clearance(of) if of else "",
        suspected=f"{suspected.missing:,} in no list since {since}: {', '.join(suspected.named)}" if stands else "",
    )  # fmt: skip


def _balance(view: AgeingView) -> str:
    of = view.ages
    if of is None:
        return ""
    if of.open is None:
        return "the queue is not asked"
    said = f"{of.created:,} created = {of.done:,} done + {of.open:,} open"
    return f"{said} + {of.unaccounted:,} unaccounted" if of.unaccounted else said


def _alarm(alarm: Alarm, programme: Programme, now: datetime) -> AlarmLine:
    style, sign, _ = LOOKS[STATUS[alarm.chart]]
    held = in_hand(alarm, now)
    hands = f"{programme.name_of(held.by)} until {moment(held.until, programme.zone)}: {held.note}" if held else ""  # fmt: skip
    began = f"raised {moment(alarm.raised_at, programme.zone)}; began about {alarm.since:%a %d %b}"
    return AlarmLine(alarm.chart, (style, sign, CHARTS[alarm.chart]), alarm.detail, began, hands)


def _declared(view: FlowView) -> tuple[tuple[str, str], ...]:
    seen = view.seen
    if seen is None:
        return (("A halving shows", "nobody knows: no baseline"),)
    rows = [
        ("Normal", f"{seen.daily:.1f} a day" + ("" if seen.is_frozen else " (assumed)")),
        ("A halving shows", str(seen.halving)),
        ("13 % of normal shows", str(seen.thirteen)),
        ("Silence shows", f"after {hours(seen.silent_hours)}"),
    ]
    if view.state.threshold:
        share = min(1.0, view.evidence / view.state.threshold)
        rows.append(("Could have shown it", "yes" if view.enough else f"{share:.0%} of the way"))
    if seen.answer and not seen.is_seen:
        rows.append(("Too rare alone", seen.answer))
    return tuple(rows)


def _owners(view: FlowView, programme: Programme) -> str:
    flow = view.flow
    names = [programme.name_of(flow.owner)]
    if flow.business_owner:
        names.append(f"{programme.name_of(flow.business_owner)} (business)")
    return ", ".join(names)


def _recent(view: FlowView) -> tuple[tuple[str, str, str], ...]:
    """The newest days: day, count, what was normal."""
    state = view.state
    return tuple(
        (f"{day:%a %d %b}", "no count" if c.count is None else f"{c.count:,}", f"{state.normal.mean(day):.1f}" if state.normal else "")
        for day, c in sorted(state.days.items(), reverse=True)[:RECENT]
    )  # fmt: skip


def worst(cards: WatchCards) -> Look | None:
    """What the page's headline must not be greener than; None when nothing here is amiss."""
    if grave := next((p for p in cards.parts if p.look == CLASSES[Class.SILENT_FAILURE]), None):
        return ("bad", "✗", f"silent failure: {grave.title}")
    if cards.alarms:
        return (
            *LOOKS[Status.CRITICAL][:2],
            f"{cards.alarms} alarm{'' if cards.alarms == 1 else 's'} to close",
        )
    return None
