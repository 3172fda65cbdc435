"""A programme with three outcome flows, their frozen baselines and a clock that moves: for tests of the flow shells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cutover.core.clock import FixedClock
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from monitors.domain import flow_events, register
from monitors.domain.counts import Told
from monitors.domain.flow import Flow, Hypercare
from monitors.flow_definitions import in_order
from monitors.flow_service import FlowService
from tests.conftest import MakeDesk

EVENTS = (*flow_events.EVENTS, *register.EVENTS)
PROGRAMME = Programme.model_validate(
    {
        "title": "P",
        "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        "components": [{"id": "records", "title": "Records"}],
        "people": [
            {"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]},
            {"id": "bo", "name": "Bo Lindqvist", "roles": ["hypercare"]},
            {"id": "chen", "name": "Chen Wu", "roles": ["decider"]},
        ],
    }
)
FLOWS: tuple[Mapping[str, Any], ...] = (
    {"id": "incidents", "title": "Incidents", "counts": {"kind": "api"}, "see_within": 3},
    {"id": "referrals", "title": "Referrals", "ratio_of": "incidents", "see_within": 14},
    {"id": "rare", "title": "Rare", "see_within": 14, "expected": 0.5},
)
NORMAL = {"incidents": 120.0, "referrals": 8.0, "rare": 0.5}


@dataclass
class FlowWorld:
    """`service` with the clock that it reads."""

    service: FlowService
    clock: FixedClock
    desk: Desk

    def freeze(self, *flows: str, count: Callable[[str, date], int] | None = None) -> None:
        """Tell 364 days of history and freeze each baseline; the default history is flat."""
        for name in flows:
            begins, ends = self.service.history_span(self.service.flows[name])
            days = [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]
            tell = count or (lambda flow, day: round(NORMAL[flow] * (1 + 0.2 * ((day.toordinal() % 3) - 1))))
            self.service.remember(name, Told({day: tell(name, day) for day in days}))
        for name in flows:
            self.service.freeze(name, "chen")

    def morning(self, days: int) -> datetime:
        """09:00 UTC, so many days after the first day that is counted; the clock is there now."""
        first = self.service.first_day
        self.clock.set(
            datetime(first.year, first.month, first.day, 9, tzinfo=self.clock.at.tzinfo)
            + timedelta(days=days)
        )
        return self.clock.at

    def live(self, flow: str, counts: list[int | None], first: int = 0) -> None:
        """A day each from the first day that is counted, told the morning after."""
        for n, count in enumerate(counts, first):
            at = self.morning(n + 1)
            day = self.service.first_day + timedelta(days=n)
            self.service.told(flow, Told({} if count is None else {day: count}), at)


def open_flows(
    make_desk: MakeDesk, clock: FixedClock, *extra: Mapping[str, Any], watch: Hypercare | None = None
) -> FlowWorld:
    desk = make_desk(EVENTS)
    flows = [Flow.model_validate({"owner": "bo", "counts": {"kind": "api"}, "component": "records"} | f) for f in (*FLOWS, *extra)]  # fmt: skip
    service = FlowService(desk, in_order(flows), watch or Hypercare(holidays="GB/ENG"), PROGRAMME)
    return FlowWorld(service, clock, desk)
