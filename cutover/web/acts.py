"""What a person may do by a form: how it is read, checked and answered. Knows no feature: acts are handed in.

Every form works without a script: post, see other, read. It carries the token of whoever it was rendered for, and
a form that is refused comes back filled in, with the reason in words and the fault at its field.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_origin
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive

from cutover.core.errors import CutoverError, Invalid, Problem, Refused
from cutover.web.visitor import Asked, Role, Visitor

TOKEN = "token"  # noqa: S105  the name of a field
FLASH = "cutover_said"
FLASH_SECONDS = 60
FORM_BYTES = 64 * 1024
MOST_FIELDS = 400  # a risk assessment asks for a hundred things
_OURS = frozenset({"same-origin", "none"})


class Form(BaseModel):
    """The fields of one form; an unknown one is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class NoFields(Form):
    """A form that is a button."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent, whole."""

    name: str
    media_type: str
    content: bytes


class Sent(Asked):
    """One sent form beside its path, with who sent it and what files."""

    def __init__(
        self,
        values: Mapping[str, str],
        visitor: Visitor,
        files: Mapping[str, Upload],
        cookies: Mapping[str, str],
        source: str,
    ) -> None:
        super().__init__(values, visitor)
        self.files = files
        self.cookies = cookies
        self.source = source  # the address it came from


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; '' takes it away."""

    name: str
    value: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Done:
    """What follows: where to read on, and what to say there."""

    to: str
    said: str = ""
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a page answers with: saved by the browser and never shown as a page of ours."""

    name: str
    media_type: str
    content: bytes

    def response(self) -> Response:
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(self.name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        return Response(self.content, media_type=self.media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person may do: POST to `path`. `do` runs in a worker thread and may raise any CutoverError.

    `does` finishes the sentence "to …, sign in first". Without `roles` whoever is signed in may try; `anybody` needs
    no sign-in, and with `own_token` its address is the proof that its form was rendered for whoever sends it. A refused
    form is shown again on the page with the path `shown_on`.
    """

    path: str
    does: str
    form: type[Form]
    do: Callable[[Any, Sent], Done]
    shown_on: str
    roles: tuple[Role, ...] = ()
    anybody: bool = False
    own_token: bool = False
    most_bytes: int = FORM_BYTES


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form was refused: in general, at which field, and what had been typed."""

    lines: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    act: str = ""


NO_TROUBLE = Trouble()


class WrongFields(Invalid):
    """What was typed does not do, field by field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        super().__init__(*(Problem(why, field=name) for name, why in fields.items()))


def perform(act: Act, visitor: Visitor, raw: Mapping[str, Any], sent: Sent) -> Done:
    """Check who sends what, and do it. Raises any CutoverError."""
    if not act.anybody:
        visitor.check(act.does, act.roles)
    if not act.own_token and not (
        visitor.token and hmac.compare_digest(str(raw.get(TOKEN, "")).encode(), visitor.token.encode())
    ):
        raise Refused("this form is not of your present session: look at it again and send it anew")
    return act.do(_read(act.form, {name: value for name, value in raw.items() if name != TOKEN}), sent)


def check_origin(request: Request) -> None:
    """Raises Refused for a form that another site sends in a visitor's name."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    elsewhere = origin is not None and origin.partition("://")[2] != host
    if (site is not None and site not in _OURS) or (site is None and elsewhere):
        raise Refused("this form was sent by another site: nothing was done")


async def receive_form(request: Request, most: int) -> tuple[dict[str, Any], dict[str, Upload]]:
    """The fields and files of a form. Raises Invalid for one that is longer than `most` bytes."""
    if (
        request.headers.get("content-length", "0").isdecimal()
        and int(request.headers.get("content-length", 0)) > most
    ):
        raise _too_long(most)
    bounded = Request(request.scope, _bounded(request.receive, most))
    fields: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    async with bounded.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=FORM_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                kind = value.content_type or "application/octet-stream"
                files[name] = Upload(value.filename or "", kind, await value.read())
            else:
                fields.setdefault(name, []).append(value)
    return fields, files


def given(form: type[Form], fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Fields as the form wants them: several values only where it takes several, a line end is one character."""
    many = {name for name, one in form.model_fields.items() if get_origin(one.annotation) is tuple}
    return {
        name: tuple(values) if name in many else values[-1].replace("\r\n", "\n").replace("\0", "")
        for name, values in fields.items()
    }


def trouble_of(act: Act, error: CutoverError, raw: Mapping[str, Any]) -> Trouble:
    typed = {name: value for name, value in raw.items() if isinstance(value, str) and name != TOKEN}
    if isinstance(error, WrongFields):
        return Trouble(("Something is missing or wrong: see below.",), error.fields, typed, act.path)
    return Trouble(tuple(str(error).splitlines()), {}, typed, act.path)


def answer(done: Done, *, secure: bool) -> Response:
    """See other: the page to read on, with what to say there in a cookie of one minute."""
    response = RedirectResponse(done.to, status_code=303)
    said = [Cookie(FLASH, _packed(done.said), FLASH_SECONDS)] if done.said else []
    set_cookies(response, [*done.cookies, *said], secure=secure)
    return response


def set_cookies(response: Response, cookies: Sequence[Cookie], *, secure: bool) -> None:
    for one in cookies:
        if one.value:
            response.set_cookie(
                one.name, one.value, max_age=one.seconds, httponly=True, samesite="lax", secure=secure
            )
        else:
            response.delete_cookie(one.name, httponly=True, samesite="lax", secure=secure)


def said_before(cookies: Mapping[str, str]) -> str:
    """What the last form led to, for the page that is read after it."""
    try:
        return str(json.loads(base64.urlsafe_b64decode(cookies.get(FLASH, ""))))
    except ValueError:
        return ""


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(text[:600]).encode()).decode()


def _read(form: type[Form], raw: Mapping[str, Any]) -> Form:
    try:
        return form.model_validate(raw)
    except ValidationError as error:
        raise WrongFields(
            {str(e["loc"][0]) if e["loc"] else "": _words(e) for e in error.errors()}
        ) from error


def _words(error: Any) -> str:
    match error["type"]:
        case "missing" | "string_too_short":
            return "this may not be empty"
        case "string_too_long":
            return f"at most {error['ctx']['max_length']} characters"
        case "extra_forbidden":
            return "this form has no such field"
        case "value_error":
            return str(error["ctx"]["error"])
    return str(error["msg"])


def _bounded(receive: Receive, most: int) -> Receive:
    got = 0

    async def bounded() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise _too_long(most)
        return message

    return bounded


def _too_long(most: int) -> Invalid:
    size = f"{most // (1024 * 1024)} MB" if most >= 1024 * 1024 else f"{most // 1024} KB"
    return Invalid(Problem("this is too long", expected=f"at most {size} in all"))
