"""A small go-live that three people click through: a plan of people's tasks, performed by a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cutover.app.bootstrap import World, build_world
from cutover.app.web import make_app
from cutover.web.passwords import Passwords
from cutover.web.serving import Server, listen
from tests.end_to_end.blackout import environment

PASSWORD = "four words in a row"
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "small phone": (320, 640)}
PROGRAMME = """
title: Small go-live
zone: Europe/London
window: {{opens: "{opens}", closes: "{closes}", backout: 1h}}
components: [{{id: records, title: Records}}]
teams:
  - {{id: command, title: Command centre, capacity: 4}}
  - {{id: stations, title: Stations, capacity: 4}}
people:
  - {{id: asha, name: Asha Rahman, team: command, roles: [programme_manager]}}
  - {{id: chen, name: Chen Wu, roles: [decider]}}
  - {{id: sam, name: Sam Adeyemi, team: stations, roles: [station]}}
  - {{id: lewis, name: Lewis Okafor, roles: [supervisor]}}
"""
PLAN = """
id: small
title: Small go-live
streams: [{id: prepare, title: Prepare}, {id: decide, title: Go or no-go}, {id: open, title: Open}]
tasks:
  - {id: A1, title: Open the call, stream: prepare, team: command, duration: 10m, rollback: none}
  - {id: A2, title: Tell the stations, stream: prepare, team: stations, duration: 20m, after: [A1], rollback: none}
  - {id: A3, title: Check the backup, stream: prepare, team: stations, duration: 20m, after: [A1], rollback: none}
  - {id: A4, title: Count the cells, stream: prepare, owner: lewis, duration: 20m, after: [A1], rollback: none}
  - id: G1
    title: Go or no-go
    stream: decide
    type: approval
    component: records
    duration: 15m
    after: [A2, A3, A4]
    gate:
      deciders: [chen]
      criteria:
        - {id: told, title: Stations are told, source: "task:A2"}
        - {id: seen, title: The backup was seen, source: person}
  - {id: P1, title: Switch the writes over, stream: open, owner: asha, duration: 10m, after: [G1], point_of_no_return: true, rollback: none}
  - {id: O1, title: Records are open, stream: open, type: milestone, after: [P1]}
"""


@contextmanager
def performed(folder: Path) -> Iterator[World]:
    """The folder written, its run performed by a process until the end of the test."""
    now = datetime.now(UTC).astimezone() - timedelta(minutes=1)
    times = {"opens": f"{now:%Y-%m-%dT%H:%M}", "closes": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M}"}
    (folder / "runbooks").mkdir(parents=True)
    (folder / "programme.yaml").write_text(PROGRAMME.replace("Europe/London", "UTC").format(**times), "utf-8")
    (folder / "runbooks" / "small.yaml").write_text(PLAN, "utf-8")
    world = build_world(folder)
    hashed = Passwords().hash(PASSWORD)
    for person in ("asha", "chen", "sam"):
        world.accounts.add(person, hashed, datetime.now(UTC))
    words = [
        "run",
        "start",
        "--type",
        "rehearsal",
        "--no-prefect",
        "--programme",
        str(folder),
    ]
    command = [str(Path(sys.executable).with_name("cutover")), *words]
    with (folder / "performer.log").open("wb") as log:
        performer = subprocess.Popen(command, env=environment(), stdout=log, stderr=log)
    try:
        yield world
    finally:
        performer.terminate()
        performer.wait(30)
        world.engine.dispose()


@contextmanager
def served(world: World) -> Iterator[str]:
    """The pages on loopback; their address."""
    stop, sock = threading.Event(), listen("127.0.0.1", 0)
    thread = threading.Thread(target=Server(make_app(world, stop), stop).run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        stop.set()
        thread.join(10)


@dataclass
class Hands:
    """One person at one browser. Scripts are off: every click is a form or a link."""

    browser: Browser
    address: str
    size: str
    scripts: bool = False
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        width, height = SIZES[self.size]
        self.context: BrowserContext = self.browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=self.scripts,
            base_url=self.address,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, person: str) -> Hands:
        self.page.goto("/sign-in")
        self.page.get_by_label("Short name").fill(person)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")
        return self

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).first.click()

    def waits_to_press(self, button: str) -> None:
        """Read the page again until the button is there: what is to be done is named before it may begin."""
        for _ in range(200):
            if self.page.get_by_role("button", name=button, exact=True).count():
                break
            self.page.reload()
        self.press(button)

    def says(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def waits_for(self, text: str) -> None:
        """Read the page again until the performer has come so far: without scripts a page does not renew itself."""
        for _ in range(200):
            if text in self.page.locator("main").inner_text():
                return
            self.page.reload()
        self.says(text)

    def unfold(self) -> None:
        """Open everything that is folded away: what is hidden is not looked at."""
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    def watches_for_jumps(self) -> Hands:
        """From the next page on the browser notes whatever jumps that nobody has touched."""
        self.page.add_init_script(
            "window.jumps = []; new PerformanceObserver(seen => seen.getEntries().forEach(e => {"
            " if (!e.hadRecentInput) window.jumps.push([e.value, e.sources.map(s => s.node?.textContent ?? '').join('|')"
            ".replace(/\\s+/g, ' ').slice(0, 120)]); })).observe({type: 'layout-shift', buffered: true});"
        )
        return self

    def jumped(self) -> list[tuple[float, str]]:
        """Each layout shift of the page while it stood open, as the browser weighs it, and what moved."""
        return [(value, what) for value, what in self.page.evaluate("window.jumps")]

    def fits(self) -> None:
        """Nothing has to be scrolled sideways."""
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} px too wide at {self.size}"


ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}  # all that another choice of colours can change
LIGHT = {"color_scheme": "light", "contrast": "no-preference", "forced_colors": "none"}
SIGHTS: dict[str, dict[str, Any]] = {
    "in the dark": {"color_scheme": "dark"},
    "with more contrast": {"contrast": "more"},
    "in the dark with more contrast": {"color_scheme": "dark", "contrast": "more"},
    "in forced colours": {"forced_colors": "active"},
}


def faults_of(page: Page, look_for: dict[str, Any] = ALL) -> list[str]:
    """What axe-core finds wrong with the page as it stands, at WCAG 2.2 AA."""
    found = Axe().run(page, options={"runOnly": look_for})
    return [
        f"{page.url}: {fault['id']}: {fault['help']}: {fault['nodes'][0]['html'][:160]}"
        for fault in found.response["violations"]
    ]


def faults_in_every_sight(page: Page) -> list[str]:
    """The whole of it in the light, then its colours alone in each other way in which a person may have them shown."""
    found = faults_of(page)
    for sight, media in SIGHTS.items():
        page.emulate_media(**LIGHT | media)
        found += [f"{sight}: {fault}" for fault in faults_of(page, COLOURS)]
    page.emulate_media(**LIGHT)
    return found
