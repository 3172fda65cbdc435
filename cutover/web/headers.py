"""The protective headers of every answer. Knows no page."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_ALWAYS = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
# Spelt once: a crowd is answered hundreds of times a second.
_PAGES = (*_ALWAYS, (b"cache-control", b"no-store"))
_STATIC = (*_ALWAYS, (b"cache-control", b"no-cache"))


class SecureHeaders:
    """The same protective headers on every answer; pages are never kept, static files are asked for again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ours = _STATIC if scope["path"].startswith("/static/") else _PAGES

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.get("headers", [])
                known = {name.lower() for name, _ in said}
                message["headers"] = [*said, *(one for one in ours if one[0] not in known)]
            await send(message)

        await self.app(scope, receive, guarded)
