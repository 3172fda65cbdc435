"""With Debian's Prometheus and Alertmanager: scraped, alerted, told back, and what they lose we tell ourselves."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette

from cutover.core.clock import SystemClock
from cutover.core.errors import Unavailable
from cutover.store.accounts import Accounts
from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.metadata import outbox_table
from cutover.web.api.door import Door
from cutover.web.tokens import Tokens
from monitors.alertmanager import Pusher
from monitors.api import MonitorApi
from monitors.asking import Asking
from monitors.definitions import Watched
from monitors.domain.check import Result, Status, critical, ok
from monitors.domain.telling import Notify, ToAlertmanager
from monitors.exporter import render
from monitors.inbox import Inbox
from monitors.notices import alert_messages
from monitors.notifier import Notifier
from monitors.rules import RULES, rule_files
from monitors.service import MonitorService
from monitors.session import open_session
from tests.conftest import MakeDesk
from tests.monitors.conftest import CHECKS, EVENTS, projections
from tests.monitors.domain.test_outside import alerts
from tests.monitors.test_net_probes import declared
from tests.monitors.watchers import Running, alertmanager, free_port, prometheus, wait_until

pytestmark = pytest.mark.real
AM = """
route: {{receiver: cutover, group_by: [alertname, monitor], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: cutover
    webhook_configs:
      - url: http://127.0.0.1:{port}/api/v1/alertmanager
        http_config: {{authorization: {{credentials_file: token}}}}
"""
PROM = """
global: {{scrape_interval: 300ms, evaluation_interval: 300ms}}
rule_files: [cutover_rules.yml]
scrape_configs: [{{job_name: cutover, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{am}"]}}]}}]}}
"""


@dataclass(frozen=True)
class Watchers:
    """Both servers, the folder they run in, and the port at which they look for us."""

    prometheus: str
    alertmanager: str
    folder: Path
    port: int


@pytest.fixture(scope="module")
def watchers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchers]:
    folder, port = tmp_path_factory.mktemp("watchers"), free_port()
    (folder / "token").write_text("none yet")
    (folder / RULES).write_text(rule_files(Watched(checks=CHECKS), "http://cutover")[RULES])
    with ExitStack() as held:
        am: Running = held.enter_context(alertmanager(folder, AM.format(port=port)))  # type: ignore[arg-type]
        config = PROM.format(port=port, am=am.url.removeprefix("http://"))
        prom: Running = held.enter_context(prometheus(folder, config))  # type: ignore[arg-type]
        yield Watchers(prom.url, am.url, folder, port)


class World:
    """Monitors, notices, an inbox and a pusher over one journal on the machine's own clock."""

    def __init__(self, desk: Desk, watchers: Watchers) -> None:
        engine = desk.journal.engine
        self.desk, self.watchers = desk, watchers
        self.monitors = MonitorService(desk, CHECKS)
        self.inbox = Inbox(engine, [], datetime.now(UTC), "UTC")
        self.notifier = Notifier(
            desk, Notify(), "UTC", lambda now: [view.alarm for view in self.monitors.all(now) if view.check_id == "custody"]
        )  # fmt: skip
        at = ToAlertmanager(url=watchers.alertmanager, labels={"team": "platform"})
        self.pusher = Pusher(engine, at, dict, "http://cutover")
        tokens = Tokens(Accounts(engine), SystemClock())
        (watchers.folder / "token").write_text(tokens.issue("alerts"))
        self.door = Door(tokens)
        self.api = MonitorApi(self.inbox, tokens, SystemClock(), self.metrics, lambda: False)

    def metrics(self) -> bytes:
        now = datetime.now(UTC)
        return render(self.monitors.all(now), None, now)

    def see(self, *results: Result) -> None:
        for result in results:
            self.monitors.record("custody", result)
        self.notifier.tell()

    def push(self) -> int:
        async def once() -> int:
            async with open_session() as session:
                return await self.pusher.push(session, datetime.now(UTC))

        return asyncio.run(once())

    def outside(self) -> Result:
        return self.inbox.judge_outside(alerts(match={"monitor": "custody"}), datetime.now(UTC))

    def told(self) -> list[str]:
        with reading(self.desk.journal.engine) as connection:
            return [
                row.partition(" ")[0] for row in connection.execute(select(outbox_table.c.subject)).scalars()
            ]


@pytest.fixture
def world(make_desk: MakeDesk, watchers: Watchers) -> Iterator[World]:
    desk = make_desk(EVENTS, projections())
    made = World(Desk(desk.journal, SystemClock(), alert_messages), watchers)
    with serving(
        Starlette(routes=[*made.api.routes(), *made.door.routes(made.api.operations())]), watchers.port
    ):
        yield made


@contextmanager
def serving(app: Starlette, port: int) -> Iterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "our own server")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def post(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def firing(world: World) -> Callable[[], bool]:
    return lambda: world.outside().status is Status.CRITICAL


def test_what_fires_comes_back_by_webhook_and_what_is_resolved_while_silenced_only_we_tell(
    world: World,
) -> None:
    """Alertmanager sends no `resolved` for what it silences: whoever was told by us hears of it from us."""
    world.see(*[critical("no answer")] * 3)
    assert world.push() == 1
    wait_until(firing(world), "the webhook of the firing alarm")
    now = datetime.now(UTC)
    post(
        f"{world.watchers.alertmanager}/api/v2/silences",
        {
            "matchers": [{"name": "monitor", "value": "custody", "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "asha",
            "comment": "patching",
        },
    )
    world.see(ok(), ok())
    assert world.push() == 1  # told as over, again and again for a while
    wait_until(lambda: not active(world), "Alertmanager's own end of the alarm")
    assert world.told() == ["FIRING", "RESOLVED"]
    assert world.outside().status is Status.CRITICAL  # the webhook never said so


def active(world: World) -> list[Any]:
    with urllib.request.urlopen(f"{world.watchers.alertmanager}/api/v2/alerts", timeout=5) as answer:
        found: list[Any] = json.loads(answer.read())
    return [one for one in found if one["labels"].get("monitor") == "custody" and one["labels"].get("team")]


def test_prometheus_scrapes_us_and_alerts_by_the_rules_we_wrote(world: World) -> None:
    """Its targets are looked at five seconds after they were named: what this test waits for."""
    world.see(*[critical("no answer")] * 3)
    base = world.watchers.prometheus
    alerting = declared(
        "prometheus", url=base, query='cutover_check_alerting{check="custody"}', limits={"critical_above": 0}
    )
    fired = declared(
        "prometheus",
        url=base,
        query='ALERTS{alertname="CutoverMonitor",monitor="custody",alertstate="firing"}',
        limits={"critical_above": 0},
    )
    gone = declared(
        "prometheus",
        url=base,
        query='absent(cutover_check_status{check="never"})',
        limits={"critical_above": 0},
    )
    broken = declared("prometheus", url=base, query="sum(", limits={"critical_above": 0})
    wait_until(lambda: asked(alerting).status is Status.CRITICAL, "our gauge in Prometheus")
    wait_until(lambda: asked(fired).status is Status.CRITICAL, "the alert by our rule")
    assert asked(gone).status is Status.CRITICAL
    assert asked(broken).detail.startswith("the query failed: invalid parameter")


def asked(check: Any) -> Result:
    async def once() -> Result:
        async with open_session() as session:
            return await Asking(dict, {}).ask(session, check, datetime.now(UTC))

    return asyncio.run(once())


def test_an_alertmanager_that_is_away_is_said_to_be(world: World) -> None:
    world.pusher = Pusher(world.desk.journal.engine, ToAlertmanager(url="http://127.0.0.1:1"), dict, "")
    world.see(*[critical("no answer")] * 3)
    with pytest.raises(Unavailable, match="Alertmanager: no answer"):
        world.push()
