"""Markup in every text field of every form, and in every name of the programme: shown as it was typed, and nothing runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from cutover.app.bootstrap import World, build_world
from cutover.app.web import make_app
from cutover.web.serving import Server, listen
from tests.chromium import chromium
from tests.runbooks.folders import RUNBOOK, write_programme

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

HOSTILE = '\'"><img src=x class=planted onerror="window.ran=1"><script class=planted>window.ran=1</script><a class=planted href="javascript:window.ran=1">x</a>{{48611*104729}}'
QUOTED = HOSTILE.replace("'", "''")
ROLES = "programme_manager, decider, hypercare, station, keyer, supervisor, admin"
PROGRAMME = f"""\
title: 'Mine {QUOTED}'
zone: Europe/London
window: {{opens: 2026-10-23T22:00, closes: 2026-10-26T21:00, backout: 24h}}
components:
  - {{id: records, title: 'Records {QUOTED}'}}
teams:
  - {{id: data, title: 'Data {QUOTED}'}}
people:
  - {{id: asha, name: 'Asha {QUOTED}', team: data, station: central, badge: '4711', roles: [{ROLES}]}}
  - {{id: chen, name: 'Chen {QUOTED}', team: data}}
stations:
  - {{id: central, title: 'Central {QUOTED}', district: 'City {QUOTED}'}}
partners:
  - {{id: court, title: 'Court {QUOTED}'}}
"""
TASKS = RUNBOOK.replace("title: A small plan", f"title: 'A plan {QUOTED}'").replace(
    "title: Freeze", f"title: 'Freeze {QUOTED}'"
)
# Buttons that end what the others need: pressed by nobody here.
LEFT_ALONE = ("/sign-out", "/sessions/end", "/board/cancel", "/board/backout", "/board/tasks/A/done")
FEWEST_FIELDS = 12  # forms of this programme have more; fewer means that the walk went astray


@dataclass
class Walk:
    """A person who fills every text field that a page offers with the same markup, and sends it."""

    page: Page
    base: str
    filled: set[str] = field(default_factory=set)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path, wait_until="domcontentloaded")
        self.check(path)

    def check(self, where: str) -> None:
        assert self.page.evaluate("window.ran") is None, f"{where}: it ran"
        assert self.page.locator(".planted").count() == 0, f"{where}: it became markup"
        assert "5090981419" not in self.page.content(), f"{where}: it was evaluated"
        assert not self.page.locator("a[href^='javascript:' i]").count(), f"{where}: a link runs"

    def fill(self, path: str) -> None:
        """Each form of the page once, the page read anew before each."""
        self.open(path)
        for action in self.actions():
            if action in LEFT_ALONE or action.startswith(LEFT_ALONE):
                continue
            # None of them: what was sent before ended what this one is for.
            names = self.page.evaluate(_NAMES, action)
            self.filled |= {f"{action} {name}" for name in names}
            if names:
                with self.page.expect_navigation(wait_until="domcontentloaded"):
                    self.page.evaluate(_SEND, [action, HOSTILE])
                self.check(f"{action} sent from {path}")
                self.open(path)

    def actions(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            'form[method="post"]', "forms => [...new Set(forms.map(f => f.getAttribute('action')))]"
        )
        return found


_FORM = """const form = action => document.querySelector(`form[method="post"][action=${JSON.stringify(action)}]`);
const typed = e => e.tagName === 'TEXTAREA'
  || (e.tagName === 'INPUT' && ['text', 'search', 'url', 'tel', 'email', 'password', ''].includes(e.type));"""
_NAMES = f"action => {{ {_FORM} return [...form(action)?.elements ?? []].filter(typed).map(e => e.name); }}"
# Filled and sent in one go: an open page swaps its forms for newer ones, and what was found a moment ago may be gone.
_SEND = f"""([action, text]) => {{ {_FORM}
  const sent = form(action);
  if (!sent) return location.reload();
  for (const e of sent.elements) {{
    if (typed(e)) e.value = text;
    if (e.type === 'checkbox') e.checked = true;
    if (e.tagName === 'SELECT' && !e.value && e.options.length > 1) e.selectedIndex = 1;
    if (e.type === 'datetime-local' && !e.value) e.value = '2026-10-24T12:00';
    if (e.type === 'number' && !e.value) e.value = '1';
  }}
  HTMLFormElement.prototype.submit.call(sent);
}}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = build_world(write_programme(tmp_path_factory.mktemp("hostile") / "prog", TASKS, PROGRAMME))
    made.accounts.add("asha", "no password: signed in by the test", made.clock.now())
    made.runs.start(made.folder.runbooks["small"], by="asha")
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def walk(world: World) -> Iterator[Walk]:
    stop, sock = threading.Event(), listen("127.0.0.1", 0)
    server = threading.Thread(target=Server(make_app(world, stop), stop).run, kwargs={"sockets": [sock]})
    server.start()
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    try:
        with chromium() as browser:
            context = browser.new_context()
            token = world.accounts.sessions.open("asha", world.clock.now())
            context.add_cookies([{"name": "cutover_session", "value": token, "url": base}])
            yield Walk(context.new_page(), base)
    finally:
        stop.set()
        server.join(10)


def test_markup_in_any_text_field_stays_text_wherever_it_is_shown(walk: Walk) -> None:
    paths = [
        "/sign-in", "/feedback", "/board", "/board/tasks", "/board/tasks/A", "/board/tasks/G", "/board/tasks/O", "/board/edits",
        "/board/review", "/board/wall", "/board/calendar", "/health", "/reconciliation", "/backlog", "/report", "/conversions", "/convert",
        "/stations", "/stations/central/import", "/sheet", "/journal", "/sessions", "/at/central", "/station/central",
    ]  # fmt: skip
    for path in paths:
        walk.fill(path)
    for path in paths:  # what one form took, another page shows
        walk.open(path)
    assert len(walk.filled) >= FEWEST_FIELDS, sorted(walk.filled)


def test_markup_in_an_address_stays_text_too(walk: Walk) -> None:
    hostile = quote(HOSTILE, safe="")
    for path in ("/journal?stream=", "/board/tasks?q=", "/sheet?serial=", "/sign-in?then=", "/backlog?kind=", "/no/", "/board?as_of=", "/board/tasks/", "/open/", "/at/"):  # fmt: skip
        walk.open(path + hostile)
