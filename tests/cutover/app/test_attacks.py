"""What somebody would try against the pages and the API as they are served: each attempt comes to nothing, every time."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette

from cutover.app.bootstrap import World, build_world
from cutover.app.programme_folder import ProgrammeFolder
from cutover.app.web import Assembled, assembled, make_app
from cutover.core.errors import Invalid, Refused
from cutover.web.acts import Sent, perform
from cutover.web.links import PUBLIC_PATH
from cutover.web.passwords import Passwords
from cutover.web.visitor import BY_BADGE, NOBODY, KnownBy, Role, Visitor
from tests.cutover.web.browser import Signed
from tests.runbooks.folders import PROGRAMME, write_programme

MARK = "<i id=planted>{{48611*104729}}</i>"
PEOPLE = "".join(f"  - {{id: {r}, name: A {r}, roles: [{r}], station: central}}\n" for r in Role)
# Of the routes for programs, those that hold nothing of a programme: files of a page that works without a network.
OPEN = {
    "/station/{station}",
    "/station-app/{name}",
    "/convert-app/keying.js",
    "/api/v1/openapi.json",
    "/readyz",
}


@dataclass(frozen=True)
class Served:
    """A programme with one person of each role, a run under way, and all that it serves."""

    world: World
    all: Assembled
    app: Starlette
    run: str

    def signed_in(self, role: Role) -> Signed:
        browser = Signed(self.app)
        browser.cookies.set(
            "cutover_session", self.world.accounts.sessions.open(role, self.world.clock.now())
        )
        return browser

    @property
    def head(self) -> int:
        return self.world.journal.head().position

    def path(self, pattern: str) -> str:
        """An address of this pattern; what it names need not exist."""
        known = {"task": "A", "station": "central"}
        return re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "x"), pattern)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = write_programme(tmp_path_factory.mktemp("attacked") / "prog")
    (folder / "programme.yaml").write_text(PROGRAMME.replace("people:\n", f"people:\n{PEOPLE}"))
    world = build_world(folder)
    for role in Role:
        world.accounts.add(role, "no password: signed in by the test", world.clock.now())
    run = world.runs.start(world.folder.runbooks["small"], by="asha")
    yield Served(world, assembled(world), make_app(world, threading.Event()), run)
    world.engine.dispose()


# --- who may ---


@pytest.mark.parametrize(
    "visitor",
    [
        NOBODY,
        Visitor(known_by=KnownBy.PUBLIC_LINK, token="t"),
        Visitor("bo", "Bo", BY_BADGE, KnownBy.BADGE, "t", station="central"),
    ],
    ids=["nobody", "public link", "badge"],
)
def test_nobody_a_public_link_and_a_badge_get_no_further_than_they_may(
    served: Served, visitor: Visitor
) -> None:
    for act in served.all.acts:
        if act.anybody:
            continue
        is_for = visitor.known_by is KnownBy.BADGE and bool(set(act.roles) & BY_BADGE)
        with pytest.raises(Refused) as refused:  # who gets further is stopped by the token: the form has none
            perform(act, visitor, {}, Sent({}, visitor, {}, {}, "here"))
        assert ("not of your present session" in str(refused.value)) is is_for, act.path


def test_every_page_is_closed_to_nobody_and_all_but_the_public_ones_to_a_public_link(served: Served) -> None:
    reader = Signed(served.app)
    reader.get(served.world.links.public(timedelta(hours=1)))
    for page in served.all.pages:
        if page.anybody:
            continue
        path = served.path(page.path)
        assert Signed(served.app).unfollowed(path).headers["location"].startswith("/sign-in?then="), path
        assert reader.get(path, fragment="content").status_code != 200 or page.public, path


def test_every_route_for_programs_asks_for_a_token_or_holds_nothing(served: Served) -> None:
    before = served.head
    for route in served.all.routes:
        for method in sorted(set(route.methods or {"GET"}) - {"HEAD"}):
            if route.path in OPEN:
                continue
            answer = ask(served.app, method, served.path(route.path))
            assert answer.status_code in (400, 401, 403, 404, 409, 422), f"{method} {route.path}"
    assert served.head == before


# --- in another's name ---


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}],
    ids=str,
)
def test_no_form_of_another_site_does_anything(served: Served, headers: dict[str, str]) -> None:
    browser, before = served.signed_in(Role.PROGRAMME_MANAGER), served.head
    browser.get("/sessions")
    for act in served.all.acts:
        answer = browser.send(served.path(act.path), {"token": browser.token}, headers=headers)
        assert "sent by another site" in answer.text, act.path
    assert served.head == before


def test_no_form_without_its_token_does_anything(served: Served) -> None:
    browser, before = served.signed_in(Role.PROGRAMME_MANAGER), served.head
    others = served.signed_in(Role.ADMIN)
    others.get("/sessions")
    for act in served.all.acts:
        if act.own_token:
            continue  # its address is the proof
        for token in ("", others.token):
            visitor = served.all.guard.visitor(dict(browser.cookies))
            roles = frozenset(Role) - {Role.AUDITOR}
            able = Visitor(visitor.person, visitor.name, roles, visitor.known_by, visitor.token)
            with pytest.raises(Refused, match="not of your present session"):
                perform(act, able, {"token": token}, Sent({}, able, {}, {}, "here"))
    assert served.head == before


def test_a_session_of_a_browser_is_worth_nothing_to_a_program_of_another_site(served: Served) -> None:
    session = served.world.accounts.sessions.open(Role.SUPERVISOR, served.world.clock.now())
    before = served.head
    for route in served.all.routes:
        for method in set(route.methods or ()) & {"POST", "PUT", "PATCH", "DELETE"}:
            headers = {"Cookie": f"cutover_session={session}", "Sec-Fetch-Site": "cross-site"}
            assert ask(served.app, method, served.path(route.path), headers).status_code >= 400, route.path
    assert served.head == before


def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(served: Served) -> None:
    """Session fixation: what was in the browser before is worth nothing after."""
    accounts, now = served.world.accounts, served.world.clock.now()
    planted = accounts.sessions.open(Role.STATION, now)
    guard = served.all.guard
    cookies = {"cutover_session": planted, "cutover_form": "planted too"}
    done = guard.enter(guard.programme.somebody(Role.ADMIN), KnownBy.ACCOUNT, cookies, "here", "/")
    given = {one.name: one.value for one in done.cookies}
    assert given["cutover_session"] not in ("", planted)
    assert given["cutover_form"] == ""
    assert accounts.sessions.of(planted, now) is None


def test_a_token_does_not_outlive_its_end_its_scope_or_its_revocation(served: Served) -> None:
    tokens = served.world.tokens
    token = tokens.issue("metrics", timedelta(microseconds=1))
    with pytest.raises(Refused, match="expired"):
        tokens.check(token, "metrics")
    token = tokens.issue("metrics")
    with pytest.raises(Refused, match="is for metrics"):
        tokens.check(token, "alerts")
    tokens.revoke("metrics")
    with pytest.raises(Refused, match="revoked"):
        tokens.check(token, "metrics")
    assert ask(served.app, "GET", "/metrics", {"Authorization": f"Bearer {token}"}).status_code == 401
    with served.world.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM tokens").all()
    assert token not in str(kept)


# --- where it leads ---


@pytest.mark.parametrize(
    "then",
    ["//e.example", "https://e.example", "/\\e.example", "/x\r\nSet-Cookie: a=b", "javascript:alert(1)", "\t//e.example", "/\t/e.example", "/%0d%0aX: y"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(served: Served, then: str) -> None:
    guard = served.all.guard
    done = guard.enter(guard.programme.somebody(Role.ADMIN), KnownBy.ACCOUNT, {}, "here", then)
    assert re.fullmatch(r"/(?![/\\\t])[^\r\n\t\\]*", done.to), done.to


@pytest.mark.parametrize("path", ["/board/", "//e.example/", "/sign-in/", "/static", "/e.example//"])
def test_no_redirect_is_made_of_the_name_that_a_request_says_we_have(served: Served, path: str) -> None:
    answer = raw(served.app, path, {"Host": "e.example", "X-Forwarded-Host": "e.example"})
    where = answer.headers.get("location", "/")
    assert where.startswith("/"), where
    assert not where.startswith("//"), where
    assert "e.example" not in re.sub(r"<[^>]*address[^>]*>|href=\"[^\"]*\"", "", answer.text) or answer.status_code == 404  # fmt: skip


# --- files ---


@pytest.mark.parametrize(
    "path",
    [
        "/static/../headers.py", "/static/%2e%2e/headers.py", "/static/..%2fheaders.py", "/static/....//headers.py", "/static/%5c..%5cheaders.py",
        "/station-app/..%2fweb_station.py", "/board/evidence/..%2f..%2fprogramme.yaml", "/board/evidence/" + "0" * 64,
        "/convert/x/image/..%2f..%2fcutover.db", "/stations/central/import/..%2f..%2fcutover.db/rejects.csv", "/static/style.css%00.py",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_its_folder(served: Served, path: str) -> None:
    session = served.world.accounts.sessions.open(Role.SUPERVISOR, served.world.clock.now())
    answer = raw(served.app, path, {"Cookie": f"cutover_session={session}"})
    assert answer.status_code in (400, 404, 409), answer.status_code
    for secret in ("title: A small change", "SQLite format", "from __future__"):
        assert secret not in answer.text


def test_an_upload_is_bounded_kept_by_its_hash_and_never_shown_as_a_page_of_ours(served: Served) -> None:
    browser = served.signed_in(Role.PROGRAMME_MANAGER)
    browser.get("/board/tasks/A")
    fields = {"token": browser.token, "run": served.run}
    page = b"<script>alert(document.cookie)</script>"
    browser.send("/board/tasks/A/attach", fields, files={"file": ("../../x.html", page, "text/html")})
    answer = browser.get(f"/board/evidence/{hashlib.sha256(page).hexdigest()}")
    if answer.status_code == 200:
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert ".." not in answer.headers["content-disposition"]
    else:
        assert answer.status_code == 404, answer.text  # the form wanted more than a file
    huge = {"file": ("x.bin", bytes(33 * 1024 * 1024), "application/octet-stream")}
    answer = browser.send("/board/tasks/A/attach", fields, files=huge)
    assert answer.status_code == 400
    assert "too long" in answer.text


# --- what is typed ---

PARAMETERS = ["after", "stream", "q", "stage", "stream", "station", "kind", "tier", "run", "sort", "order", "district", "serial", "person", "task", "at", "limit", "team", "mine", "owner", "page", "item", "state", "key", "since", "until", "form"]  # fmt: skip
SQL = [
    "' OR '1'='1",
    "1; DROP TABLE journal--",
    "%' UNION SELECT password_hash FROM accounts--",
    "\\",
    "%",
    "\x00",
]


@pytest.mark.parametrize("typed", SQL)
def test_no_filter_of_any_page_is_read_as_sql(served: Served, typed: str) -> None:
    browser, before = served.signed_in(Role.SUPERVISOR), served.head
    for page in served.all.pages:
        if page.path.startswith((PUBLIC_PATH, "/sign-in")):
            continue
        answer = browser.get(served.path(page.path), **dict.fromkeys(PARAMETERS, typed))
        assert answer.status_code < 500, f"{page.path}: {answer.status_code}"
        assert "$argon2" not in answer.text
    assert served.head == before
    assert served.world.journal.verify().holds


def test_a_template_that_somebody_types_is_text(served: Served) -> None:
    browser = served.signed_in(Role.PROGRAMME_MANAGER)
    browser.get("/board/tasks/A")
    answer = browser.post("/board/tasks/A/comment", run=served.run, text=MARK)
    shown = browser.get("/board/tasks/A").text
    assert "5090981419" not in answer.text + shown
    assert "{{48611*104729}}" in shown.replace("&#123;", "{")
    assert "<i id=planted>" not in answer.text + shown


def test_a_name_that_nobody_has_costs_as_much_to_refuse_as_a_wrong_password() -> None:
    """CPU time, not the clock on the wall: the median of five, each way."""
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1))
    stored = passwords.hash("four words in a row")

    def cost(known: str) -> float:
        begun = time.process_time()
        assert not passwords.matches(known, "not the password")
        return time.process_time() - begun

    spent = {known: sorted(cost(known) for _ in range(5))[2] for known in ("", stored)}
    assert 0.5 < spent[""] / spent[stored] < 2, spent


def test_every_answer_carries_the_headers_that_keep_a_page_to_itself(served: Served) -> None:
    for path in ("/sign-in", "/board", "/no-such-page", "/healthz", "/static/style.css", "/metrics"):
        headers = raw(served.app, path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy


def test_no_template_marks_what_people_typed_as_safe() -> None:
    """`| safe` stands only behind words of our own: in a template, never at a value of a context."""
    root = Path(__file__).parents[3]
    pages = [p for room in ("cutover", "runbooks", "monitors", "paper_capture", "contingency") for p in (root / room).rglob("*.html")]  # fmt: skip
    assert len(pages) > 20
    for page in pages:
        for value in re.findall(r"(\S+)\s*\|\s*safe\b", page.read_text("utf-8")):
            assert value.endswith(("'", '"')) or value in OUR_MARKUP, f"{page.name}: {value} | safe"


OUR_MARKUP = {"style"}  # the report's own style sheet


def ask(app: Starlette, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return raw(app, path, headers or {}, method)


def raw(
    app: Starlette, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    """One request as it is, with nothing of its address tidied up, and no redirect followed."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://board") as client:
            url = httpx.URL("http://board").copy_with(raw_path=path.encode())
            return await client.send(httpx.Request(method, url, headers=headers))

    return asyncio.run(send())


def test_a_file_that_unfolds_without_end_is_refused_and_costs_little(tmp_path: Path) -> None:
    """A billion laughs in YAML: eight lists of the one before."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (tmp_path / "programme.yaml").write_text("\n".join(rows), encoding="utf-8")
    begun = time.process_time()
    with pytest.raises(Invalid):
        _ = ProgrammeFolder(tmp_path).programme
    assert time.process_time() - begun < 5
