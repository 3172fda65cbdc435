"""A programme with two stations served for real, a browser that keeps its profile, and a network that loses answers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, Route

from cutover.app.bootstrap import World, build_world
from cutover.app.web import make_app
from cutover.web.certificates import Served
from cutover.web.serving import Server, listen
from cutover.web.tokens import station_scope
from tests.paper_capture.world import SCENARIO
from tests.real_parts import require_real

PASSWORD = "four words in a row"
PROGRAMME = """
title: On paper
zone: Europe/London
window: {{opens: "{opens}", closes: "{closes}"}}
stations: [{{id: north, title: North Quay}}, {{id: south, title: South Gate}}]
people:
  - {{id: tova, name: Tova Lind, roles: [keyer]}}
  - {{id: uma, name: Uma Shah, roles: [keyer]}}
  - {{id: viktor, name: Viktor Szabő, roles: [supervisor]}}
"""


def programme(folder: Path) -> World:
    """A folder whose window is open now, with the forms of the example."""
    now = datetime.now(UTC)
    times = {"opens": f"{now - timedelta(hours=9):%Y-%m-%dT%H:%M}", "closes": f"{now + timedelta(hours=9):%Y-%m-%dT%H:%M}"}  # fmt: skip
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME.format(**times), "utf-8")
    shutil.copytree(SCENARIO, folder / "forms")
    world = build_world(folder)
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for person in ("tova", "uma", "viktor"):
        world.accounts.add(person, hashed, now)
    return world


@contextmanager
def served(world: World, port: int = 0, tls: Served | None = None) -> Iterator[str]:
    """The pages on loopback; their address."""
    stop, sock = threading.Event(), listen("127.0.0.1", port)
    thread = threading.Thread(target=Server(make_app(world, stop), stop, tls).run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        stop.set()
        thread.join(10)


@dataclass
class Pc:
    """A station's old PC: one browser profile, opened and closed as people do."""

    playwright: Playwright
    profile: Path
    address: str
    switches: tuple[str, ...] = ()  # of the browser
    complaints: list[str] = field(default_factory=list)
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)

    def open(self, path: str, *, offline: bool = False) -> None:
        self.context = self.playwright.chromium.launch_persistent_context(
            self.profile, executable_path=str(require_real("chromium")), args=["--no-sandbox", "--disable-gpu", *self.switches],
            viewport={"width": 390, "height": 844}, offline=offline, timezone_id="Europe/London",
        )  # fmt: skip
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector("body[data-ready]")

    def close(self) -> None:
        self.context.close()

    def log(self, serial: str, at: datetime) -> None:
        """Log one used sheet by keyboard alone: who wrote it stands there from the one before."""
        keys, page = self.page.keyboard, self.page
        page.fill("#serial", "")  # leaves it focused
        keys.type(serial.lower())
        keys.press("Tab")
        if not page.input_value("#writer"):
            keys.type("PC Król <b>7</b>")
        local = f"{at:%Y-%m-%dT%H:%M}"
        page.fill("#occurred_at", local)
        page.fill("#written_at", local)
        page.focus("#save")
        keys.press("Enter")
        page.wait_for_selector(f"#saved:has-text('{serial} is saved')")

    @property
    def waiting(self) -> Locator:
        """What the page lists as not sent yet; it is drawn just after a sheet is said to be saved."""
        return self.page.locator("#waiting > li")

    def all_sent(self) -> None:
        self.page.wait_for_selector("#waiting > li", state="detached", timeout=60_000)

    def newest_worker(self) -> None:
        """Ask for a new version of the page, as a browser does from time to time."""
        self.page.evaluate(
            "async () => (await navigator.serviceWorker.getRegistration('/station/')).update()"
        )


@dataclass
class LossyLine:
    """Lets every request through, and loses the answers to some: the server has done what was asked."""

    lose: frozenset[int]
    seen: int = 0
    lost: int = 0

    def __call__(self, route: Route) -> Any:
        self.seen += 1
        if self.seen not in self.lose:
            return route.continue_()
        answer = route.fetch()
        assert answer.status == 201
        self.lost += 1
        return route.abort("connectionreset")


def link(world: World, station: str) -> str:
    return f"/station/{station}#token={world.tokens.issue(station_scope(station))}"


def log_order(world: World) -> list[str]:
    """The serials in the order in which the journal learnt that they were used."""
    return [f.stream.partition(":")[2] for f in world.journal.all() if f.event.kind() == "SheetUsed"]
