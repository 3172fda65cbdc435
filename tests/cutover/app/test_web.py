"""The whole application as it is served: every page of the menu answers, and each act is for its roles and no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from cutover.app.bootstrap import World, build_world
from cutover.app.habits import habits
from cutover.app.web import Assembled, assembled, make_app
from cutover.core.errors import Refused
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Sent, perform
from cutover.web.kit import build_app
from cutover.web.visitor import KnownBy, Role, Visitor
from tests.cutover.web.browser import Signed
from tests.runbooks.folders import PROGRAMME, write_programme

PEOPLE = "".join(f"  - {{id: {role}, name: A {role}, roles: [{role}]}}\n" for role in Role)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Assembled, Starlette]]:
    """A programme with one person of each role, each signed in, and everything it serves."""
    folder = write_programme(tmp_path_factory.mktemp("served") / "prog")
    (folder / "programme.yaml").write_text(PROGRAMME.replace("people:\n", f"people:\n{PEOPLE}"))
    world = build_world(folder)
    for role in Role:
        world.accounts.add(role, "no password: signed in by the test", world.clock.now())
    yield world, assembled(world), make_app(world, threading.Event())
    world.engine.dispose()


def signed_in(world: World, app: Starlette, role: Role) -> Signed:
    browser = Signed(app)
    browser.cookies.set("cutover_session", world.accounts.sessions.open(role, world.clock.now()))
    return browser


@pytest.mark.parametrize("role", Role)
def test_every_page_of_the_menu_answers_whoever_is_signed_in(
    served: tuple[World, Assembled, Starlette], role: Role
) -> None:
    world, everything, app = served
    browser = signed_in(world, app, role)
    answers = {page.path: browser.get(page.path).status_code for page in everything.pages if page.label}
    assert set(answers.values()) <= {200, 409}, answers
    assert answers["/board"] == answers["/health"] == 200


def test_everybody_begins_where_their_work_is_and_finds_every_page_they_may_open(
    served: tuple[World, Assembled, Starlette],
) -> None:
    """A keyer at the sheets, an auditor at the report; the rest of the menu is under More."""
    world, everything, app = served
    begins = {role: signed_in(world, app, role).get("/").url.path for role in Role}
    assert begins == {
        Role.PROGRAMME_MANAGER: "/board", Role.DECIDER: "/board", Role.HYPERCARE: "/health", Role.STATION: "/stations",
        Role.KEYER: "/convert", Role.SUPERVISOR: "/convert", Role.AUDITOR: "/report", Role.ADMIN: "/board",
    }  # fmt: skip
    for role in Role:
        bar = signed_in(world, app, role).get("/board").text.partition("</header>")[0]
        assert [
            page.path for page in everything.pages if page.label and f'href="{page.path}"' not in bar
        ] == []


def test_station_staff_begin_at_their_own_station(served: tuple[World, Assembled, Starlette]) -> None:
    programme = Programme.model_validate(
        {
            **served[0].folder.programme.model_dump(),
            "stations": [{"id": "north", "title": "North Quay"}],
            "people": [{"id": "sam", "name": "Sam", "roles": ["station"], "station": "north"}],
        }
    )
    habit = habits(programme)(Visitor("sam", "Sam", frozenset({"station"}), KnownBy.ACCOUNT))
    assert habit.own == (("North Quay", "/station/north"),)
    assert habits(programme)(Visitor("dev", "Dev", frozenset(), KnownBy.ACCOUNT)).own == ()


def test_without_a_sign_in_nothing_is_read_but_the_sign_in_itself(
    served: tuple[World, Assembled, Starlette],
) -> None:
    _, everything, app = served
    for page in everything.pages:
        if not page.anybody and "{" not in page.path:
            assert Signed(app).get(page.path).url.path == "/sign-in", page.path


@pytest.mark.parametrize("role", Role)
def test_an_act_is_refused_to_every_role_that_it_is_not_for(
    served: tuple[World, Assembled, Starlette], role: Role
) -> None:
    """The table of permissions, tried: what a role lacks is said before anything of the form is looked at."""
    _, everything, _ = served
    visitor = Visitor(role, f"A {role}", frozenset({role}), KnownBy.ACCOUNT, "its token")
    for act in everything.acts:
        if not act.anybody:
            with pytest.raises(Refused) as refused:  # nobody gets further: the form carries no token
                perform(act, visitor, {}, Sent({}, visitor, {}, {}, "here"))
            is_for = role is not Role.AUDITOR and (not act.roles or role in act.roles)
            assert _lacks_role(str(refused.value)) is not is_for, f"{role} {act.path}"


def test_over_the_line_too_nothing_is_done_for_who_lacks_the_role(
    served: tuple[World, Assembled, Starlette],
) -> None:
    world, everything, app = served
    browser, before = signed_in(world, app, Role.AUDITOR), world.journal.head()
    browser.get("/board")
    for act in everything.acts:
        if not act.anybody and not act.path.startswith("/board/tasks"):
            assert _lacks_role(browser.post(_filled(act)).text), act.path
    assert world.journal.head() == before


def test_an_act_whose_page_is_not_served_is_found_before_anybody_presses_it(
    served: tuple[World, Assembled, Starlette],
) -> None:
    world, everything, _ = served
    pages = [page for page in everything.pages if page.path != "/convert/{serial}"]
    with pytest.raises(ValueError, match=r"/convert/\{serial\}/done"):
        build_app("Mine", pages, world.journal, threading.Event(), acts=everything.acts)


def _filled(act: Act) -> str:
    return act.path.replace("{", "").replace("}", "")


def _lacks_role(text: str) -> bool:
    return "takes the role" in text or "is an auditor, who reads and changes nothing" in text


def test_with_the_database_away_every_page_says_so_and_keeps_the_bar_of_whoever_is_signed_in(
    tmp_path: Path,
) -> None:
    """Nothing is shown as it was, nothing is green: 503, what is wrong, a way to try again."""
    world = build_world(write_programme(tmp_path / "prog"))
    world.accounts.add("asha", "no password: signed in by the test", world.clock.now())
    everything, app = assembled(world), make_app(world, threading.Event())
    browser = Signed(app)
    browser.cookies.set("cutover_session", world.accounts.sessions.open("asha", world.clock.now()))
    assert browser.get("/board").status_code == 200
    world.engine.dispose()
    world.folder.state.rename(tmp_path / "away")
    (tmp_path / "prog" / "state").write_text("no folder, so no database can be opened in it")
    for page in everything.pages:
        if "{" not in page.path:
            answer = browser.get(page.path)
            assert (answer.status_code, "the database does not answer" in answer.text) == (503, True), (
                page.path
            )
            assert "Try again" in answer.text
            assert "Asha" in answer.text
            assert 'class="pill ok"' not in answer.text
    assert browser.get("/healthz").status_code == browser.get("/metrics").status_code == 503


def test_a_programme_in_which_nothing_happened_shows_nothing_as_well(tmp_path: Path) -> None:
    """Nought sheets, checks, files and records are no success: not one green pill."""
    world = build_world(write_programme(tmp_path / "prog"))
    browser = Signed(make_app(world, threading.Event()))
    for path in (
        "/board",
        "/health",
        "/stations",
        "/backlog",
        "/conversions",
        "/reconciliation",
        "/report",
        "/feedback",
    ):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert 'class="pill ok"' not in answer.text, path
    world.engine.dispose()
