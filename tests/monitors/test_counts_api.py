"""A program tells a flow's daily counts by a token of its own; a body is taken whole or not at all."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from cutover.core.clock import FixedClock
from cutover.store.accounts import Accounts
from cutover.web.api.door import Door
from cutover.web.tokens import Tokens
from monitors.counts_api import CountsApi
from tests.conftest import MakeDesk
from tests.monitors.flow_world import FlowWorld, open_flows

PATH, MINE = "/api/v1/counts/incidents", "counts:incidents"
GOOD = {"counts": {"2026-10-27": 118}, "last_event": "2026-10-27T23:40:00Z"}
FILED = {"id": "filed", "title": "Filed", "counts": {"kind": "csv", "path": "a.csv"}}


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    world = open_flows(make_desk, clock, FILED)
    world.freeze("incidents")
    world.morning(1)
    return world


def tell(world: FlowWorld, body: Any, scope: str = MINE, path: str = PATH) -> httpx.Response:
    tokens = Tokens(Accounts(world.desk.journal.engine), world.clock)
    app = Starlette(routes=Door(tokens).routes(CountsApi(world.service, world.clock).operations()))
    headers = {"Authorization": f"Bearer {tokens.issue(scope)}"}
    content = body if isinstance(body, str) else json.dumps(body)

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cutover") as client:
            return await client.post(path, content=content, headers=headers)

    return asyncio.run(once())


def test_what_is_told_is_counted(world: FlowWorld) -> None:
    assert tell(world, GOOD).status_code == 202
    view = world.service.view("incidents")
    assert view.state.days[date(2026, 10, 27)].count == 118
    assert view.heard.last_event == datetime(2026, 10, 27, 23, 40, tzinfo=UTC)


def test_a_token_for_another_flow_is_refused(world: FlowWorld) -> None:
    answer = tell(world, GOOD, "counts:referrals")
    assert (answer.status_code, "not for counts:incidents" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{", "the body: "),
        ("[]", "the body is not as it should be"),
        ({"counts": {}, "more": 1}, "the body is not as it should be"),
        ('{"counts": {"2026-10-27": 1, "2026-10-27": 2}}', "'2026-10-27' is there twice"),
        ('{"counts": {"2026-10-27": NaN}}', "nan is no whole number"),
        ({"counts": {"2026-10-27": -1}}, "-1 is negative"),
        ({"counts": {"2026-10-29": 1}}, "2026-10-29 is still to come"),
        ({"counts": {"2026-10-27": 118}, "last_event": "2026-10-27T10:00"}, "does not say in which zone"),
        ({"counts": {"2026-10-27": 118}, "last_event": "2026-10-29T10:00Z"}, "a clock is wrong"),
    ],
)
def test_a_body_that_cannot_be_is_named_and_nothing_of_it_is_taken(
    world: FlowWorld, body: Any, why: str
) -> None:
    answer = tell(world, body)
    assert (answer.status_code, why in answer.json()["detail"]) == (400, True)
    assert world.service.view("incidents").heard.at == datetime(2026, 10, 23, 21, tzinfo=UTC)


def test_a_flow_whose_counts_are_read_is_not_told(world: FlowWorld) -> None:
    answer = tell(world, GOOD, "counts:filed", "/api/v1/counts/filed")
    assert "are read from its csv" in answer.json()["detail"]


def test_an_unknown_flow_is_named_with_the_nearest(world: FlowWorld) -> None:
    answer = tell(world, GOOD, "counts:incident", "/api/v1/counts/incident")
    assert (answer.status_code, "did you mean 'incidents'" in answer.text) == (404, True)
