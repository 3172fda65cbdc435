"""A crowd in front of a real web process: people who watch the board and people who act, each over HTTP as a browser.

As light as can be, because the crowd shares the machine with whom it asks: a connection is two streams of bytes, and
what many viewers were sent alike is read once.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cutover.web.visitor import form_token

EVERY = 0.5  # seconds between two looks of one viewer, at least: as the page's own script does
_MARK = re.compile(r'data-live="(\w+)" data-mark="(\w+)"')
_FACT = re.compile(r'data-fact="(\d+)"')
_SEEN = re.compile(r'name="seen" value="(\d+)"')
_REASON = re.compile(r'role="alert".*?<li>(.*?)</li>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return (
            gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        ).decode()

    @property
    def reason(self) -> str:
        """Why a form was refused, as its page says it."""
        found = _REASON.search(self.text)
        return found[1] if found else ""


class Line:
    """One browser's connection to 127.0.0.1; opened again when the server has closed it."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self.cookie = port, cookie
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        return await self._asked(f"GET {path} HTTP/1.1\r\n{self._head()}\r\n".encode())

    async def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        body = urlencode(fields).encode()
        head = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return await self._asked(f"POST {path} HTTP/1.1\r\n{self._head()}{head}\r\n".encode() + body)

    async def put(self, path: str, body: bytes) -> Answer:
        """Send JSON."""
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return await self._asked(f"PUT {path} HTTP/1.1\r\n{self._head()}{head}\r\n".encode() + body)

    async def events(self, path: str, seen: str = "") -> AsyncIterator[tuple[str, str]]:
        """The events of a stream, each with its id; ends when the server ends it."""
        last = f"Last-Event-ID: {seen}\r\n" if seen else ""
        reader, writer = await self._opened()
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head()}{last}\r\n".encode())
        name = at = ""
        while line := (await reader.readline()).decode().strip("\r\n"):
            pass  # its head
        while raw := await reader.readline():
            line = raw.decode().strip()
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("id: "):
                at = line[4:]
            elif line.startswith("data: "):
                yield name, at

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None

    def _head(self) -> str:
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        return f"Host: 127.0.0.1:{self.port}\r\nAccept-Encoding: gzip\r\n{cookie}"

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        return self._ends

    async def _asked(self, request: bytes) -> Answer:
        for left in (1, 0):
            reader, writer = await self._opened()
            try:
                writer.write(request)
                return await _answer(reader)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()  # it had been idle for too long
                if not left:
                    raise
        raise AssertionError


async def _answer(reader: asyncio.StreamReader) -> Answer:
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = raw.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return Answer(int(status.split()[1]), headers, body)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer renews: the marks of its regions, and the newest fact it tells of."""

    marks: Mapping[str, str]
    newest: int


@dataclass
class Crowd:
    """What the viewers have seen: for each of them, when each position of the journal was on its page."""

    port: int
    path: str
    regions: tuple[str, ...] = ("head", "board")
    bytes_read: int = 0
    answers: int = 0
    _known: dict[bytes, Shown] = field(default_factory=dict)

    def shown(self, answer: Answer) -> Shown:
        self.bytes_read += len(answer.body)
        self.answers += 1
        if answer.body not in self._known:
            if len(self._known) > 50:
                self._known.clear()
            text = answer.text
            newest = max((int(at) for at in _FACT.findall(text)), default=0)
            self._known[answer.body] = Shown(dict(_MARK.findall(text)), newest)
        return self._known[answer.body]


class Viewer:
    """One open page: told of news over one connection, reading them over another, as the page's script does."""

    def __init__(self, crowd: Crowd, cookie: str, regions: tuple[str, ...]) -> None:
        self.crowd, self.regions = crowd, regions
        self.told, self.line = Line(crowd.port, cookie), Line(crowd.port, cookie)
        self.marks: dict[str, str] = {}
        self.position = ""
        self.seen: dict[int, float] = {}  # the newest fact on the page, and since when
        self.faults: list[str] = []
        self._read = self._took = 0.0
        self._news = asyncio.Event()
        self._waiting = self._asking = self._again = False

    async def open(self) -> None:
        answer = await self.line.get(self.crowd.path)
        found = re.search(r'data-position="(\d+)"', answer.text)
        self.position = found[1] if found else "0"
        self.seen[self.crowd.shown(answer).newest] = time.monotonic()

    async def watch(self) -> None:
        """Until the stream ends."""
        async for name, at in self.told.events(f"/stream?after={self.position}", self.position):
            if name == "news":
                self.position = at
                await self._soon()
            elif name == "beat" and time.monotonic() - self._read > 9:
                await self._soon()

    async def _soon(self) -> None:
        if self._asking:
            self._again = True
        elif not self._waiting:
            self._waiting = True
            pause = max(EVERY, 2 * self._took) - (time.monotonic() - self._read)
            self._task = asyncio.create_task(self._refresh(max(0.0, pause)))

    async def _refresh(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self._waiting, self._asking, self._read = False, True, time.monotonic()
        wanted = ",".join(
            f"{name}:{self.marks[name]}" if name in self.marks else name for name in self.regions
        )
        mark = "&" if "?" in self.crowd.path else "?"
        answer = await self.line.get(f"{self.crowd.path}{mark}fragment={wanted}&news={self.position}")
        self._took, self._asking = time.monotonic() - self._read, False
        if self._again:
            self._again = False
            await self._soon()
        if answer.status != 200:
            self.faults.append(f"{answer.status}")
            return
        shown = self.crowd.shown(answer)
        self.marks |= shown.marks
        self.seen.setdefault(shown.newest, time.monotonic())
        self._news.set()

    async def shows(self, position: int) -> None:
        """Wait until the page shows this fact, or a newer one."""
        while max(self.seen, default=0) < position:
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        self.told.close()
        self.line.close()

    def delay(self, position: int, at: float) -> float | None:
        """How long after `at` the page showed this fact, or a newer one; None: never."""
        times = [since for newest, since in self.seen.items() if newest >= position]
        return max(0.0, min(times) - at) if times else None


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody did by a form, how long it took, and why it was refused ('' when it was not)."""

    act: str
    task: str
    seconds: float
    status: int
    why: str


class Person:
    """Somebody signed in, who sends the board's forms as their page carries them."""

    def __init__(self, port: int, session: str, run: str) -> None:
        self.line, self.run = Line(port, f"cutover_session={session}"), run
        self.token = form_token(session)
        self.told: list[Told] = []
        self.pages: list[float] = []  # seconds that each look at the board took

    async def read(self) -> int:
        """Read the board; returns how far the run had come on it, which its forms carry."""
        began = time.perf_counter()
        answer = await self.line.get(f"/board?run={self.run}")
        self.pages.append(time.perf_counter() - began)
        found = _SEEN.search(answer.text)
        return int(found[1]) if found else 0

    async def act(self, name: str, task: str, **fields: str) -> Told:
        form = {"token": self.token, "run": self.run, **fields}
        began = time.perf_counter()
        answer = await self.line.post(f"/board/tasks/{task}/{name}", form)
        took = time.perf_counter() - began
        why = "" if answer.status == 303 else answer.reason or f"no reason given, answer {answer.status}"
        told = Told(name, task, took, answer.status, why)
        self.told.append(told)
        return told
