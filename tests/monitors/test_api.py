"""Programs report by a token of their own: for that and for nothing else, until it is revoked."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.store.accounts import Accounts
from cutover.web.api.door import Door
from cutover.web.tokens import Tokens
from monitors.api import MonitorApi
from monitors.domain.check import Reason, Status
from monitors.inbox import Inbox
from tests.conftest import START
from tests.monitors.domain.test_heartbeat import heartbeat
from tests.monitors.domain.test_outside import alerts


class World:
    """The routes over a real database; `post` sends with a token for a scope."""

    def __init__(self, engine: Engine, clock: FixedClock, *, accounts: bool = False) -> None:
        self.clock = clock
        self.inbox = Inbox(engine, [heartbeat()], START, "Europe/London")
        self.tokens = Tokens(Accounts(engine), clock)
        api = MonitorApi(self.inbox, self.tokens, clock, lambda: b"cutover_up 1\n", lambda: accounts)
        self.app = Starlette(routes=[*api.routes(), *Door(self.tokens).routes(api.operations())])

    def post(self, path: str, scope: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens.issue(scope)}"} if scope else {}
        return self.ask("POST", path, headers=headers, **more)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://cutover") as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


BEAT, MINE = "/api/v1/heartbeats/export", "heartbeat:export"


def test_a_report_makes_a_heartbeat_well(any_engine: Engine, clock: FixedClock) -> None:
    world = World(any_engine, clock)
    assert world.inbox.judge_heartbeat(heartbeat(), START).reason is Reason.NOT_DUE
    for state in ("started", "success"):
        assert world.post(f"{BEAT}?state={state}", MINE).status_code == 202
        clock.advance(timedelta(seconds=1))
    assert world.inbox.judge_heartbeat(heartbeat(), clock.now()).status is Status.OK


def test_a_start_after_a_failure_leaves_its_reason_known(world: World, clock: FixedClock) -> None:
    world.post(f"{BEAT}?state=failed", MINE, content=b"disk full")
    clock.advance(timedelta(seconds=1))
    world.post(f"{BEAT}?state=started", MINE, content=b"trying again")
    assert world.inbox.judge_heartbeat(heartbeat(), clock.now()).detail == "it reported a failure: disk full"


def test_a_failure_says_why(world: World) -> None:
    world.post(f"{BEAT}?state=failed", MINE, content=b"disk full")
    assert world.inbox.judge_heartbeat(heartbeat(), START).detail == "it reported a failure: disk full"


@pytest.mark.parametrize(
    ("path", "scope", "status", "says"),
    [
        (BEAT, "", 401, "send a token"),
        (BEAT, "heartbeat:other", 403, "for heartbeat:other, not for heartbeat:export"),
        (BEAT, "alerts", 403, "for alerts"),
        ("/api/v1/heartbeats/exprot", "heartbeat:exprot", 404, "did you mean 'export'"),
        (f"{BEAT}?state=fine", MINE, 400, "expected 'success', 'started' or 'failed'"),
    ],
)
def test_what_is_wrong_with_a_report_is_named(
    world: World, path: str, scope: str, status: int, says: str
) -> None:
    answer = world.post(path, scope)
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)
    assert world.inbox.pings("export").succeeded is None


@pytest.mark.parametrize("token", ["nonsense", "a.b", "W10.AAAA", "x" * 1000, "é.é", ".", "e30.\x00"])
def test_a_token_that_is_none_of_ours_is_refused(world: World, token: str) -> None:
    with pytest.raises(Refused, match="none of ours"):
        world.tokens.check(token, MINE)


def test_a_revoked_token_reports_no_more_and_a_new_one_does(world: World, clock: FixedClock) -> None:
    old = world.tokens.issue(MINE)
    world.tokens.revoke(MINE)
    with pytest.raises(Refused, match="revoked"):
        world.tokens.check(old, MINE)
    clock.advance(timedelta(seconds=1))
    world.tokens.check(world.tokens.issue(MINE), MINE)


def webhook(*alerts_: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts_}).encode()


DISK = {"status": "firing", "labels": {"alertname": "Disk", "team": "platform"}, "fingerprint": "f1", "annotations": {"summary": "full"}}  # fmt: skip


def test_alerts_of_an_alertmanager_fire_and_resolve(any_engine: Engine, clock: FixedClock) -> None:
    world = World(any_engine, clock)
    assert world.post("/api/v1/alertmanager", "alerts", content=webhook(DISK, DISK)).json() == {"alerts": 2}
    assert world.inbox.judge_outside(alerts(), START).detail == "Disk: full"
    world.post("/api/v1/alertmanager", "alerts", content=webhook(DISK | {"status": "resolved"}))
    assert world.inbox.judge_outside(alerts(), START).status is Status.OK


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"alerts": [{"status": "odd"}]}', b'{"alerts": 5}', b"[" * 10_000]
)
def test_a_webhook_that_is_none_is_refused_with_its_place(world: World, body: bytes) -> None:
    answer = world.post("/api/v1/alertmanager", "alerts", content=body)
    assert (answer.status_code, "an Alertmanager webhook of version 4" in answer.json()["detail"]) == (
        400,
        True,
    )


def test_a_body_that_never_ends_is_cut_off(world: World) -> None:
    answer = world.post("/api/v1/alertmanager", "alerts", content=b"x" * 5_000_000)
    assert (answer.status_code, "larger than" in answer.json()["detail"]) == (413, True)


def test_metrics_need_a_token_where_people_need_an_account(engine: Engine, clock: FixedClock) -> None:
    assert World(engine, clock).ask("GET", "/metrics").text == "cutover_up 1\n"
    guarded = World(engine, clock, accounts=True)
    assert guarded.ask("GET", "/metrics").status_code == 401
    headers = {"Authorization": f"Bearer {guarded.tokens.issue('metrics')}"}
    assert guarded.ask("GET", "/metrics", headers=headers).status_code == 200
