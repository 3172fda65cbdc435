"""How an open page is renewed: what all see alike is taken from one rendering, what is one visitor's is added.

A page that is told of news asks for its regions with the marks of what it holds. Most of a crowd asks for the same,
and gets the same bytes; nobody of it waits for a thread or for the database.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cutover.web.drawing import Drawing
from cutover.web.menu import Menu
from cutover.web.page import Frame, Page
from cutover.web.shared import Alike, Navigation, Shared, View, Wanted, wanted_of
from cutover.web.visitor import NOBODY, Asked, Guard, KnownBy, Unguarded, Visitor

NEWS = "news"  # the position that an open page was told of


@dataclass(frozen=True, slots=True)
class Renewal:
    """Renews the pages of one server, whose navigation names the pages that are `shown`."""

    title: str
    shown: Sequence[Page]
    guard: Guard
    drawing: Drawing
    shared: Shared

    def navigation(self, visitor: Visitor) -> Navigation:
        """The pages that a visitor may open."""
        may = {public: self.guard.may_read(visitor, public=public) for public in (False, True)}
        return tuple((page.label, page.path) for page in self.shown if page.anybody or may[page.public])

    def context(self, page: Page, query: Asked, navigation: Navigation) -> tuple[Any, View | None]:
        """What the page's template reads, and what of it was rendered for all."""
        if page.alike is not None:
            key, render = self._sharing(page, navigation)
            if view := self.shared.view(page.alike, key, Asked(query, NOBODY), render):
                return page.alike.add(view.sight, query), view
        return page.build(query), None

    async def answer(self, page: Page, alike: Alike, request: Request) -> Response | None:
        """What has changed since an open page was told of news; None: it takes the long way, through a thread.

        Who asked a moment ago is not looked up again: they are still who they were.
        """
        self.guard.check_host(request.headers.get("host", ""))
        visitor, since = self.guard.recent(request.cookies), request.query_params[NEWS]
        if visitor is None:
            visitor = await run_in_threadpool(self.guard.visitor, request.cookies)
        wanted = wanted_of(request.query_params.get("fragment", ""))
        known = {name for name, _ in wanted} <= alike.regions | alike.own
        if visitor.known_by is KnownBy.NOTHING and not isinstance(self.guard, Unguarded):
            return None  # whether they may read takes a look into the database
        if not (known and since.isdecimal()):
            return None
        if not self.guard.may_read(visitor, public=page.public):
            return None
        query, navigation = asked(request, visitor), self.navigation(visitor)
        key, render = self._sharing(page, navigation)
        view = await self.shared.coming(alike, key, Asked(query, NOBODY), render, int(since))
        if view is None:
            return None
        frame = Frame(self.title, page.path, Menu(navigation), view.position, visitor)
        own = tuple(one for one in wanted if one[0] in alike.own)
        ours = self.drawing.fragments(page, alike.add(view.sight, query), frame, own, None) if own else ""
        return await _sent(view, tuple(one for one in wanted if one[0] in alike.regions), ours, request)

    def _sharing(self, page: Page, navigation: Navigation) -> tuple[Hashable, Callable[[Any, str], str]]:
        """Under what a page that all see alike is kept, and how its regions are rendered: for nobody."""
        frame = Frame(self.title, page.path, Menu(navigation), 0)
        return (page.path, navigation), lambda context, name: self.drawing.region(page, context, frame, name)


def asked(request: Request, visitor: Visitor) -> Asked:
    """One request's query and path, with who asks."""
    return Asked({**request.query_params, **request.path_params}, visitor)


async def _sent(view: View, theirs: Wanted, ours: str, request: Request) -> Response:
    """What everybody gets is rendered and compressed already; what is somebody's own follows it."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse("\n".join(filter(None, (ours, await run_in_threadpool(view.answer, theirs)))))
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    packed = await view.packed(theirs)
    return HTMLResponse(packed.with_own(ours.encode()), headers=headers)
