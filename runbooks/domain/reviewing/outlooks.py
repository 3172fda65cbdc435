"""What was forecast while the run went on, set against what came: each forecast's error, and the margin to turn back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.event import Fact
from runbooks.domain.run_events import ForecastMoved, PointOfNoReturnPassed


@dataclass(frozen=True, slots=True)
class Outlook:
    """One recorded forecast. `error` is the end minus P50 (late: positive), `margin` the time left to turn back then.

    `error` and `held` are None when there is nothing to set it against: the run did not come to its end.
    """

    at: datetime
    p50: datetime
    p80: datetime
    p95: datetime
    chance_to_miss: float
    cause: str
    latest_backout: datetime
    margin: timedelta
    error: timedelta | None
    held: tuple[bool, bool, bool] | None  # whether the end came by P50, P80, P95


@dataclass(frozen=True, slots=True)
class NoReturn:
    """The point of no return as it was passed, and how long one could still have turned back then."""

    at: datetime
    task: str
    by: str
    latest_backout: datetime
    margin: timedelta


def outlooks(
    facts: Iterable[Fact], closes: datetime, backout: timedelta, ended: datetime | None
) -> tuple[Outlook, ...]:
    return tuple(
        _outlook(fact.at, fact.event, closes - backout, ended)
        for fact in facts
        if isinstance(fact.event, ForecastMoved)
    )


def _outlook(at: datetime, said: ForecastMoved, stated: datetime, ended: datetime | None) -> Outlook:
    latest = said.latest_backout or stated
    held = None if ended is None else (ended <= said.p50, ended <= said.p80, ended <= said.p95)
    return Outlook(
        at, said.p50, said.p80, said.p95, said.chance_to_miss, said.cause, latest, latest - at,
        None if ended is None else ended - said.p50, held,
    )  # fmt: skip


def no_return(facts: Iterable[Fact]) -> NoReturn | None:
    """The point of no return, if the run passed it."""
    for fact in facts:
        if isinstance(event := fact.event, PointOfNoReturnPassed):
            by = ", ".join(event.decided_by) or fact.actor
            return NoReturn(fact.at, event.task, by, event.latest_backout, event.latest_backout - fact.at)
    return None
