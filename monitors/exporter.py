"""What Prometheus may scrape: finished gauges of every check and of the ledger, nothing to be counted there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from monitors.ageing_service import AgeingView
from monitors.domain.check import Status
from monitors.domain.flow_events import Chart
from monitors.domain.ledger import Summary
from monitors.domain.suspicion import Stage
from monitors.flow_service import FlowView
from monitors.view import CheckView

CODES = {Status.OK: 0, Status.WARNING: 1, Status.CRITICAL: 2, Status.UNKNOWN: 3}  # as plugins exit
LABELS = ("check", "component", "severity")


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge as it is declared: its name without `cutover_`, what its value says, what its samples are told apart by."""

    name: str
    says: str
    labels: tuple[str, ...] = ()


def _each(of: str, labels: tuple[str, ...], *said: tuple[str, str]) -> tuple[Metric, ...]:
    return tuple(Metric(f"{of}_{name}", says, labels) for name, says in said)


METRICS = (
    *_each(
        "check",
        LABELS,
        ("status", "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."),
        ("settled", "1 when the status is believed (HARD), 0 while it is a suspicion (SOFT)."),
        ("alerting", "1 when somebody has to act."),
        ("flapping", "1 while too many of the last results changed the status."),
        ("since_timestamp_seconds", "Since when the believed status holds."),
        ("last_result_timestamp_seconds", "When the check last gave any result."),
        ("last_success_timestamp_seconds", "When the check was last OK."),
        ("latency_seconds", "How long the last answer took."),
    ),
    *_each(
        "flow",
        ("flow", "component", "severity"),
        ("status", "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."),
        ("alerting", "1 when somebody has to act."),
        ("count", "The count of the last day that has matured."),
        ("expected", "What is normal on that day."),
        ("cusum", "The chart of a halving, in nats."),
        ("cusum_threshold", "Where that chart alarms."),
        ("last_day_timestamp_seconds", "The beginning of the last day that was counted."),
    ),
    *_each(
        "ageing",
        LABELS,
        ("oldest_seconds", "Age of the oldest item nobody acted on; 0 when none waits."),
        ("overdue_seconds", "How long ago the oldest item fell due by its standard; 0 when it has not."),
        ("waiting", "Items nobody acted on."),
        ("over_standard", "Items that nobody acted on within the standard."),
        ("unaccounted", "created - done - open: items that are in no list."),
        ("suspected", "The size of the suspected backlog that nobody has settled; 0 when there is none."),
        ("looked_timestamp_seconds", "When the lists were last read."),
    ),
    Metric("ledger_files", "Case files by where they stand.", ("state",)),
    Metric("ledger_unaccounted", "sent - acknowledged - rejected - in flight; 0 when it holds."),
    Metric("ledger_oldest_seconds", "Age of the oldest file nobody acknowledged.", ("state",)),
    Metric(
        "last_result_timestamp_seconds", "When any check last gave a result: how far the prober has come."
    ),
    Metric("evaluated_timestamp_seconds", "When these gauges were evaluated."),
)
_DECLARED = {metric.name: metric for metric in METRICS}


def render(
    views: Iterable[CheckView],
    ledger: Summary | None,
    now: datetime,
    flows: Iterable[FlowView] = (),
    ages: Iterable[AgeingView] = (),
) -> bytes:
    """The text exposition of how everything stands at `now`. A gauge without a value is absent, never 0."""
    registry, seen = CollectorRegistry(), list(views)
    _checks(registry, seen)
    _flows(registry, flows)
    _ages(registry, ages, now)
    if ledger is not None:
        _ledger(registry, ledger)
    if last := max((view.last_result_at for view in seen if view.last_result_at), default=None):
        _gauge(registry, "last_result_timestamp_seconds").set(last.timestamp())
    _gauge(registry, "evaluated_timestamp_seconds").set(now.timestamp())
    return generate_latest(registry)


def _checks(registry: CollectorRegistry, views: Iterable[CheckView]) -> None:
    gauges = _gauges(registry, "check")
    for view in views:
        values = {
            "status": CODES[view.status],
            "settled": int(view.settled),
            "alerting": int(view.alerting),
            "flapping": int(view.flapping),
            "since_timestamp_seconds": _seconds(view.hard_since),
            "last_result_timestamp_seconds": _seconds(view.last_result_at),
            "last_success_timestamp_seconds": _seconds(view.last_ok_at),
            "latency_seconds": view.latency,
        }
        for name, value in values.items():
            if value is not None:
                gauges[name].labels(view.check_id, view.component, view.severity).set(value)


def _flows(registry: CollectorRegistry, views: Iterable[FlowView]) -> None:
    gauges = _gauges(registry, "flow")
    for view in views:
        for name, value in _of_flow(view).items():
            if value is not None:
                gauges[name].labels(view.flow.id, view.flow.component, view.flow.severity).set(value)


def _of_flow(view: FlowView) -> dict[str, float | None]:
    state, day = view.state, view.state.last_day
    return {
        "status": CODES[view.standing.status],
        "alerting": int(view.alerting),
        "count": state.days[day].count if day else None,
        "expected": state.normal.mean(day) if day and state.normal else None,
        "cusum": state.values.get(Chart.HALVING),
        "cusum_threshold": state.threshold or None,
        "last_day_timestamp_seconds": datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        if day
        else None,
    }


def _ages(registry: CollectorRegistry, views: Iterable[AgeingView], now: datetime) -> None:
    gauges = _gauges(registry, "ageing")
    for view in views:
        for name, value in _of_ages(view, now).items():
            if value is not None:
                check = view.check
                gauges[name].labels(check.id, check.component, check.severity).set(value)


def _of_ages(view: AgeingView, now: datetime) -> dict[str, float | None]:
    """What a look says holds only while it is fresh: afterwards nothing is known, and that is no figure."""
    of, stands = view.ages, view.suspicion.stage is Stage.SUSPECTED
    known: dict[str, float | None] = {
        "suspected": view.suspicion.missing if stands else 0,
        "looked_timestamp_seconds": _seconds(view.at),
    }
    if of is None or view.is_stale(now):
        return known
    first = of.oldest[0] if of.oldest else None
    return known | {
        "oldest_seconds": (now - first.since).total_seconds() if first else 0,
        "overdue_seconds": max(0.0, (now - first.due).total_seconds()) if first else 0,
        "waiting": of.unacted,
        "over_standard": of.over_standard,
        "unaccounted": of.unaccounted if of.open is not None else None,
    }


def _ledger(registry: CollectorRegistry, ledger: Summary) -> None:
    files = _gauge(registry, "ledger_files")
    for state in ("built", "waiting", "sent", "in_flight", "acknowledged", "accepted", "rejected", "by_hand"):
        files.labels(state).set(getattr(ledger, state))
    _gauge(registry, "ledger_unaccounted").set(ledger.breaks_by)
    oldest = _gauge(registry, "ledger_oldest_seconds")
    for state, age in (("in_flight", ledger.oldest_in_flight), ("waiting", ledger.oldest_waiting)):
        oldest.labels(state).set((age or timedelta(0)).total_seconds())


def _gauges(registry: CollectorRegistry, of: str) -> dict[str, Gauge]:
    """The gauges of one kind of thing, by what stands after the kind in their names."""
    return {
        metric.name.removeprefix(f"{of}_"): _gauge(registry, metric.name)
        for metric in METRICS
        if metric.name.startswith(f"{of}_")
    }


def _gauge(registry: CollectorRegistry, name: str) -> Gauge:
    metric = _DECLARED[name]
    return Gauge(f"cutover_{name}", metric.says, metric.labels, registry=registry)


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at is not None else None
