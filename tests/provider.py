"""An OpenID provider on loopback, made of Authlib's server side: discovery, PKCE, nonces, signatures, codes used once.

What it says of people is what the test wrote down; whoever comes is let in as `user`, as a provider would that knows
them already. Its faults are those of a provider that lies: another nonce, another key, another audience, an old token.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, OAuth2Payload
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "cutover", "a secret of the client"


@dataclass
class Client(ClientMixin):
    callback: str
    client_id: str = CLIENT_ID
    secret: str = CLIENT_SECRET

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.callback

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.callback

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    user: dict[str, Any]
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class OpenIdProvider:
    """`issuer` is where it answers; `user` are the claims of whoever signs in there, None for nobody."""

    callback: str
    issuer: str = ""
    user: dict[str, Any] | None = None
    lies: dict[str, Any] = field(default_factory=dict)  # claims said instead
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    published: KeySet | None = None
    codes: dict[str, Code] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._about),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _about(self, _request: Request) -> Response:
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
        }
        return JSONResponse(
            {"issuer": self.issuer, **{name: self.issuer + path for name, path in paths.items()}}
        )

    async def _keys(self, _request: Request) -> Response:
        keys = self.published or KeySet([self.key])
        return JSONResponse(keys.as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        server, asked = _Server(self), _Asked(request, {})
        grant = server.get_consent_grant(asked, end_user=self.user)
        answer: Response = server.create_authorization_response(asked, grant_user=self.user, grant=grant)
        return answer

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        answer: Response = _Server(self).create_token_response(_Asked(request, form))
        return answer


class _Payload(OAuth2Payload):
    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    @property
    def data(self) -> dict[str, str]:
        return self.values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self.values.items()})


class _Asked(OAuth2Request):
    def __init__(self, request: Request, form: dict[str, str]) -> None:
        super().__init__(request.method, str(request.url).replace("http:", "https:"), headers=request.headers)
        self._form = form
        self.payload = _Payload({**request.query_params, **form})

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Server(AuthorizationServer):
    def __init__(self, provider: OpenIdProvider) -> None:
        super().__init__()
        self.provider = provider
        self.register_token_generator("default", lambda **_: {"access_token": "at", "scope": "openid"})
        self.register_grant(
            _Grant,
            [_Claims(provider), CodeChallenge(required=True)],
        )

    def query_client(self, client_id: str) -> Client | None:
        return Client(self.provider.callback) if client_id == CLIENT_ID else None

    def save_token(self, token: Any, request: Any) -> None:
        del token, request

    def create_oauth2_request(self, request: _Asked) -> _Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return (
            JSONResponse(body, status, dict(headers))
            if isinstance(body, dict)
            else Response(body, status, dict(headers))
        )

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        del name, args, kwargs


class _Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: _Asked) -> None:
        data = request.payload.data
        kept = Code(
            code, data["redirect_uri"], data["scope"], data["nonce"], dict(request.user),
            data["code_challenge"], data["code_challenge_method"],
        )  # fmt: skip
        self.server.provider.codes[code] = kept

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        del client
        return self.server.provider.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return authorization_code.user


class _Claims(OpenIDCode):
    def __init__(self, provider: OpenIdProvider) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(code.nonce == nonce for code in self.provider.codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.provider.key

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": str(self.provider.key.kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.provider.issuer, "aud": [client.client_id]}

    def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
        return {**user, **self.provider.lies}
