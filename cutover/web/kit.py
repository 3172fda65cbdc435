"""How a page is made: a frozen context in, HTML out; one layout, one error page, the same headers for all.

Knows no feature: pages are handed in. Each page's template reads exactly the fields of its context class, and
`?fragment=name` renders only that block of the same template, which is how an open page renews itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined, meta
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable
from cutover.store.journal import Journal
from cutover.web.stream import Feed

KIT = "kit"  # the template prefix of this room; every other prefix is a feature's package
STATUS: dict[type[CutoverError], int] = {
    Invalid: 400,
    NotFound: 404,
    Refused: 409,
    Conflict: 409,
    Unavailable: 503,
}
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
_STATIC = Path(__file__).parent / "static"
_OFFERED = frozenset({"page"})  # what the layout brings to every template

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `build` turns the query (and path parameters) into the context its template reads.

    `package` is the one whose `pages/` folder holds the template; `label` is the page's name in the
    navigation, '' keeps it out. `build` runs in a worker thread and may raise any CutoverError.
    """

    path: str
    package: str
    template: str
    context: type[Any]
    build: Callable[[Query], Any]
    label: str = ""

    @property
    def name(self) -> str:
        """The template as the loaders know it."""
        return f"{self.package}/{self.template}"


@dataclass(frozen=True, slots=True)
class Panel:
    """A box of figures that another room shows on a page: rows of (label, value), and where to read more."""

    title: str
    rows: tuple[tuple[str, str], ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the layout shows around every page; `position` is the journal's head before the page was built."""

    title: str
    here: str
    navigation: tuple[tuple[str, str], ...]
    position: int


def templates(pages: Sequence[Page]) -> Environment:
    """The one environment: strict, escaping, with a loader for each package that brought a page."""
    loaders: dict[str, BaseLoader] = {KIT: PackageLoader("cutover.web", "templates")}
    for package in {page.package for page in pages} - {KIT}:
        loaders[package] = PackageLoader(package, "pages")
    environment = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Globals and not imports: a block rendered alone does not see what its template imported.
    environment.globals["ui"] = environment.get_template(f"{KIT}/parts.html").module
    environment.globals["charts"] = environment.get_template(f"{KIT}/charts.html").module
    return environment


def names_used(environment: Environment, page: Page) -> frozenset[str]:
    """The context names that a page's template really reads, to be compared with its context class."""
    loader = environment.loader
    assert loader is not None  # `templates` always sets one
    source = loader.get_source(environment, page.name)[0]
    found = meta.find_undeclared_variables(environment.parse(source))
    return frozenset(found - _OFFERED - environment.globals.keys())


def build_app(title: str, pages: Sequence[Page], journal: Journal, stop: threading.Event) -> Starlette:
    """The application: the pages, `/stream`, `/healthz` and `/static`; `/` leads to the first page.

    Setting `stop` ends every open stream, so that the server can end.
    """
    shown = tuple((page.label, page.path) for page in pages if page.label)
    kit = _Kit(title, shown, templates(pages), journal)
    feed = Feed(lambda: journal.head().position, stop)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        poller = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            stop.set()
            await poller

    async def home(_request: Request) -> Response:
        return RedirectResponse(shown[0][1] if shown else "/healthz", status_code=302)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", kit.healthz),
            Route("/stream", feed.endpoint),
            Mount("/static", StaticFiles(directory=_STATIC), name="static"),
            *(Route(page.path, kit.endpoint(page)) for page in pages),
        ],
        middleware=[Middleware(SecureHeaders)],
        exception_handlers={CutoverError: kit.refuse, HTTPException: kit.refuse, Exception: kit.crash},
        lifespan=lifespan,
    )


@dataclass(frozen=True, slots=True)
class _Kit:
    title: str
    navigation: tuple[tuple[str, str], ...]
    environment: Environment
    journal: Journal

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            return HTMLResponse(await run_in_threadpool(self._render, page, request))

        return show

    async def healthz(self, _request: Request) -> Response:
        try:
            head = await run_in_threadpool(self.journal.head)
        except Unavailable as error:
            return JSONResponse({"status": "unavailable", "detail": str(error)}, status_code=503)
        return JSONResponse({"status": "ok", "position": head.position})

    async def refuse(self, _request: Request, error: Exception) -> Response:
        """Whatever a person can act on, as a page that says so."""
        if isinstance(error, HTTPException):
            return self._trouble(error.status_code, (error.detail,))
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
        return self._trouble(status, tuple(str(error).splitlines()))

    async def crash(self, _request: Request, _error: Exception) -> Response:
        """A defect: the server logs its trace, the reader is told no more than that."""
        answer = self._trouble(
            500, ("A defect in the software. It is in the server's log; nothing was changed.",)
        )
        answer.headers.update(HEADERS)  # this answer is given outside the middleware
        return answer

    def _render(self, page: Page, request: Request) -> str:
        frame = self._frame(request.url.path, self.journal.head().position)
        context = page.build({**request.query_params, **request.path_params})
        values = {f.name: getattr(context, f.name) for f in dataclasses.fields(page.context)} | {
            "page": frame
        }
        template = self.environment.get_template(page.name)
        if "fragment" not in request.query_params:
            return template.render(values)
        parts = []
        for name in request.query_params["fragment"].split(","):
            if name not in template.blocks:
                raise NotFound("fragment", name, template.blocks)
            block = "".join(template.blocks[name](template.new_context(values)))
            parts.append(f'<div data-live="{name}">{block}</div>')
        return "\n".join(parts)

    def _frame(self, here: str, position: int = 0) -> Frame:
        return Frame(self.title, here, self.navigation, position)

    def _trouble(self, status: int, lines: Sequence[str]) -> Response:
        template = self.environment.get_template(f"{KIT}/trouble.html")
        return HTMLResponse(
            template.render(page=self._frame(""), status=status, lines=lines), status_code=status
        )


class SecureHeaders:
    """The same protective headers on every answer; pages are never kept, static files are asked for again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault(
                    "Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store"
                )
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)
