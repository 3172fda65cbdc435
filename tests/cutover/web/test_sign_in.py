"""Who somebody is: accounts, sessions that end, forms of one's own, links that let in to read, and one laptop."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from cutover.core.errors import Invalid, NotFound
from cutover.store.sessions import SHIFT
from cutover.web.sign_in import check_reach
from tests.cutover.web.browser import Signed
from tests.cutover.web.world import PASSWORD, World


def test_without_any_account_everybody_reads_and_acting_says_how_to_make_one(world: World) -> None:
    world.start()
    browser = Signed(world.guarded())
    assert browser.get("/board").status_code == 200
    assert "cutover account add PERSON" in browser.get("/sign-in").text
    assert "sign in first" in browser.post("/board/tasks/F2/claim").text


def test_with_an_account_a_page_asks_who_you_are_and_leads_back_to_it(world: World) -> None:
    world.start()
    app = world.guarded()
    world.account("asha")
    browser = Signed(app)
    assert "<h1>Sign in</h1>" in browser.get("/board/tasks?stage=startable").text
    browser.get("/sign-in", then="/board/tasks?stage=startable")
    answer = browser.post("/sign-in", person="asha", password=PASSWORD, then="/board/tasks?stage=startable")
    assert str(answer.url) == "http://board/board/tasks?stage=startable"
    assert "Signed in as Asha Rahman." in answer.text


@pytest.mark.parametrize("then", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"])
def test_signing_in_never_leads_to_another_site(world: World, then: str) -> None:
    world.start()
    app = world.guarded()
    world.account("asha")
    browser = Signed(app)
    browser.get("/sign-in")
    answer = browser.post("/sign-in", person="asha", password=PASSWORD, then=then)
    assert answer.url.host == "board"


@pytest.mark.parametrize(("person", "password"), [("asha", "not the password"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_read_the_same(world: World, person: str, password: str) -> None:
    app = world.guarded()
    world.account("asha")
    answer = Signed(app).sign_in(person, password)
    assert answer.status_code == 409
    assert "name and password do not belong together" in answer.text
    assert password not in answer.text


def test_after_five_failures_even_the_right_password_waits(world: World) -> None:
    app = world.guarded()
    world.account("asha")
    browser = Signed(app)
    for _ in range(5):
        browser.sign_in("asha", "not the password")
    assert "too many failed attempts: wait 5 minutes" in browser.sign_in("asha", PASSWORD).text


def test_a_session_ends_when_its_time_is_over(world: World) -> None:
    world.start()
    browser = world.enter(world.guarded(), "asha")
    assert "Asha Rahman" in browser.get("/board").text
    world.wall.advance(SHIFT.whole + timedelta(seconds=1))
    assert "<h1>Sign in</h1>" in browser.get("/board").text


def test_signing_out_ends_the_session_on_the_server_too(world: World) -> None:
    world.start()
    browser = world.enter(world.guarded(), "asha")
    kept = dict(browser.cookies)
    browser.get("/board")
    assert "Signed out." in browser.post("/sign-out").text
    browser.cookies.update(kept)
    assert "<h1>Sign in</h1>" in browser.get("/board").text


@pytest.mark.parametrize("end", ["disable", "set_password"])
def test_a_disabled_account_and_a_new_password_sign_out_everywhere(world: World, end: str) -> None:
    world.start()
    browser = world.enter(world.guarded(), "asha")
    accounts, now = world.sign_in.accounts, world.wall.now()
    if end == "disable":
        world.account("bo")
        accounts.disable("asha", now)
    else:
        accounts.set_password("asha", world.sign_in.passwords.hash("another long password"), now)
    assert "<h1>Sign in</h1>" in browser.get("/board").text


def test_a_session_is_kept_from_scripts_and_the_database_knows_only_its_hash(world: World) -> None:
    world.start()
    app = world.guarded()
    world.account("asha")
    browser = Signed(app)
    browser.get("/sign-in")
    answer = browser.post("/sign-in", person="asha", password=PASSWORD)
    said = answer.history[0].headers.get_list("set-cookie")
    session = next(line for line in said if line.startswith("cutover_session="))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    token = session.split(";")[0].partition("=")[2]
    with world.desk.journal.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT token_hash FROM sessions").scalars().all()
    assert token not in kept


def test_a_form_without_the_token_of_its_session_does_nothing(world: World) -> None:
    world.start()
    browser = world.enter(world.guarded(), "asha")
    answer = browser.send("/board/tasks/F2/claim", {"run": world.run_id, "token": "0" * 64})
    assert answer.status_code == 409
    assert "not of your present session" in answer.text
    assert world.runs.state(world.run_id).tasks["F2"].by == ""


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
def test_a_form_that_another_site_sends_does_nothing(world: World, headers: dict[str, str]) -> None:
    world.start()
    browser = world.enter(world.guarded(), "asha")
    browser.get("/board/tasks/F2")
    fields = {"run": world.run_id, "token": browser.token}
    answer = browser.send("/board/tasks/F2/claim", fields, headers=headers)
    assert "sent by another site" in answer.text
    assert world.runs.state(world.run_id).tasks["F2"].by == ""


def test_a_public_link_shows_the_board_and_nothing_else(world: World) -> None:
    world.start()
    app = world.guarded()
    world.account("asha")
    browser = Signed(app)
    answer = browser.get(world.sign_in.links.public(timedelta(hours=2)))
    assert str(answer.url) == "http://board/board"
    assert "Go-live of three systems" in answer.text
    assert "Reading only" in answer.text
    assert browser.get("/board/tasks").status_code == 200
    assert browser.get("/journal").status_code == 409
    assert ">Journal<" not in answer.text


@pytest.mark.parametrize("path", ["/board", "/board/tasks", "/board/wall"])
def test_no_link_that_a_reader_without_an_account_sees_is_closed_to_them(world: World, path: str) -> None:
    world.start()
    browser = Signed(world.guarded())
    world.account("asha")
    browser.get(world.sign_in.links.public(timedelta(hours=2)))
    links = {unescape(link) for link in re.findall(r'href="(/[^"#]*)', browser.get(path).text)}
    assert {link for link in links if browser.get(link).status_code != 200} == set()


@pytest.mark.parametrize("end", ["expired", "revoked", "all revoked", "cut"])
def test_a_public_link_that_no_longer_counts_says_why(world: World, end: str) -> None:
    app = world.guarded()
    world.account("asha")
    path = world.sign_in.links.public(timedelta(hours=2))
    world.wall.advance(timedelta(hours=2) if end == "expired" else timedelta(seconds=1))
    if end == "revoked":
        world.sign_in.links.revoke(path)
    if end == "all revoked":
        world.sign_in.links.revoke("public")
    answer = Signed(app).get(path[:-3] if end == "cut" else path)
    assert answer.status_code == 409
    assert {"expired": "expired at", "cut": "broken"}.get(end, "revoked") in answer.text


def test_one_laptop_acts_as_one_person_and_the_page_says_so(world: World) -> None:
    world.start()
    browser = Signed(world.guarded(as_person="asha"))
    answer = browser.get("/board", host="127.0.0.1:8080")
    assert "acts as <strong>Asha Rahman</strong>" in answer.text


def test_one_laptop_is_reached_under_its_own_name_only(world: World) -> None:
    world.start()
    answer = Signed(world.guarded(as_person="asha")).get("/board")
    assert answer.status_code == 409
    assert "not for &#39;board&#39;" in answer.text


def test_nobody_can_be_played_who_is_not_of_the_programme(world: World) -> None:
    with pytest.raises(NotFound, match="did you mean 'asha'"):
        world.guarded(as_person="ashaa")


@pytest.mark.parametrize(
    ("host", "accounts", "as_person", "open_", "words"),
    [
        ("0.0.0.0", False, "", False, "--to-anybody"),
        ("10.1.2.3", True, "asha", False, "lets whoever reaches the page act as asha"),
        ("0.0.0.0", False, "asha", True, "lets whoever reaches the page act as asha"),
    ],
)
def test_a_network_is_not_let_in_by_mistake(
    host: str, accounts: bool, as_person: str, open_: bool, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        check_reach(host, has_accounts=accounts, as_person=as_person, to_anybody=open_)


@pytest.mark.parametrize(
    ("host", "accounts", "open_"),
    [("127.0.0.1", False, False), ("0.0.0.0", True, False), ("0.0.0.0", False, True)],
)
def test_loopback_a_sign_in_and_a_plain_wish_are_served(host: str, accounts: bool, open_: bool) -> None:
    check_reach(host, has_accounts=accounts, as_person="", to_anybody=open_)
