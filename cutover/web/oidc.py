"""Single sign-on as OpenID Connect has it: where a person is sent, and what the provider's answer proves.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0; RFC 7636, 9207, 9700). A provider is
found by its issuer; what it says counts only by its signature, for us, now, and in answer to our own question.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, Problem, Refused, Unavailable
from cutover.core.reach import HOUSE, Reach
from cutover.web import outbound

ALGORITHMS = [
    "RS256",
    "PS256",
    "ES256",
    "EdDSA",
]  # signed by a key that only the provider has; never `none` or HMAC
LEEWAY = 60  # seconds that its clock and ours may differ
SECONDS = 5.0
_NAMES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Client:
    """What a provider knows us as. `callback` is where it sends people back to."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    callback: str = ""
    scopes: str = "openid profile email"

    def __post_init__(self) -> None:
        at = urlsplit(self.issuer)
        if at.scheme != "https" and at.hostname not in _LOOPBACK:
            raise Invalid(
                Problem(f"'{self.issuer}'", field="CUTOVER_OIDC_ISSUER", expected="an https:// address")
            )
        if not self.client_id:
            raise Invalid(Problem("is not set", field="CUTOVER_OIDC_CLIENT_ID", expected="our id there"))


@dataclass(frozen=True, slots=True)
class Question:
    """What one browser was sent away with, kept in a cookie of its own until it comes back."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider: what it publishes of itself is read once, its keys at each sign-in."""

    def __init__(
        self, client: Client, clock: Clock, reach: Reach = HOUSE, http: httpx.Client | None = None
    ) -> None:
        self.client = client
        self._clock = clock
        self._http = http or outbound.client(reach, timeout=SECONDS, headers={"Connection": "close"})
        self._known: Mapping[str, Any] = {}

    def ask(self) -> tuple[str, Question]:
        """Where to send a browser, and what it must bring back. Raises Unavailable."""
        asked = Question(*(secrets.token_urlsafe(32) for _ in range(3)))
        address = prepare_grant_uri(
            self._published()["authorization_endpoint"],
            self.client.client_id,
            "code",
            redirect_uri=self.client.callback,
            scope=self.client.scopes,
            state=asked.state,
            nonce=asked.nonce,
            code_challenge=create_s256_code_challenge(asked.verifier),
            code_challenge_method="S256",
        )
        return str(address), asked

    def answered(self, asked: Question, said: Mapping[str, str]) -> dict[str, Any]:
        """The claims of whoever came back with `said`. Raises Refused, Unavailable."""
        if not asked.state or not hmac.compare_digest(said.get("state", "").encode(), asked.state.encode()):
            raise Refused("this answer belongs to no sign-in that this browser began: sign in again")
        if said.get("iss", self.client.issuer) != self.client.issuer:
            raise Refused("this answer comes from another provider than the one that was asked")
        if "code" not in said:
            why = said.get("error", "")
            raise Refused(f"the provider let nobody in ({why})" if why.isidentifier() else "the provider let nobody in")  # fmt: skip
        return self._claims(self._token(said["code"], asked.verifier), asked.nonce)

    def _token(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.callback,
            "code_verifier": verifier,
            "client_id": self.client.client_id,
        }
        secret = self.client.client_secret
        known = httpx.BasicAuth(self.client.client_id, secret) if secret else None
        got = self._sent("POST", self._published()["token_endpoint"], data=form, auth=known)
        if got.status_code != httpx.codes.OK or "id_token" not in got.json():
            raise Refused(f"the provider did not take its own code back ({got.status_code}): sign in again")
        return str(got.json()["id_token"])

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        one = {"essential": True, "value": self.client.client_id}
        try:
            read = self._decoded(id_token)
            options: Any = {"iss": {"essential": True, "value": self.client.issuer}, "aud": one}
            claims = CodeIDToken(
                read.claims, read.header, options, {"nonce": nonce, "client_id": self.client.client_id}
            )
            claims.validate(int(self._clock.now().timestamp()), LEEWAY)
        except (JoseError, ValueError) as error:
            raise Refused(f"what the provider says of you does not hold ({type(error).__name__}: {error})") from error  # fmt: skip
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        """Signed by a key it publishes now: one that it took back counts no longer."""
        keys = KeySet.import_key_set(self._json(self._published()["jwks_uri"]))
        return jwt.decode(id_token, keys, algorithms=ALGORITHMS)

    def _published(self) -> Mapping[str, Any]:
        if not self._known:
            found = self._json(get_well_known_url(self.client.issuer, external=True))
            if found.get("issuer") != self.client.issuer or not all(name in found for name in _NAMES):
                raise Unavailable(f"{self.client.issuer} says of itself that it is '{found.get('issuer')}'", permanent=True)  # fmt: skip
            self._known = found
        return self._known

    def _json(self, address: str) -> Any:
        got = self._sent("GET", address)
        try:
            return got.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise Unavailable(f"the sign-in provider answered {got.status_code} at {address}") from error

    def _sent(self, method: str, address: str, **more: Any) -> httpx.Response:
        try:
            return self._http.request(method, address, **more)
        except httpx.HTTPError as error:
            raise Unavailable(f"the sign-in provider does not answer ({type(error).__name__}); a password still signs in") from error  # fmt: skip
