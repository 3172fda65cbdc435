"""What everybody sees alike on a page is rendered once, however many look; it stands until the journal moves on.

A page that takes part says what it looks like to all, and what is added for one visitor. The regions that all see
alike are rendered for nobody in particular, so nothing of one visitor can reach another. Each region has a mark: an
open page names the marks that it holds, and is sent only what has changed.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2s
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

Query = Mapping[str, str]
Navigation = tuple[tuple[str, str], ...]
Wanted = tuple[tuple[str, str], ...]  # regions, each with the mark that the asker holds of it
MOST = 32  # different pages kept: a query that somebody made up pushes out the one longest unasked for
LEVEL = 5  # of compression
_GZIP = (
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # a gzip file's beginning: deflated, of no time and no system
)
_OF_ONE_REQUEST = frozenset({"fragment", "news"})


class Sight(Protocol):
    """A page as all see it, with whatever its own kind needs to add the parts of one visitor."""

    @property
    def page(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Alike:
    """How a page is shared. `stands` says what it depends on beside the journal; None: this query is not shared.

    `look` makes the sight that all share, and may ask the database. `add` gives the context of one visitor and asks
    nobody. `regions` are seen alike by all, `own` by one visitor; `mark` says in a word what the own ones show.
    """

    stands: Callable[[Query], Hashable]
    look: Callable[[Query], Sight]
    add: Callable[[Any, Query], Any]
    mark: Callable[[Any], object]
    regions: frozenset[str]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Region:
    """One region as it is sent."""

    html: str
    mark: str


@dataclass(frozen=True, slots=True)
class Packed:
    """What many are sent, compressed; something of one's own may follow it. A gzip file, but for its two ends."""

    body: bytes
    check: int
    size: int

    def with_own(self, own: bytes) -> bytes:
        """The whole answer as one gzip file: what all get is not compressed again (RFC 1951: blocks may be joined)."""
        last = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        ends = struct.pack("<II", zlib.crc32(own, self.check), (self.size + len(own)) & 0xFFFFFFFF)
        return b"".join((_GZIP, self.body, last.compress(own), last.flush(), ends))


def packed(text: bytes) -> Packed:
    first = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Packed(first.compress(text) + first.flush(zlib.Z_FULL_FLUSH), zlib.crc32(text), len(text))


@dataclass
class View:
    """A page as it stood at a position of the journal. Regions and packed answers are made when first asked for."""

    position: int
    stands: Hashable
    sight: Sight
    render: Callable[[Any, str], str]
    _regions: dict[str, Region] = field(default_factory=dict)
    _packs: dict[Wanted, asyncio.Future[Packed]] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def region(self, name: str) -> Region:
        with self._turn:
            if name not in self._regions:
                html = self.render(self.sight.page, name)
                self._regions[name] = Region(html, mark_of(html))
            return self._regions[name]

    def answer(self, wanted: Wanted) -> str:
        """The regions that have another mark than the asker holds."""
        found = ((name, held, self.region(name)) for name, held in wanted)
        return "\n".join(framed(name, one.html, one.mark) for name, held, one in found if one.mark != held)

    async def packed(self, wanted: Wanted) -> Packed:
        """The same, compressed once for everybody who asks for it."""
        if wanted not in self._packs:
            self._packs[wanted] = asyncio.ensure_future(run_in_threadpool(self._pack, wanted))
        return await asyncio.shield(self._packs[wanted])

    def _pack(self, wanted: Wanted) -> Packed:
        return packed(self.answer(wanted).encode())


class _Place:
    """Where the newest view of one page is kept; one makes it, the others wait."""

    def __init__(self) -> None:
        self.turn = Lock()
        self.view: View | None = None
        self.began = 0.0  # when the journal was last looked at for it
        self.coming: asyncio.Future[View | None] | None = None

    def at_hand(self, stands: Hashable, since: int | None) -> View | None:
        """The view, if it holds what the asker was told of."""
        view = self.view
        return (
            view if view and since is not None and view.position >= since and view.stands == stands else None
        )

    def begun_since(self, stands: Hashable, arrived: float) -> View | None:
        """The view, if the journal was looked at for it after the asker came: all they can know of is in it."""
        view = self.view
        return view if view and self.began >= arrived and view.stands == stands else None


class Shared:
    """The views of one server. `head` says how far the journal has come."""

    def __init__(self, head: Callable[[], int]) -> None:
        self._head = head
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()
        self._lock = Lock()

    def view(
        self,
        alike: Alike,
        key: Hashable,
        query: Query,
        render: Callable[[Any, str], str],
        since: int | None = None,
    ) -> View | None:
        """The page as it stands now, or as it stood when it held position `since`; None: it is not shared."""
        if (stands := alike.stands(query)) is None:
            return None
        place, arrived = self._place(key, query), monotonic()
        with place.turn:
            if known := place.at_hand(stands, since) or place.begun_since(stands, arrived):
                return known
            began, view = monotonic(), place.view
            position = self._head()
            if view is None or (view.position, view.stands) != (position, stands):
                view = place.view = View(position, stands, alike.look(query), render)
            place.began = began
            return view

    async def coming(
        self, alike: Alike, key: Hashable, query: Query, render: Callable[[Any, str], str], since: int
    ) -> View | None:
        """The same for who is told of news with everybody else: a crowd waits for one thread, and takes up none."""
        if (stands := alike.stands(query)) is None:
            return None
        place = self._place(key, query)
        for _ in range(2):  # what was under way may have begun before the news; what begins now has not
            if known := place.at_hand(stands, since):
                return known
            if place.coming is None or place.coming.done():
                work = run_in_threadpool(self.view, alike, key, query, render, since)
                place.coming = asyncio.ensure_future(work)
            view = await asyncio.shield(place.coming)
        return view

    def _place(self, key: Hashable, query: Query) -> _Place:
        asked = tuple(sorted((name, text) for name, text in query.items() if name not in _OF_ONE_REQUEST))
        with self._lock:
            place = self._places.setdefault((key, asked), _Place())
            self._places.move_to_end((key, asked))
            while len(self._places) > MOST:
                self._places.popitem(last=False)
        return place


def mark_of(shown: object) -> str:
    return blake2s(str(shown).encode(), digest_size=6).hexdigest()


def framed(name: str, html: str, mark: str) -> str:
    """A region as an open page swaps it in."""
    return f'<div data-live="{name}" data-mark="{mark}">{html}</div>'


def wanted_of(fragment: str) -> Wanted:
    """`head:1a2b,board`: the regions asked for, each with the mark that the page holds of it."""
    return tuple((name, mark) for name, _, mark in (part.partition(":") for part in fragment.split(",")))
