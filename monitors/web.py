"""Its page: /health, for whoever watches after the opening. Failures first; what is silent is never green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.store.as_of import desk_as_of, past_moment
from cutover.store.desk import Desk
from cutover.web.components import ModeLine, component_modes
from cutover.web.kit import Page, Panel, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import lasting, moment
from monitors.domain.check import WORST_FIRST, Reason, Status
from monitors.domain.health import Stage, check_stream
from monitors.domain.ledger import Summary
from monitors.ledger_service import LedgerService
from monitors.looks import LOOKS, REASONS, Look
from monitors.past import ledger_at, views_at
from monitors.service import MonitorService
from monitors.view import CheckView
from monitors.watch_cards import Watch, WatchCards, past_cards, watch_cards, worst


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check as a row. `firm` says whether its status is believed; `hands` who has it, or what explains it."""

    id: str
    title: str
    component: str
    owner: str
    severity: str
    look: Look
    firm: str
    since: str
    detail: str
    heard: str
    hands: str
    is_loud: bool
    journal: str


@dataclass(frozen=True, slots=True)
class LedgerCard:
    """The case-transfer ledger: whether every file is accounted for, and how old the unacknowledged are."""

    look: Look
    sentence: str
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HealthPage:
    """What `health.html` reads; `then` says of which past moment it is, '' while it is live."""

    now: str
    then: str
    headline: Look
    alerting: int
    counts: tuple[tuple[Look, int], ...]
    modes: tuple[ModeLine, ...]
    checks: tuple[CheckLine, ...]
    ledger: LedgerCard
    panels: tuple[Panel, ...]
    watch: WatchCards | None
    may_act: bool
    look: str


def pages(
    monitors: MonitorService,
    ledger: LedgerService,
    desk: Desk,
    programme: Programme,
    clock: Clock,
    *,
    extras: Callable[[], Sequence[Panel]] | None = None,
    watch: Watch | None = None,
) -> list[Page]:
    """The page of this room. `extras` are the panels of other rooms to show on it, `watch` reads flows and ages.

    `?wall` shows the same for a screen on a wall: sizes follow the screen, and nothing is there to press. `?at=` shows
    the checks, the flows, the ages and the ledger of a past moment; other rooms show only now.
    """

    def build(query: Query) -> HealthPage:
        then, visitor = past_moment(query.get("at", ""), programme.zone, clock.now()), visitor_of(query)
        now, seen = then or clock.now(), desk_as_of(desk, then) if then else desk
        views = views_at(monitors, seen, now) if then else monitors.all(now)
        cards = None
        if watch:
            live = not then
            cards = watch_cards(watch, programme, now, visitor) if live else past_cards(watch, seen, programme, now)  # fmt: skip
        return HealthPage(
            now=moment(now, programme.zone),
            then=moment(then, programme.zone),
            headline=(worst(cards) if cards else None) or _headline(views),
            alerting=sum(view.alerting for view in views),
            counts=_counts(views),
            modes=component_modes(programme, seen, now),
            checks=tuple(check_line(view, programme, now) for view in views),
            ledger=ledger_card(ledger_at(seen, now) if then else ledger.summary(now)),
            panels=tuple(extras()) if extras and not then else (),
            watch=cards,
            may_act=visitor.may_act and not then,
            look="wall" if "wall" in query else "",
        )

    return [Page("/health", "monitors", "health.html", HealthPage, build, label="Health")]


def check_line(view: CheckView, programme: Programme, now: datetime) -> CheckLine:
    """How one check stands, in words."""
    style, sign, word = LOOKS[view.status]
    component = programme.component(view.component)
    return CheckLine(
        id=view.check_id,
        title=view.title,
        component=component.title if component else view.component,
        owner=programme.name_of(view.owner),
        severity=view.severity,
        look=(style, sign, f"{word}: {REASONS[view.reason]}" if view.reason else word),
        firm=_firm(view),
        since=_since(view, programme.zone, now),
        detail=view.detail,
        heard=_heard(view, now),
        hands=_hands(view, programme),
        is_loud=view.alerting,
        journal=check_stream(view.check_id),
    )


def ledger_card(summary: Summary) -> LedgerCard:
    """The identity in words: every file sent is acknowledged, rejected or in flight."""
    figures = [
        ("Built", str(summary.built)),
        ("Waiting here", _aged(summary.waiting, summary.oldest_waiting)),
        ("Sent", str(summary.sent)),
        ("Unacknowledged", _aged(summary.in_flight, summary.oldest_in_flight)),
        ("Acknowledged", str(summary.acknowledged)),
        ("of these accepted", str(summary.accepted)),
        ("Rejected", str(summary.rejected)),
        ("By hand, with receipt", str(summary.by_hand)),
    ]  # fmt: skip
    if not summary.holds:
        sentence = f"{abs(summary.breaks_by)} of {summary.sent} sent files are unaccounted for."
        return LedgerCard(("bad", "✗", "does not balance"), sentence, tuple(figures))
    if not summary.built and not summary.sent:  # nought is nought: no green for what was never tried
        return LedgerCard(("idle", "·", "nothing was sent yet"), "No case file was built.", tuple(figures))
    parts = (
        f"{summary.acknowledged} acknowledged + {summary.rejected} rejected + {summary.in_flight} in flight"
    )
    return LedgerCard(("ok", "✓", "balances"), f"{summary.sent} sent = {parts}.", tuple(figures))


def _aged(count: int, oldest: timedelta | None) -> str:
    return f"{count}, oldest {lasting(oldest)}" if oldest is not None else str(count)


def _headline(views: Sequence[CheckView]) -> Look:
    if not views:
        return ("odd", "?", "nothing is watched")
    if loud := [view for view in views if view.alerting]:
        return (*LOOKS[loud[0].status][:2], f"{len(loud)} need{'s' if len(loud) == 1 else ''} somebody")
    if all(view.status is Status.OK for view in views):
        return ("ok", "✓", f"all {len(views)} checks OK")
    return ("warn", "!", "not all OK; nothing asks for somebody")


def _counts(views: Sequence[CheckView]) -> tuple[tuple[Look, int], ...]:
    seen = Counter(view.status for view in views)
    return tuple((LOOKS[status], seen[status]) for status in WORST_FIRST if seen[status])


def _firm(view: CheckView) -> str:
    if view.flapping:
        return "flapping: too many of the last results differ"
    if view.reason in (Reason.STALE, Reason.NO_DATA):
        return ""
    match view.stage:
        case Stage.SOFT:
            return f"SOFT: suspected, {view.attempt} of {view.max_attempts}"
        case Stage.SHIFTING:
            return f"HARD; now failing otherwise, {view.attempt} of {view.max_attempts}"
        case Stage.RECOVERING:
            return f"HARD; recovery seen {view.attempt} time{'' if view.attempt == 1 else 's'}"
    return "HARD: confirmed" if view.stage is Stage.HARD else ""


def _since(view: CheckView, zone: str, now: datetime) -> str:
    if view.reason is Reason.STALE and view.last_result_at:
        return f"{moment(view.last_result_at, zone)}, {lasting(now - view.last_result_at)}"
    at = view.failing_since or view.hard_since
    return f"{moment(at, zone)}, {lasting(now - at)}" if at else ""


def _heard(view: CheckView, now: datetime) -> str:
    if view.last_result_at is None:
        return "never"
    heard = f"{lasting(now - view.last_result_at)} ago"
    if view.latency is None:
        return heard
    return f"{heard}, in {'under 0.01' if view.latency < 0.01 else format(view.latency, '.2f')}\N{NO-BREAK SPACE}s"  # noqa: PLR2004  what a reader tells apart


def _hands(view: CheckView, programme: Programme) -> str:
    parts = []
    if ack := view.acknowledged:
        until = moment(ack.until, programme.zone)
        parts.append(f"acknowledged by {programme.name_of(ack.by)} until {until}: {ack.note}")
    if view.downtime:
        parts.append(f"in a downtime: {', '.join(view.downtime)}")
    if view.suppressed_by:
        parts.append(f"asks for nobody: {', '.join(view.suppressed_by)} is down")
    if view.awaits:
        parts.append(
            f"alert waits: {', '.join(view.awaits)} has recovered, and this was not seen failing since"
        )
    return "; ".join(parts)
