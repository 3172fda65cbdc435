"""Counts of an outcome flow by PromQL, from Debian's Prometheus: a year that it keeps, and what it scrapes just now."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain.check import Status
from monitors.domain.flow import Flow, Hypercare
from monitors.domain.flow_events import Chart
from tests.conftest import MakeDesk
from tests.monitors.flow_world import FlowWorld, open_flows
from tests.monitors.test_net_probes import declared
from tests.monitors.test_watchers import asked
from tests.monitors.watchers import Running, prometheus, wait_until
from tests.real_parts import require_real

pytestmark = pytest.mark.real
ZONE = ZoneInfo("Europe/London")
FIRST, GO_LIVE = date(2023, 10, 24), date(2024, 10, 22)  # the clocks change on the fifth day after it
WATCHED, FALLEN = 12, 3  # days after the go-live, and the day from which half of the referrals are gone
QUERY = "sum(referrals_of_the_day)"
KEPT = "--storage.tsdb.retention.time=30y"
CONFIG = """
global: {{scrape_interval: 200ms}}
scrape_configs: [{{job_name: records, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


def count(day: date) -> int:
    """Of a day, over both districts."""
    live = (day - GO_LIVE).days
    return (4 if live >= FALLEN else 8) + day.toordinal() % 3 - 1


@dataclass(frozen=True)
class Kept:
    url: str
    registry: CollectorRegistry


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A Prometheus that scraped the gauge half a minute before each midnight, and scrapes a live system now."""
    folder = tmp_path_factory.mktemp("counts")
    _backfill(folder)
    registry = CollectorRegistry()
    gauge = Gauge("referrals_of_the_day", "How many so far today.", ("district",), registry=registry)
    gauge.labels("north").set(2)
    gauge.labels("south").set(1)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        with ExitStack() as held:
            config = CONFIG.format(port=server.server_address[1])
            prom: Running = held.enter_context(prometheus(folder, config, KEPT))  # type: ignore[arg-type]
            yield Kept(prom.url, registry)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _backfill(folder: Path) -> None:
    lines = ["# TYPE referrals_of_the_day gauge"]
    for n in range((GO_LIVE - FIRST).days + WATCHED):
        day = FIRST + timedelta(days=n)
        at = datetime.combine(day + timedelta(days=1), time(), ZONE).timestamp() - 30
        for district, part in (("north", 2), ("south", count(day) - 2)):
            lines.append(f'referrals_of_the_day{{district="{district}"}} {part} {at:.0f}')
    (folder / "kept.om").write_text("\n".join([*lines, "# EOF", ""]))
    promtool = [require_real("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=8760h"]  # fmt: skip
    subprocess.run([*promtool, "-q", "kept.om", "tsdb"], cwd=folder, check=True, capture_output=True)


def referred(url: str) -> dict[str, object]:
    return {
        "id": "referred",
        "title": "Referred",
        "counts": {"kind": "prometheus", "url": url, "query": QUERY},
    }


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock, kept: Kept) -> FlowWorld:
    watch = Hypercare(go_live=datetime.combine(GO_LIVE, time()))
    return open_flows(make_desk, clock, referred(kept.url), watch=watch)


def collector(world: FlowWorld, now: datetime) -> Collector:
    return Collector(world.service, CountSources(Path(), "Europe/London", str, dict), FixedClock(now))


def test_a_baseline_is_frozen_and_a_halving_is_seen_in_counts_that_prometheus_keeps(world: FlowWorld) -> None:
    """Every day of the watch is counted as it was, also the one with 25 hours, and the alarm comes as declared."""
    before = datetime.combine(GO_LIVE, time(9), UTC)
    normal = asyncio.run(collector(world, before).freeze("referred", "chen"))
    assert abs(normal.daily - 8) < 0.1
    seen = world.service.detectability("referred")
    assert seen is not None
    for n in range(1, WATCHED + 1):
        now = before + timedelta(days=n)
        assert asyncio.run(collector(world, now).collect_all(now)) == {}
    state = world.service.state("referred")
    assert {day: c.count for day, c in state.days.items()} == {
        GO_LIVE + timedelta(days=n): count(GO_LIVE + timedelta(days=n)) for n in range(WATCHED)
    }
    raised = state.alarms[Chart.HALVING].day
    assert seen.halving.declared is not None
    assert (raised - GO_LIVE).days - FALLEN < seen.halving.declared


def test_what_is_scraped_today_is_not_counted_before_its_midnight(kept: Kept) -> None:
    scraped = declared("prometheus", url=kept.url, query=QUERY, limits={"critical_above": 2.5})
    wait_until(lambda: asked(scraped).status is Status.CRITICAL, "the live gauge in Prometheus")
    flow = Flow.model_validate({"owner": "bo"} | referred(kept.url))
    now = datetime.now(UTC)
    today = now.astimezone(ZONE).date()
    found = CountSources(Path(), "Europe/London", str, dict).read(flow, today, today, now)
    assert found is not None
    assert found.counts == {}


def test_a_query_that_gives_a_series_for_each_district_is_refused(world: FlowWorld, kept: Kept) -> None:
    several = Flow.model_validate({"owner": "bo"} | referred(kept.url) | {"counts": {"kind": "prometheus", "url": kept.url, "query": "referrals_of_the_day"}})  # fmt: skip
    at = datetime.combine(GO_LIVE, time(9), UTC)
    with pytest.raises(Invalid, match="2 series; expected a query that gives one"):
        CountSources(Path(), "Europe/London", str, dict).read(several, FIRST, FIRST, at)
