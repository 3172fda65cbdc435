"""How a page is made: a frozen context in, HTML out; one layout, one error page, the same headers for all.

Knows no feature: pages and acts are handed in. Each page's template reads exactly the fields of its context class,
and `?fragment=name` renders only that block of the same template, which is how an open page renews itself. An act
that is refused renders its page again with the reason.
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
from urllib.parse import quote

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan

from cutover.core.errors import CutoverError, Refused, Unavailable
from cutover.store.journal import Journal
from cutover.web.acts import (
    FLASH,
    Act,
    Cookie,
    Done,
    Download,
    Sent,
    answer,
    check_origin,
    given,
    perform,
    receive_form,
    said_before,
    set_cookies,
    trouble_of,
)
from cutover.web.api.problems import STATUS, is_for_programs, problem_of
from cutover.web.drawing import Drawing
from cutover.web.headers import HEADERS, SecureHeaders
from cutover.web.menu import Habits, Menu, menu_of, no_habits
from cutover.web.page import KIT, SIGN_IN, Alert, Frame, Page, Panel, Query, names_used, templates
from cutover.web.renewing import NEWS, Renewal, asked
from cutover.web.shared import Shared, View, wanted_of
from cutover.web.stream import Feed
from cutover.web.visitor import NOBODY, Guard, KnownBy, Unguarded, Visitor

__all__ = [
    "KIT",
    "SIGN_IN",
    "STATUS",
    "Alert",
    "Frame",
    "Page",
    "Panel",
    "Query",
    "build_app",
    "names_used",
    "templates",
]
SAID = {
    404: "No page has this address. It may be mistyped, or what it named is gone.",
    405: "This address takes what a form sends; by itself it cannot be opened.",
}
NOT_FOUND = 404
COMPRESSED_FROM = 1_000  # bytes; a board of 2,000 tasks is read over a phone's line
STATIC = Path(__file__).parent / "static"


def build_app(
    title: str,
    pages: Sequence[Page],
    journal: Journal,
    stop: threading.Event,
    *,
    acts: Sequence[Act] = (),
    guard: Guard | None = None,
    routes: Sequence[Route] = (),
    habits: Habits = no_habits,
) -> Starlette:
    """The application: the pages, their acts, `/stream`, `/healthz` and `/static`; `/` leads to the first page a visitor uses.

    `routes` are for programs, not people: `/metrics` and `/api/v1`, each with a guard of its own.
    Setting `stop` ends every open stream, so that the server can end. Without a `guard` everybody reads and nobody acts.
    """
    shown = tuple(page for page in pages if page.label)
    served = {page.path for page in pages}
    if homeless := sorted(act.path for act in acts if act.shown_on not in served):
        raise ValueError(f"acts whose page is not served: {', '.join(homeless)}")
    environment, guard = templates(pages), guard or Unguarded()
    drawing, shared = Drawing(environment), Shared(lambda: journal.head().position)
    renewal = Renewal(title, shown, guard, drawing, shared)
    by_path = {page.path: page for page in pages}
    kit = _Kit(title, shown, by_path, environment, journal, guard, drawing, renewal, habits)
    feed = Feed(lambda: journal.head().position, stop)
    return _as_asked(
        Starlette(
            routes=[*_watched(kit, pages, feed), *routes, *_routes(kit, pages, acts)],
            middleware=[
                Middleware(SecureHeaders),
                # Streams are left alone.
                Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=5),
            ],
            exception_handlers={CutoverError: kit.refuse, HTTPException: kit.refuse, Exception: kit.crash},
            lifespan=_lifespan(kit, feed, stop),
        )
    )


def _as_asked(app: Starlette) -> Starlette:
    """Without Starlette's redirects to the address with or without a slash: made of the name a request says we have."""
    app.router.redirect_slashes = False
    return app


def _lifespan(kit: _Kit, feed: Feed, stop: threading.Event) -> Lifespan[Starlette]:
    """Templates before the first reader, and one reader of the journal's head for all viewers."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(kit.prepare)
        poller = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            stop.set()
            await poller

    return lifespan


def _watched(kit: _Kit, pages: Sequence[Page], feed: Feed) -> list[BaseRoute]:
    """What a crowd asks for all day: found first, before a hundred addresses are compared."""

    async def stream(request: Request) -> Response:
        if await run_in_threadpool(kit.may_read, request, public=True):
            return await feed.endpoint(request)
        return Response("sign in first", status_code=401, media_type="text/plain")

    alike = (Route(page.path, kit.endpoint(page)) for page in pages if page.alike is not None)
    return [Route("/stream", stream), *alike]


def _routes(kit: _Kit, pages: Sequence[Page], acts: Sequence[Act]) -> list[BaseRoute]:
    """What the kit itself answers, then the acts, then the other pages."""

    async def home(request: Request) -> Response:
        return RedirectResponse(await run_in_threadpool(kit.home, request), status_code=302)

    return [
        Route("/", home),
        Route("/healthz", kit.healthz),
        Mount("/static", StaticFiles(directory=STATIC), name="static"),
        *(Route(act.path, kit.act_endpoint(act), methods=["POST"]) for act in acts),
        *(Route(page.path, kit.endpoint(page)) for page in pages if page.alike is None),
    ]


@dataclass(frozen=True, slots=True)
class _Kit:
    title: str
    shown: tuple[Page, ...]
    pages: Mapping[str, Page]
    environment: Environment
    journal: Journal
    guard: Guard
    drawing: Drawing
    renewal: Renewal
    habits: Habits

    def prepare(self) -> None:
        """Compile every template: none of it is left to the first who reads."""
        self.drawing.prepare([page.name for page in self.pages.values()] + [f"{KIT}/trouble.html"])

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            if page.alike is not None and NEWS in request.query_params:
                renewed = await self.renewal.answer(page, page.alike, request)
                if renewed is not None:
                    return renewed
            return await run_in_threadpool(self._show, page, request)

        return show

    def act_endpoint(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            check_origin(request)
            raw, files = await receive_form(request, act.most_bytes)
            return await run_in_threadpool(self._act, act, request, given(act.form, raw), files)

        return take

    def menu(self, visitor: Visitor, here: str) -> Menu:
        return menu_of(self.renewal.navigation(visitor), self.habits(visitor), here)

    def home(self, request: Request) -> str:
        """The page that a visitor begins at; to whoever may read nothing it says so."""
        self.guard.check_host(request.headers.get("host", ""))
        first = self.shown[0].path if self.shown else "/healthz"
        return self.menu(self.guard.visitor(request.cookies), "").home or first

    def may_read(self, request: Request, *, public: bool) -> bool:
        self.guard.check_host(request.headers.get("host", ""))
        return self.guard.may_read(self.guard.visitor(request.cookies), public=public)

    async def healthz(self, _request: Request) -> Response:
        try:
            head = await run_in_threadpool(self.journal.head)
        except Unavailable as error:
            return JSONResponse({"status": "unavailable", "detail": str(error)}, status_code=503)
        return JSONResponse({"status": "ok", "position": head.position})

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Whatever a person can act on, as a page with the bar of whoever was here; a program gets a problem document.

        An address with a slash too many leads to the one without, on this site whatever name the request says we have.
        """
        if is_for_programs(request):
            return problem_of(error)
        path = request.url.path
        if getattr(error, "status_code", 0) == NOT_FOUND and request.method == "GET" and path.endswith("/"):
            return RedirectResponse("/" + path.strip("/"), status_code=307)
        visitor = self.guard.recent(request.cookies) or NOBODY
        if isinstance(error, HTTPException):
            said = SAID.get(error.status_code, error.detail)
            response = self._trouble(error.status_code, (said,), visitor)
            response.headers.update(error.headers or {})
            return response
        return self._trouble(_status(error), tuple(str(error).splitlines()), visitor)

    async def crash(self, request: Request, error: Exception) -> Response:
        """A defect: the server logs its trace, the reader is told no more than that."""
        said = ("A defect in the software. It is in the server's log; nothing was changed.",)
        response = problem_of(error) if is_for_programs(request) else self._trouble(500, said)
        response.headers.update(HEADERS)  # it is given outside the middleware
        return response

    def _show(self, page: Page, request: Request) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        visitor = self.guard.visitor(request.cookies)
        if not page.anybody and not self.guard.may_read(visitor, public=page.public):
            return self._sign_in_first(request, visitor)
        if "fragment" not in request.query_params and NEWS not in request.query_params:
            self.guard.seen(request.cookies)
        frame = self._frame(request, visitor, request.url.path)
        context, view = self._context(page, request, visitor)
        secure = request.url.scheme == "https"
        if isinstance(context, Done):
            return answer(context, secure=secure)
        if isinstance(context, Download):
            return context.response()
        if "fragment" in request.query_params:
            wanted = wanted_of(request.query_params["fragment"])
            return HTMLResponse(self.drawing.fragments(page, context, frame, wanted, view))
        response = HTMLResponse(self.drawing.whole(page, context, frame, view))
        if FLASH in request.cookies:
            set_cookies(response, [Cookie(FLASH, "", 0)], secure=secure)
        return response

    def _act(self, act: Act, request: Request, raw: dict[str, Any], files: Mapping[str, Any]) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        visitor = self.guard.visitor(request.cookies)
        self.guard.seen(request.cookies)
        source = request.client.host if request.client else ""
        sent = Sent({**request.query_params, **request.path_params}, visitor, files, request.cookies, source)
        try:
            done = perform(act, visitor, raw, sent)
        except CutoverError as error:
            return self._again(act, request, visitor, error, raw)
        return answer(done, secure=request.url.scheme == "https")

    def _again(
        self, act: Act, request: Request, visitor: Visitor, error: CutoverError, raw: dict[str, Any]
    ) -> Response:
        """The page of a refused form, with the reason; where that page cannot be read, the reason alone."""
        page = self.pages[act.shown_on]
        if not page.anybody and not self.guard.may_read(visitor, public=page.public):
            raise error
        here = act.shown_on.format_map({name: quote(str(v)) for name, v in request.path_params.items()})
        frame = dataclasses.replace(
            self._frame(request, visitor, here), trouble=trouble_of(act, error, raw), said=""
        )
        try:
            context, view = self._context(page, request, visitor)
        except CutoverError:
            raise error from None
        return HTMLResponse(self.drawing.whole(page, context, frame, view), status_code=_status(error))

    def _context(self, page: Page, request: Request, visitor: Visitor) -> tuple[Any, View | None]:
        return self.renewal.context(page, asked(request, visitor), self.renewal.navigation(visitor))

    def _sign_in_first(self, request: Request, visitor: Visitor) -> Response:
        if "fragment" in request.query_params:
            return HTMLResponse("", status_code=401)
        if visitor.known_by is KnownBy.PUBLIC_LINK:
            raise Refused("a public link opens the board and nothing else: sign in to read this page")
        then = quote(_with_query(request.url.path, request), safe="")
        return RedirectResponse(f"{SIGN_IN}?then={then}", status_code=303)

    def _frame(self, request: Request, visitor: Visitor, here: str) -> Frame:
        return Frame(
            self.title,
            here,
            self.menu(visitor, here),
            self.journal.head().position,
            visitor,
            _with_query(here, request),
            said_before(request.cookies),
            sign_in=SIGN_IN if SIGN_IN in self.pages else "",
        )

    def _trouble(self, status: int, lines: Sequence[str], visitor: Visitor = NOBODY) -> Response:
        """Asks the database nothing: it may be what is in trouble."""
        public = visitor.known_by is KnownBy.PUBLIC_LINK
        navigation = tuple((page.label, page.path) for page in self.shown if page.public or not public)
        template = self.environment.get_template(f"{KIT}/trouble.html")
        frame = Frame(self.title, "", menu_of(navigation, self.habits(visitor)), 0, visitor)
        return HTMLResponse(template.render(page=frame, status=status, lines=lines), status_code=status)


def _with_query(path: str, request: Request) -> str:
    return f"{path}?{request.url.query}" if request.url.query else path


def _status(error: Exception) -> int:
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
