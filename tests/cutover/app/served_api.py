"""A programme with a little of everything, and a program that asks it with a token for whatever it asks."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from cutover.app.bootstrap import World
from cutover.app.web import assembled, make_app
from cutover.web.api.operation import Operation

OPEN_TASK = "  - {id: X, title: Copy the files, duration: 1h}\n"
MORE_CHECKS = """\
  - {kind: heartbeat, id: nightly, title: The nightly export, component: records, owner: asha, every: 1d}
flows:
  - {id: referrals, title: Referrals, owner: asha, counts: {kind: api}, see_within: 14}
"""


def furnish(folder: Path) -> None:
    """To the folder of the tests: a task that is nobody's, a heartbeat, a flow whose counts are told."""
    for name, more in (("runbooks/small.yaml", OPEN_TASK), ("monitors/systems.yaml", MORE_CHECKS)):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(more)


def settle_in(world: World) -> None:
    """A run under way, six sheets of which two are at a station, three items that wait, a reconciliation."""
    world.runs.start(world.folder.runbooks["small"], by="bo")
    world.paper.print_block(form_type="crime", count=6, by="bo")
    world.paper.issue(form_type="crime", station="central", count=2, by="bo")
    world.reconciliation.run("crimes", by="bo")


class Program:
    """Asks the application without a server; `ask` brings a token for the scope of what it asks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations: dict[tuple[str, str], Operation] = {
            (one.method, one.path): one for one in assembled(world).operations
        }
        self.app: Starlette = make_app(world, threading.Event())

    def token(self, method: str, template: str, path: dict[str, Any]) -> str:
        return self.world.tokens.issue(self.operations[method, template].scope.format_map(path))

    def ask(
        self, method: str, template: str, path: dict[str, Any] | None = None, **more: Any
    ) -> httpx.Response:
        names = path or {}
        headers = {
            "Authorization": f"Bearer {self.token(method, template, names)}",
            **more.pop("headers", {}),
        }
        return self.send(method, template.format_map(names), headers=headers, **more)

    def send(self, method: str, address: str, **more: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://board") as client:
                return await client.request(method, address, **more)

        return asyncio.run(once())
