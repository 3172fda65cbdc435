"""`/sign-in/provider`: away to the provider and back, and which person of programme.yaml its answer means."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cutover.core.errors import Refused
from cutover.domain.programme import Person, Programme
from cutover.web.acts import Cookie, answer, set_cookies
from cutover.web.sign_in import SignIn, inside
from cutover.web.visitor import KnownBy

if TYPE_CHECKING:
    from cutover.web.oidc import Provider, Question

AWAY, BACK = "/sign-in/provider", "/sign-in/provider/back"
COOKIE, SECONDS = "cutover_away", 600

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """The two routes. They are followed, not sent: the state in the browser's cookie is what proves them."""

    guard: SignIn
    provider: Provider

    def routes(self) -> Sequence[Route]:
        return (Route(AWAY, self._away), Route(BACK, self._back))

    async def _away(self, request: Request) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        address, asked = await run_in_threadpool(self.provider.ask)
        response = RedirectResponse(address, status_code=303)
        kept = _packed(asked, inside(request.query_params.get("then", "")))
        set_cookies(response, [Cookie(COOKIE, kept, SECONDS)], secure=request.url.scheme == "https")
        return response

    async def _back(self, request: Request) -> Response:
        self.guard.check_host(request.headers.get("host", ""))
        return await run_in_threadpool(self._enter, request)

    def _enter(self, request: Request) -> Response:
        """Raises Refused for an answer that proves nothing, and for somebody whom programme.yaml does not name."""
        asked, then = _unpacked(request.cookies.get(COOKIE, ""))
        claims = self.provider.answered(asked, request.query_params)
        person, roles = person_of(self.guard.programme, claims)
        source = request.client.host if request.client else ""
        done = self.guard.enter(
            person, KnownBy.PROVIDER, request.cookies, source, then, roles=roles, forget=[COOKIE]
        )
        return answer(done, secure=request.url.scheme == "https")


def person_of(programme: Programme, claims: Mapping[str, Any]) -> tuple[Person, frozenset[str]]:
    """Whom the claims mean, and the roles they bring. Raises Refused saying what to write into programme.yaml."""
    rule = programme.single_sign_on
    said = claims.get(rule.person_claim)
    if not isinstance(said, str) or not said:
        raise Refused(f"the provider says no '{rule.person_claim}' of you: see single_sign_on.person_claim of programme.yaml")  # fmt: skip
    if rule.person_claim == "email" and claims.get("email_verified") in (False, "false"):  # some spell it so
        raise Refused(f"the provider has not verified that {said} is yours")
    person = next((p for p in programme.people if p.login and p.login.casefold() == said.casefold()), None)
    if person is None:
        log.warning("sign_in_refused", person="unknown", how="provider")
        raise Refused(
            f"you are {said} there, and nobody of this programme is: ask the programme manager to write "
            f"`login: {said}` at your name in programme.yaml"
        )
    held = claims.get(rule.roles_claim, ()) if rule.roles_claim else ()
    groups = [held] if isinstance(held, str) else held if isinstance(held, list) else ()
    given = {role for group in groups if isinstance(group, str) for role in rule.roles.get(group, ())}
    return person, frozenset(given)


def _packed(asked: Question, then: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([asdict(asked), then]).encode()).decode()


def _unpacked(kept: str) -> tuple[Question, str]:
    from cutover.web.oidc import Question

    try:
        asked, then = json.loads(base64.urlsafe_b64decode(kept))
        return Question(**asked), str(then)
    except (ValueError, TypeError):
        return Question("", "", ""), ""
