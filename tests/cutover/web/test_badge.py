"""Quick sign-in at a shared PC: who, where, with what, how often, and what it is good for."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from argon2 import PasswordHasher

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, Refused
from cutover.domain.programme import Programme
from cutover.store.accounts import Accounts
from cutover.store.desk import Desk
from cutover.store.pins import MOST_FAILURES, Pins
from cutover.store.sessions import COUNTER
from cutover.web.badge import BadgeSignIn, check_pin, new_pin
from cutover.web.kit import build_app
from cutover.web.links import Links
from cutover.web.passwords import Passwords
from cutover.web.sessions_page import SessionPages
from cutover.web.sign_in import SignIn
from cutover.web.tokens import Tokens, station_scope
from cutover.web.visitor import Role
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Signed

OWN = "739104"


PROGRAMME = Programme.model_validate(
    {
        "title": "On paper",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        "stations": [{"id": "north", "title": "North Quay"}, {"id": "south", "title": "South <b>Gate</b>"}],
        "people": [
            {"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]},
            {"id": "sam", "name": "Sam Adeyemi", "roles": ["station", "supervisor"], "station": "north", "badge": "4711"},
            {"id": "kim", "name": "Kim Boateng", "station": "north", "badge": "4712"},
        ],
    }
)  # fmt: skip


class Counter:
    """The PC of a station, known as one of its own, with the quick sign-in and the page of sign-ins."""

    def __init__(self, desk: Desk, clock: FixedClock, station: str = "north") -> None:
        self.clock, self.station, self.journal = clock, station, desk.journal
        accounts = Accounts(desk.journal.engine)
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.guard = SignIn(accounts, Links(accounts, clock), PROGRAMME, clock, "", cheap)
        tokens = Tokens(accounts, clock)
        self.badges = BadgeSignIn(self.guard, Pins(accounts.engine), tokens)
        parts = (self.guard, self.badges, SessionPages(self.guard, self.badges))
        pages, acts = [p for part in parts for p in part.pages()], [a for part in parts for a in part.acts()]
        self.app = build_app("On paper", pages, desk.journal, Event(), acts=acts, guard=self.guard)
        self.pc = Signed(self.app)
        self.token = tokens.issue(station_scope(station))
        self.pc.cookies.set("cutover_station", self.token)

    def issued(self, person: str = "sam") -> str:
        return self.badges.issue(person, "asha")

    def chosen(self, person: str = "sam", badge: str = "4711") -> str:
        """A PIN that its person has made their own."""
        self.enter(badge, self.issued(person), OWN)
        self.pc.post("/sign-out")
        return OWN

    def enter(self, badge: str, pin: str, new_pin: str = "") -> str:
        self.pc.get(f"/at/{self.station}")
        answer = self.pc.post(f"/at/{self.station}", badge=badge, pin=pin, new_pin=new_pin)
        if answer.url.path == f"/station/{self.station}":  # the page of paper, which is another room's
            answer = self.pc.get("/sessions")
        return answer.text


@pytest.fixture
def counter(make_desk: MakeDesk, clock: FixedClock) -> Counter:
    return Counter(make_desk([]), clock)


def test_an_issued_pin_is_good_for_choosing_one_s_own(counter: Counter) -> None:
    issued = counter.issued()
    assert "choose your own here" in counter.enter("4711", issued)
    assert "Signed in as Sam" in counter.enter("4711", issued, OWN)
    assert "Signed in as Sam" in counter.enter("4711", OWN)
    assert "do not belong together" in counter.enter("4711", issued)


def test_one_step_signs_the_next_person_in_and_the_last_one_out(counter: Counter) -> None:
    pin = counter.chosen()
    counter.chosen("kim", "4712")
    counter.enter("4711", pin)
    before = counter.pc.cookies["cutover_session"]
    assert "Sign in instead of Sam" in counter.pc.get("/at/north").text
    assert "Signed in as Kim" in counter.enter("4712", pin)
    sessions = counter.guard.accounts.sessions
    assert sessions.of(before, counter.clock.now()) is None
    assert [one.person for one in sessions.list(counter.clock.now())] == ["kim"]


def test_a_pin_is_good_at_a_pc_of_its_station_and_nowhere_else(counter: Counter) -> None:
    pin = counter.chosen()
    stranger = Signed(counter.app)
    stranger.get("/at/north")
    answer = stranger.post("/at/north", badge="4711", pin=pin, new_pin="")
    assert "this PC is not known as one of" in answer.text
    south = Counter(Desk(counter.journal, counter.clock), counter.clock, "south")
    assert "do not belong together here" in south.enter("4711", pin)


def test_five_wrong_pins_lock_it_until_a_new_one_is_issued(counter: Counter) -> None:
    pin = counter.chosen()
    for _ in range(MOST_FAILURES):
        assert "do not belong together here" in counter.enter("4711", "111222")
    assert "locked" in counter.enter("4711", pin)
    assert [one.state for one in counter.badges.pins.list()] == ["locked"]
    assert "Signed in as Sam" in counter.enter("4711", counter.issued(), "582047")


def test_many_attempts_at_once_are_no_more_than_one_after_another(counter: Counter) -> None:
    """Each is counted before it is compared: none slips through between."""
    counter.chosen()
    now = counter.clock.now()
    tries = [counter.badges.pins.attempt("sam", now) for _ in range(MOST_FAILURES + 3)]
    assert [bool(pin and pin.locked_at) for pin in tries] == [False] * MOST_FAILURES + [True] * 3


def test_a_pc_that_fails_too_often_waits_whoever_it_says_it_is(counter: Counter) -> None:
    for n in range(20):
        counter.enter(f"nobody-{n}", "111222")
    assert "too many failed attempts" in counter.enter("4711", counter.issued(), OWN)


def test_it_ends_after_five_minutes_without_a_page_and_after_an_hour(counter: Counter) -> None:
    pin = counter.chosen()
    counter.enter("4711", pin)
    for _ in range(14):
        counter.clock.advance(timedelta(minutes=4))
        assert "Sam" in counter.pc.get("/sessions").text
    counter.clock.advance(timedelta(minutes=4))
    assert "<h1>Sign in</h1>" in counter.pc.get("/sessions").text
    counter.enter("4711", pin)
    counter.clock.advance(COUNTER.idle)
    assert "<h1>Sign in</h1>" in counter.pc.get("/sessions").text


def test_a_page_that_renews_itself_keeps_nobody_signed_in(counter: Counter) -> None:
    counter.enter("4711", counter.chosen())
    for _ in range(3):
        counter.clock.advance(timedelta(minutes=2))
        counter.pc.get("/sessions", fragment="content")
    assert "<h1>Sign in</h1>" in counter.pc.get("/sessions").text


def test_it_brings_the_roles_of_paper_and_no_other(counter: Counter) -> None:
    """Sam is a supervisor too: not by a PIN."""
    counter.enter("4711", counter.chosen())
    session = counter.pc.cookies["cutover_session"]
    visitor = counter.guard.visitor({"cutover_session": session})
    assert visitor.roles == {"station"}
    with pytest.raises(Refused, match="sign in with your password"):
        visitor.check("vote")
    visitor.check("import a station's log", [Role.STATION])


def test_a_new_or_withdrawn_pin_and_a_disabled_account_end_what_the_old_one_opened(counter: Counter) -> None:
    counter.enter("4711", counter.chosen())
    counter.issued()
    assert "<h1>Sign in</h1>" in counter.pc.get("/sessions").text
    pin = counter.chosen()
    counter.guard.accounts.disable("sam", counter.clock.now())
    assert "do not belong together" in counter.enter("4711", pin)


def test_neither_pin_nor_what_was_typed_is_logged(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    issued = counter.issued()
    counter.enter("4711", issued, OWN)
    counter.enter(issued, OWN)
    counter.guard.accounts.add("asha", "no hash", counter.clock.now())
    counter.pc.sign_in("hunter2-in-the-wrong-field", "x")
    logged = capsys.readouterr().out
    assert "signed_in" in logged
    assert "sign_in_refused" in logged
    for secret in (issued, OWN, "hunter2", counter.token):
        assert secret not in logged


def test_a_programme_manager_issues_a_pin_on_the_page_and_sees_it_once(counter: Counter) -> None:
    browser = Signed(counter.app)
    counter.guard.accounts.add(
        "asha", counter.guard.passwords.hash("four words in a row"), counter.clock.now()
    )
    browser.sign_in("asha", "four words in a row")
    browser.get("/sessions")
    answer = browser.post("/sessions/pin", person="sam")
    assert "The PIN of Sam Adeyemi is" in answer.text
    assert "issued, to be changed" in answer.text
    assert "The PIN of" not in browser.get("/sessions").text
    refused = browser.post("/sessions/pin", person="asha").text
    assert "and no <code>station:</code>" in refused


@pytest.mark.parametrize(
    "pin", ["12345", "123456", "987654", "111111", "121212", "abcdef", "471100", "123456789", "１２３４５９"]
)
def test_a_pin_that_a_neighbour_would_try_first_is_refused(pin: str) -> None:
    with pytest.raises(Invalid, match="6 to 8 digits"):
        check_pin(pin, "4711")


def test_an_issued_pin_is_one_that_would_be_taken() -> None:
    for _ in range(200):
        check_pin(new_pin("47"), "47")
