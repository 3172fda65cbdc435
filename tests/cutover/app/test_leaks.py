"""A planted secret and a planted name are looked for in everything that comes out: they are where they belong and nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.app.web import Assembled, assembled, make_app
from cutover.core.clock import SystemClock
from cutover.store.clock_file import ScaledPace
from cutover.web.passwords import Passwords
from cutover.web.visitor import Role
from paper_capture.domain.moves import Entry, Person, UsedSheet
from paper_capture.web_station import FILES
from runbooks.domain.notes import CommentOnTask
from tests.conftest import START
from tests.cutover.app.conftest import write_small
from tests.cutover.app.served_api import furnish, settle_in
from tests.cutover.web.browser import Signed
from tests.runbooks.folders import PROGRAMME

NAME, SAID = "Zacharopoulou", "beaten by Zacharopoulou's brother"
TYPED = "ring Quandt-Oyelaran at home"  # free text: for whoever is signed in
PASSWORD, SECRET, WRONG = "planted-password-81", "planted-secret-4711", "planted-wrong-password"
READERS = {Role.KEYER, Role.SUPERVISOR}  # of what is written on sheets
PEOPLE = "".join(f"  - {{id: {r}, name: A {r}, roles: [{r}], station: central}}\n" for r in Role)


@dataclass(frozen=True)
class Planted:
    world: World
    all: Assembled
    serial: str
    logged: list[dict[str, object]]
    token: str
    session: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD, SECRET, WRONG, self.token, self.session, "$argon2")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = write_small(tmp_path_factory.mktemp("leaks") / "small")
    furnish(folder)
    text = (folder / "programme.yaml").read_text("utf-8")
    assert "people:\n" in PROGRAMME
    (folder / "programme.yaml").write_text(text.replace("people:\n", f"people:\n{PEOPLE}", 1), "utf-8")
    (folder / "state").mkdir()
    pace = ScaledPace(folder / "state" / "clock.json", START, float("inf"))
    with structlog.testing.capture_logs() as logged, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUTOVER_SECRET_PLANTED", SECRET)
        world = build_world(folder, pace=pace, settings=Settings(oidc_client_secret=SECRET))
        assert world.secrets("planted") == SECRET
        serial = fill(world)
        app, all_ = make_app(world, threading.Event()), assembled(world)
        session = world.accounts.sessions.open(Role.KEYER, SystemClock().now())
        token = world.tokens.issue("metrics")
        browser = Signed(app)
        browser.sign_in("supervisor", WRONG)
        browser.sign_in(WRONG, PASSWORD)
        browser.sign_in("supervisor", PASSWORD)
        yield Planted(world, all_, serial, logged, token, session)
    world.engine.dispose()


def fill(world: World) -> str:
    """A sheet that names somebody, keyed; a comment that names somebody; an account for each role."""
    settle_in(world)
    hashed = Passwords().hash(PASSWORD)
    for role in Role:
        world.accounts.add(role, hashed, world.clock.now())
    (serial,) = world.paper.issue(station="central", form_type="crime", count=1, by="bo")
    now = world.clock.now()
    written = UsedSheet(
        serial=serial, station="central", writer="PC Okoro", occurred_at=now - timedelta(hours=2), grade="standard",
        written_at=now - timedelta(hours=1), person=Person(surname=NAME, forename="Ewa"), values={"offence": SAID},
    )  # fmt: skip
    world.paper.log_used([written], by="bo")
    world.paper.return_sheets([serial], by="bo")
    world.paper.enter([Entry(serial=serial, keyer="keyer", values={"offence": SAID}, minutes=5)])
    world.runs.ask("small-1", CommentOnTask(by="bo", task="A", text=TYPED))
    return serial


def pages(planted: Planted, role: Role) -> dict[str, httpx.Response]:
    app, known = make_app(planted.world, threading.Event()), {"task": "A", "station": "central", "serial": planted.serial, "run": "small-1"}  # fmt: skip
    browser = Signed(app)
    session = planted.world.accounts.sessions.open(role, SystemClock().now())
    browser.cookies.set("cutover_session", session)
    found = {}
    for page in planted.all.pages:
        path = page.path
        for name in ("task", "station", "serial"):
            path = path.replace(f"{{{name}}}", known[name])
        if "{" not in path:
            named = {"/sheet": {"serial": planted.serial}, "/board/tasks/A": {"run": "small-1"}}.get(path, {})
            found[path] = browser.get(path, **named)
    return found


@pytest.mark.parametrize("role", sorted(Role))
def test_no_page_shows_a_secret_nor_a_name_to_who_does_not_key_and_none_is_kept(
    planted: Planted, role: Role
) -> None:
    seen = pages(planted, role)
    assert sum(answer.status_code == 200 for answer in seen.values()) > 15
    for path, answer in seen.items():
        assert answer.headers["cache-control"] == "no-store", path
        for secret in planted.secrets:
            assert secret not in answer.text, (path, secret)
        if role not in READERS:
            assert NAME not in answer.text, (path, role)
    assert TYPED in seen["/board/tasks/A"].text, seen["/board/tasks/A"].status_code


def test_an_exported_journal_holds_neither_name_nor_typed_text_nor_secret(
    planted: Planted, tmp_path: Path
) -> None:
    planted.world.journal.export(tmp_path / "out.jsonl")
    text = (tmp_path / "out.jsonl").read_text("utf-8")
    for wanted in (NAME, SAID, TYPED, *planted.secrets):
        assert wanted not in text, wanted


def test_no_log_line_holds_a_secret_or_a_name(planted: Planted) -> None:
    assert any("sign_in_refused" in str(line) for line in planted.logged)
    for wanted in (NAME, TYPED, *planted.secrets):
        assert wanted not in str(planted.logged), wanted


def test_the_database_holds_no_secret_in_the_clear(planted: Planted) -> None:
    files = [f for f in (planted.world.folder.path / "state").rglob("*") if f.is_file()]
    assert len(files) > 1
    for file in files:
        content = file.read_bytes()
        for secret in (PASSWORD, SECRET, WRONG, planted.token, planted.session):
            assert secret.encode() not in content, (file.name, secret)


def test_programs_and_metrics_are_told_no_name(planted: Planted) -> None:
    world = planted.world
    app, told = make_app(world, threading.Event()), 0
    known = {
        "run": "small-1",
        "task": "A",
        "contract": "crimes",
        "station": "central",
        "check": "records-answer",
    }
    wanted = [(one.path, one.scope) for one in planted.all.operations if one.method == "GET" and one.scope]
    for path, scope in (*wanted, ("/metrics", "metrics")):
        token = world.tokens.issue(scope.format_map(known))
        answer = asyncio.run(_asked(app, path.format_map(known), token))
        told += answer.status_code == 200
        for word in (NAME, SAID, *planted.secrets):
            assert word not in answer.text, path
    assert told > 5


async def _asked(app: object, path: str, token: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://board") as client:  # type: ignore[arg-type]
        return await client.get(path, headers={"Authorization": f"Bearer {token}"})


def test_a_pc_that_works_without_a_network_keeps_files_of_the_program_alone() -> None:
    """What the service worker keeps outlives a sign-out: it may hold no page that knows anybody."""
    text = (FILES / "sw.js").read_text("utf-8")
    assert "store.put" not in text
    assert "!FILES.includes(path)" in text
    shell = (FILES / "shell.html").read_text("utf-8")
    assert "{{" not in shell
