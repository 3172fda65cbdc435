"""A reader of pages without a server: one request, one answer, over ASGI."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Browser:
    app: ASGIApp

    def get(self, path: str, **params: str) -> httpx.Response:
        return asyncio.run(self._get(path, params))

    async def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://board") as client:
            return await client.get(path, params=params or None)


class Signed:
    """A reader that keeps its cookies and sends forms, as a browser without scripts does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.cookies = httpx.Cookies()

    def get(self, path: str, *, host: str = "board", **params: str) -> httpx.Response:
        return asyncio.run(self._send("GET", path, params=params or None, headers={"Host": host}))

    def unfollowed(self, path: str, **params: str) -> httpx.Response:
        """The answer itself where it leads elsewhere."""
        return asyncio.run(self._send("GET", path, params=params or None, follow_redirects=False))

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with the token of the page read last; follows to the page that answers."""
        return self.send(path, {"token": self.token, **fields})

    def send(self, path: str, fields: dict[str, str], **more: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, data=fields, **more))

    def sign_in(self, person: str, password: str) -> httpx.Response:
        self.get("/sign-in")
        return self.post("/sign-in", person=person, password=password)

    token = ""

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://board", cookies=self.cookies, follow_redirects=True
        ) as client:
            answer = await client.request(method, path, **more)
            self.cookies = client.cookies
        if found := re.search(r'name="token" value="([0-9a-f]+)"', answer.text):
            self.token = found[1]
        return answer
