"""A program tells what waits, by a token for that alone; bad rows are named, the same body twice enters nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from starlette.applications import Starlette

from contingency.backlog_api import SCOPE, BacklogApi
from contingency.incidents import IncidentService
from contingency.register import item_of
from cutover.store.accounts import Accounts
from cutover.web.api.door import Door
from cutover.web.tokens import Tokens
from tests.contingency.world import World

ROW = {"key": "R-1", "item_type": "referral", "occurred_at": "2026-10-22T17:02:00Z", "tier": "high"}


def tell(world: World, body: Any, scope: str = SCOPE) -> httpx.Response:
    tokens = Tokens(Accounts(world.desk.journal.engine), world.clock)
    app = Starlette(
        routes=Door(tokens).routes(BacklogApi(world.discoveries, IncidentService(world.desk)).operations())
    )

    async def once() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://cutover"
        ) as client:
            headers = {"Authorization": f"Bearer {tokens.issue(scope)}"}
            return await client.post("/api/v1/backlog", content=json.dumps(body), headers=headers)

    return asyncio.run(once())


def test_items_are_entered_once_with_who_told_them_and_bad_rows_are_named(world: World) -> None:
    body = {"source": "referrals", "items": [ROW, {"key": "R-2"}]}
    answer = tell(world, body)
    assert (answer.status_code, answer.json()["new"], len(answer.json()["faults"])) == (202, 1, 1)
    assert tell(world, body).json()["new"] == 0
    item = item_of(world.desk.journal.engine, "referral/R-1")
    assert item is not None
    assert (item.found_by, item.source) == ("api referrals", "api referrals")


def test_another_token_and_a_body_that_is_none_enter_nothing(world: World) -> None:
    good = {"source": "referrals", "items": [ROW]}
    assert tell(world, good, scope="counts:referrals").status_code == 403
    for wrong in (
        [],
        {"items": [ROW]},
        {**good, "items": [1]},
        {**good, "items": []},
        {**good, "source": ""},
    ):
        assert tell(world, wrong).status_code == 400
    assert world.backlog.status().waiting == 0
