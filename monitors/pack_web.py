"""The page /health/pack: weekly charts in the words that boards know. Presentation only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.web.kit import Page, Query
from cutover.web.words import moment
from monitors.domain.xmr import Look as Special
from monitors.domain.xmr import Xmr
from monitors.flow_charts import WeekChart, week_chart
from monitors.flow_service import FlowService
from monitors.looks import Look

LOOKS: Mapping[Special, Look] = {
    Special.CONCERN: ("bad", "▼", "special cause: concern"),
    Special.IMPROVEMENT: ("busy", "▲", "special cause: improvement"),
    Special.COMMON: ("idle", "~", "common cause"),
}


@dataclass(frozen=True, slots=True)
class PackChart:
    id: str
    title: str
    look: Look
    says: str
    chart: WeekChart | None


@dataclass(frozen=True, slots=True)
class PackPage:
    """What `pack.html` reads."""

    now: str
    weekly: tuple[PackChart, ...]


def pack_page(service: FlowService, programme: Programme, clock: Clock) -> Page:
    """`/health/pack`: to be printed."""

    def build(_query: Query) -> PackPage:
        now = clock.now()
        charts = tuple(
            _chart(flow.id, flow.title, service.weeks(flow.id, now)) for flow in service.flows.values()
        )
        return PackPage(moment(now, programme.zone), charts)

    return Page("/health/pack", "monitors", "pack.html", PackPage, build)


def _chart(name: str, title: str, of: Xmr | None) -> PackChart:
    if of is None:
        return PackChart(
            name, title, ("odd", "?", "too early"), "Fewer than three whole weeks of counts.", None
        )
    newest = of.weeks[-1]
    why = f" ({'; '.join(newest.rules)})" if newest.rules else ""
    says = f"Week of {newest.begins:%d %b %Y}: {newest.total:,}, {newest.look}{why}. Mean {of.mean:,.0f}, limits {of.lower:,.0f} to {of.upper:,.0f}."
    return PackChart(name, title, LOOKS[of.look], says, week_chart(title, says, of))
