"""Single sign-on against a real provider on loopback: who is let in, as whom, and every answer that proves nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import read_settings
from cutover.app.web import make_app
from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from cutover.web.oidc import Client
from cutover.web.oidc_sign_in import person_of
from cutover.web.serving import Server, listen
from tests.cutover.web.browser import Signed
from tests.provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.runbooks.folders import PROGRAMME, write_programme

CALLBACK = "http://board/sign-in/provider/back"
SIGN_ON = (
    "single_sign_on: {roles_claim: groups, roles: {cutover-deciders: [decider]}}\n"
    "people:\n"
    "  - {id: priya, name: Priya Nair, roles: [hypercare], login: Priya.Nair@force.example}\n"
)
PRIYA = {"sub": "4711", "email": "priya.nair@force.example", "email_verified": True}

pytestmark = pytest.mark.real


@dataclass
class Behind:
    """A programme whose people sign in at `provider`."""

    provider: OpenIdProvider
    world: World
    app: Starlette

    def __post_init__(self) -> None:
        self.browser = Signed(self.app)

    def away(self, then: str = "") -> str:
        """Where the provider is told to send the browser back to."""
        return self._location("/sign-in/provider", then=then)

    def there(self, address: str) -> str:
        """What the provider answers: the address back, with its code."""
        return httpx.get(address, follow_redirects=False).headers["location"]

    def back(self, address: str) -> httpx.Response:
        parts = urlsplit(address)
        return self.browser.get(parts.path, **{k: v[0] for k, v in parse_qs(parts.query).items()})

    def sign_in(self, then: str = "") -> httpx.Response:
        return self.back(self.there(self.away(then)))

    def _location(self, path: str, **params: str) -> str:
        answer = self.browser.unfollowed(path, **params)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    place, stop, provider = tmp_path_factory.mktemp("oidc"), threading.Event(), OpenIdProvider(CALLBACK)
    sock = listen("127.0.0.1", 0)
    thread = threading.Thread(target=Server(provider.app(), stop).run, kwargs={"sockets": [sock]})
    thread.start()
    provider.issuer = f"http://127.0.0.1:{sock.getsockname()[1]}"
    (place / "secret").write_text(CLIENT_SECRET + "\n")
    settings = read_settings(
        {
            "CUTOVER_OIDC_ISSUER": provider.issuer,
            "CUTOVER_OIDC_CLIENT_ID": CLIENT_ID,
            "CUTOVER_OIDC_CLIENT_SECRET_FILE": str(place / "secret"),
            "CUTOVER_BASE_URL": "http://board",
            "CUTOVER_OIDC_NAME": "Force account",
        }
    )
    folder = write_programme(place / "prog")
    (folder / "programme.yaml").write_text(PROGRAMME.replace("people:\n", SIGN_ON, 1))
    world = build_world(folder, settings=settings)
    yield Behind(provider, world, make_app(world, threading.Event()))
    world.engine.dispose()
    stop.set()
    thread.join(10)


@pytest.fixture
def behind(standing: Behind) -> Behind:
    """A new browser, nobody signed in, and a provider that tells the truth."""
    provider, key = standing.provider, standing.provider.key
    provider.user, provider.lies, provider.published = PRIYA, {}, KeySet([key])
    standing.world.accounts.sessions.close_all("priya")
    return Behind(provider, standing.world, standing.app)


def test_whoever_the_provider_knows_is_signed_in_as_the_person_of_that_login(behind: Behind) -> None:
    asked = parse_qs(urlsplit(behind.away()).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [CALLBACK]
    answer = behind.sign_in("/health")
    assert answer.url.path == "/health"
    assert "Signed in as Priya Nair." in answer.text
    (session,) = behind.world.accounts.sessions.list(behind.world.clock.now())
    assert (session.person, session.how) == ("priya", "provider")


def test_without_a_password_of_ours_nobody_reads_before_signing_in(behind: Behind) -> None:
    answer = behind.browser.get("/board")
    assert answer.url.path == "/sign-in"
    assert "Sign in with Force account" in answer.text


def test_a_group_brings_the_roles_that_the_programme_says(behind: Behind) -> None:
    behind.provider.user = {**PRIYA, "groups": ["cutover-deciders", "canteen"]}
    behind.sign_in()
    (session,) = behind.world.accounts.sessions.list(behind.world.clock.now())
    assert session.roles == {"decider"}


def test_a_stranger_is_refused_with_what_to_write_into_the_programme(behind: Behind) -> None:
    behind.provider.user = {**PRIYA, "email": "stranger@force.example"}
    answer = behind.sign_in()
    assert answer.status_code == 409
    assert "login: stranger@force.example" in answer.text
    assert behind.world.accounts.sessions.list(behind.world.clock.now()) == []


def test_who_may_not_sign_in_any_more_may_not_by_the_provider_either(behind: Behind) -> None:
    behind.world.accounts.disable("priya", behind.world.clock.now())
    try:
        assert "the account is disabled" in behind.sign_in().text
    finally:
        behind.world.accounts.set_password("priya", "no hash", behind.world.clock.now())


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": ["somebody-else"]},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_600_000_000},
        {"iat": 4_000_000_000},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email": ["priya.nair@force.example"]},
    ],
    ids=str,
)
def test_what_the_provider_says_counts_only_for_us_now_and_in_answer_to_our_question(
    behind: Behind, lie: dict[str, object]
) -> None:
    behind.provider.lies = lie
    answer = behind.sign_in()
    assert answer.status_code == 409, answer.text
    assert behind.world.accounts.sessions.list(behind.world.clock.now()) == []


def test_a_signature_by_a_key_that_is_not_published_counts_for_nothing(behind: Behind) -> None:
    behind.provider.published = KeySet([RSAKey.generate_key(2048, {"kid": "one"})])
    assert "does not hold" in behind.sign_in().text


def test_a_new_key_of_the_provider_is_read_when_it_is_first_used(behind: Behind) -> None:
    behind.sign_in()
    behind.provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    behind.provider.published = KeySet([behind.provider.key])
    assert "Signed in as Priya Nair." in behind.sign_in().text


def test_an_answer_is_taken_once_and_only_in_the_browser_that_asked(behind: Behind) -> None:
    address = behind.there(behind.away())
    elsewhere = Behind(behind.provider, behind.world, behind.app)
    assert "belongs to no sign-in" in elsewhere.back(address).text
    kept = dict(behind.browser.cookies)
    assert behind.back(address).status_code == 200
    behind.browser.cookies.update(kept)
    assert "did not take its own code back" in behind.back(address).text


def test_a_code_that_another_browser_was_given_is_worth_nothing_here(behind: Behind) -> None:
    """PKCE: a stolen code does not fit the question of whoever stole it."""
    stolen = parse_qs(urlsplit(behind.there(behind.away())).query)["code"][0]
    thief = Behind(behind.provider, behind.world, behind.app)
    state = parse_qs(urlsplit(thief.away()).query)["state"][0]
    answer = thief.back(f"{CALLBACK}?code={stolen}&state={state}")
    assert "did not take its own code back (400)" in answer.text


def test_nobody_there_is_nobody_here(behind: Behind) -> None:
    behind.provider.user = None
    assert "the provider let nobody in (access_denied)" in behind.sign_in().text


@pytest.mark.parametrize(
    "then", ["//elsewhere.example", "https://elsewhere.example/x", "/\\elsewhere.example"]
)
def test_the_way_back_never_leads_to_another_site(behind: Behind, then: str) -> None:
    assert behind.sign_in(then).url.host == "board"


def test_a_session_that_the_browser_brought_ends_with_the_new_one(behind: Behind) -> None:
    behind.sign_in()
    before = behind.browser.cookies["cutover_session"]
    behind.sign_in()
    assert behind.browser.cookies["cutover_session"] != before
    assert behind.world.accounts.sessions.of(before, behind.world.clock.now()) is None


def test_the_secret_of_the_client_is_nowhere_to_be_seen(behind: Behind) -> None:
    assert CLIENT_SECRET not in repr(behind.world.settings)
    assert CLIENT_SECRET not in behind.away()


def test_a_provider_over_plain_http_is_refused_unless_it_is_on_this_machine() -> None:
    with pytest.raises(Invalid, match="https://"):
        Client("http://login.force.example", CLIENT_ID, CLIENT_SECRET)


def test_two_people_with_one_login_are_found_when_the_programme_is_read() -> None:
    window = {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"}
    people = [{"id": "a", "name": "A", "login": "x@y"}, {"id": "b", "name": "B", "login": "X@Y"}]
    with pytest.raises(ValueError, match="login 'x@y' is two people's"):
        Programme.model_validate({"title": "T", "window": window, "people": people})


def test_a_login_is_compared_without_regard_to_capitals() -> None:
    window = {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"}
    programme = Programme.model_validate(
        {"title": "T", "window": window, "people": [{"id": "a", "name": "A", "login": "A@Y"}]}
    )
    assert person_of(programme, {"email": "a@y"})[0].id == "a"
