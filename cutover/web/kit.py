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

from jinja2 import BaseLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined, meta
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

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable
from cutover.store.journal import Journal
from cutover.web.acts import (
    FLASH,
    NO_TROUBLE,
    Act,
    Cookie,
    Done,
    Download,
    Sent,
    Trouble,
    answer,
    check_origin,
    given,
    perform,
    receive_form,
    said_before,
    set_cookies,
    trouble_of,
)
from cutover.web.headers import HEADERS, SecureHeaders
from cutover.web.stream import Feed
from cutover.web.visitor import NOBODY, Asked, Guard, KnownBy, Unguarded, Visitor

KIT = "kit"  # the template prefix of this room; every other prefix is a feature's package
STATUS: dict[type[CutoverError], int] = {
    Invalid: 400,
    NotFound: 404,
    Refused: 409,
    Conflict: 409,
    Unavailable: 503,
}
COMPRESSED_FROM = 1_000  # bytes; a board of 2,000 tasks is read over a phone's line
_STATIC = Path(__file__).parent / "static"
_OFFERED = frozenset({"page"})  # what the layout brings to every template
SIGN_IN = "/sign-in"

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `build` turns the query (and path parameters) into the context its template reads.

    `package` is the one whose `pages/` folder holds the template; `label` is the page's name in the
    navigation, '' keeps it out. `build` runs in a worker thread, may raise any CutoverError, and may answer `Done` to
    lead elsewhere or `Download`, a file. A `public` page is read through a public link too, an `anybody` one without any sign-in.
    """

    path: str
    package: str
    template: str
    context: type[Any]
    build: Callable[[Query], Any]
    label: str = ""
    public: bool = False
    anybody: bool = False

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
    """What the layout shows around every page; `position` is the journal's head before the page was built.

    `address` is where the page is read again: not where it stands when a refused form brought it.
    """

    title: str
    here: str
    navigation: tuple[tuple[str, str], ...]
    position: int
    visitor: Visitor = NOBODY
    address: str = ""
    said: str = ""
    trouble: Trouble = NO_TROUBLE
    sign_in: str = ""  # where one signs in; '' when nobody can


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
    environment.globals["forms"] = environment.get_template(f"{KIT}/forms.html").module
    return environment


def names_used(environment: Environment, page: Page) -> frozenset[str]:
    """The context names that a page's template really reads, to be compared with its context class."""
    loader = environment.loader
    assert loader is not None  # `templates` always sets one
    source = loader.get_source(environment, page.name)[0]
    found = meta.find_undeclared_variables(environment.parse(source))
    return frozenset(found - _OFFERED - environment.globals.keys())


def build_app(
    title: str,
    pages: Sequence[Page],
    journal: Journal,
    stop: threading.Event,
    *,
    acts: Sequence[Act] = (),
    guard: Guard | None = None,
    routes: Sequence[Route] = (),
) -> Starlette:
    """The application: the pages, their acts, `/stream`, `/healthz` and `/static`; `/` leads to the first page.

    `routes` are for programs, not people: `/metrics` and `/api/v1`, each with a guard of its own.
    Setting `stop` ends every open stream, so that the server can end. Without a `guard` everybody reads and nobody acts.
    """
    shown = tuple(page for page in pages if page.label)
    kit = _Kit(
        title, shown, {page.path: page for page in pages}, templates(pages), journal, guard or Unguarded()
    )
    feed = Feed(lambda: journal.head().position, stop)
    return Starlette(
        routes=[*routes, *_routes(kit, pages, acts, feed)],
        middleware=[
            Middleware(SecureHeaders),
            Middleware(
                GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=5
            ),  # streams are left alone
        ],
        exception_handlers={CutoverError: kit.refuse, HTTPException: kit.refuse, Exception: kit.crash},
        lifespan=_lifespan(feed, stop),
    )


def _lifespan(feed: Feed, stop: threading.Event) -> Lifespan[Starlette]:
    """One reader of the journal's head for all viewers, as long as the application runs."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        poller = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            stop.set()
            await poller

    return lifespan


def _routes(kit: _Kit, pages: Sequence[Page], acts: Sequence[Act], feed: Feed) -> list[BaseRoute]:
    """What the kit itself answers, then the acts, then the pages."""

    async def home(_request: Request) -> Response:
        return RedirectResponse(kit.shown[0].path if kit.shown else "/healthz", status_code=302)

    async def stream(request: Request) -> Response:
        if await run_in_threadpool(kit.may_read, request, public=True):
            return await feed.endpoint(request)
        return Response("sign in first", status_code=401, media_type="text/plain")

    return [
        Route("/", home),
        Route("/healthz", kit.healthz),
        Route("/stream", stream),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
        *(Route(act.path, kit.act_endpoint(act), methods=["POST"]) for act in acts),
        *(Route(page.path, kit.endpoint(page)) for page in pages),
    ]


@dataclass(frozen=True, slots=True)
class _Kit:
    title: str
    shown: tuple[Page, ...]
    pages: Mapping[str, Page]
    environment: Environment
    journal: Journal
    guard: Guard

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            return await run_in_threadpool(self._show, page, request)

        return show

    def act_endpoint(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            check_origin(request)
            raw, files = await receive_form(request, act.most_bytes)
            return await run_in_threadpool(self._act, act, request, given(act.form, raw), files)

        return take

    def may_read(self, request: Request, *, public: bool) -> bool:
        self.guard.check_host(request.headers.get("host", ""))
        return self.guard.may_read(self.guard.visitor(request.cookies), public=public)

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
        return self._trouble(_status(error), tuple(str(error).splitlines()))

    async def crash(self, _request: Request, _error: Exception) -> Response:
        """A defect: the server logs its trace, the reader is told no more than that."""
        answer = self._trouble(
            500, ("A defect in the software. It is in the server's log; nothing was changed.",)
        )
        answer.headers.update(HEADERS)  # this answer is given outside the middleware
        return answer

    def _show(self, page: Page, request: Request) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        visitor = self.guard.visitor(request.cookies)
        if not page.anybody and not self.guard.may_read(visitor, public=page.public):
            return self._sign_in_first(request, visitor)
        frame = self._frame(request, visitor, request.url.path)
        context = page.build(Asked({**request.query_params, **request.path_params}, visitor))
        secure = request.url.scheme == "https"
        if isinstance(context, Done):
            return answer(context, secure=secure)
        if isinstance(context, Download):
            return context.response()
        if "fragment" in request.query_params:
            return HTMLResponse(self._fragments(page, context, frame, request.query_params["fragment"]))
        response = HTMLResponse(self._whole(page, context, frame))
        if FLASH in request.cookies:
            set_cookies(response, [Cookie(FLASH, "", 0)], secure=secure)
        return response

    def _act(self, act: Act, request: Request, raw: dict[str, Any], files: Mapping[str, Any]) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        visitor = self.guard.visitor(request.cookies)
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
            context = page.build(Asked({**request.query_params, **request.path_params}, visitor))
        except CutoverError:
            raise error from None
        return HTMLResponse(self._whole(page, context, frame), status_code=_status(error))

    def _sign_in_first(self, request: Request, visitor: Visitor) -> Response:
        if "fragment" in request.query_params:
            return HTMLResponse("", status_code=401)
        if visitor.known_by is KnownBy.PUBLIC_LINK:
            raise Refused("a public link opens the board and nothing else: sign in to read this page")
        query = f"?{request.url.query}" if request.url.query else ""
        then = quote(f"{request.url.path}{query}", safe="")
        return RedirectResponse(f"{SIGN_IN}?then={then}", status_code=303)

    def _whole(self, page: Page, context: Any, frame: Frame) -> str:
        return self.environment.get_template(page.name).render(_values(page, context, frame))

    def _fragments(self, page: Page, context: Any, frame: Frame, names: str) -> str:
        template, values = self.environment.get_template(page.name), _values(page, context, frame)
        parts = []
        for name in names.split(","):
            if name not in template.blocks:
                raise NotFound("fragment", name, template.blocks)
            block = "".join(template.blocks[name](template.new_context(values)))
            parts.append(f'<div data-live="{name}">{block}</div>')
        return "\n".join(parts)

    def _frame(self, request: Request, visitor: Visitor, here: str) -> Frame:
        navigation = tuple(
            (page.label, page.path)
            for page in self.shown
            if page.anybody or self.guard.may_read(visitor, public=page.public)
        )
        query = f"?{request.url.query}" if request.url.query else ""
        return Frame(
            self.title,
            here,
            navigation,
            self.journal.head().position,
            visitor,
            here + query,
            said_before(request.cookies),
            sign_in=SIGN_IN if SIGN_IN in self.pages else "",
        )

    def _trouble(self, status: int, lines: Sequence[str]) -> Response:
        navigation = tuple((page.label, page.path) for page in self.shown)
        template = self.environment.get_template(f"{KIT}/trouble.html")
        frame = Frame(self.title, "", navigation, 0)
        return HTMLResponse(template.render(page=frame, status=status, lines=lines), status_code=status)


def _values(page: Page, context: Any, frame: Frame) -> dict[str, Any]:
    return {f.name: getattr(context, f.name) for f in dataclasses.fields(page.context)} | {"page": frame}


def _status(error: Exception) -> int:
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
