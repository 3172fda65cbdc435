"""What triggers wait on: since when each one's monitor, or the number it measures, has been bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from contingency.domain.metrics import BREACH, ReadMetric, breach_stream
from contingency.domain.plays import Trigger
from contingency.rooms import CheckSeen
from cutover.store.desk import Ask, Desk

READER = "contingency watch"
CALM = ("OK", "WARNING")  # what ends a breach; not knowing does not
Seen = Mapping[str, CheckSeen]


def read_metrics(desk: Desk, triggers: Iterable[Trigger], seen: Seen) -> None:
    """Take the newest reading of each number that a trigger watches; only what begins or ends a breach is a fact."""
    asks = []
    for trigger in triggers:
        check = seen.get(trigger.monitor)
        value = None if check is None or trigger.metric is None else reading(trigger, check)
        if check is not None and trigger.metric is not None and value is not None:
            wish = ReadMetric(by=READER, monitor=trigger.monitor, metric=trigger.metric, value=value)
            stream = breach_stream(trigger.id)
            if BREACH.decide(desk.state(BREACH, stream), wish, desk.clock.now()):
                asks.append(Ask(BREACH, stream, wish, at=check.last_result_at))
    desk.ask_all(asks)


def reading(trigger: Trigger, check: CheckSeen) -> float | None:
    """The number as it was last measured; None when it was not, or when the result is too old to say anything."""
    if trigger.metric is None or check.status == "UNKNOWN" or check.last_result_at is None:
        return None
    if trigger.metric.figure == "latency":
        return check.latency
    return next((one.value for one in check.figures if one.name == trigger.metric.figure), None)


def bad_since(desk: Desk, trigger: Trigger, seen: Seen) -> datetime | None:
    """Since when what a trigger watches is bad; None while it is not, and before anything is known of it."""
    if trigger.metric is not None:
        return desk.state(BREACH, breach_stream(trigger.id)).since
    check = seen.get(trigger.monitor)
    return check.hard_since if check is not None and check.hard == trigger.status else None


def is_calm(desk: Desk, trigger: Trigger, seen: Seen) -> bool:
    """Whether the breach of a trigger has ended: a good result ends it, silence does not."""
    if trigger.metric is not None:
        return desk.state(BREACH, breach_stream(trigger.id)).since is None
    check = seen.get(trigger.monitor)
    return check is not None and check.hard in CALM and check.hard != trigger.status
