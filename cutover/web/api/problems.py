"""A refusal as a problem document (RFC 9457): which status, and what a program and a person read of it.

`error` is the error's slug, `reasons` are for people, a line each. `type` names the slug too and leads nowhere: there
is no address that every installation can reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable

MEDIA = "application/problem+json"
PREFIX = "/api/"
LATER = "5"  # seconds after which who was turned away may ask again


class NotKnown(Refused):
    """Nobody whom we know, or not for this: 401."""


class NotAllowed(Refused):
    """Somebody whom we know, and who may not: 403."""


class TooLarge(Invalid):
    """More than anybody has to say: 413."""


class Stale(Conflict):
    """What was asked for has changed since it was read: 412."""


class OtherBody(Conflict):
    """An idempotency key that was used for something else: 422."""


STATUS: Mapping[type[CutoverError], int] = {
    NotKnown: 401,
    NotAllowed: 403,
    TooLarge: 413,
    Stale: 412,
    OtherBody: 422,
    Invalid: 400,
    NotFound: 404,
    Refused: 409,
    Conflict: 409,
    Unavailable: 503,
}  # the first that fits


class Fault(BaseModel):
    """One thing that is wrong with what was sent, and where."""

    message: str
    field: str = ""
    expected: str = ""
    nearest: str = ""


class ProblemDocument(BaseModel):
    """Why something was not done (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem")
    type: str = Field(description="`urn:cutover:error:<slug>`, or `about:blank` where the status says it all")
    title: str
    status: int
    detail: str
    error: str = Field(description="the slug of the error; docs/reference/errors.md has them all")
    reasons: list[str] = Field(default=[], description="for people, a line each")
    faults: list[Fault] = Field(default=[], description="what is wrong with what was sent")


def is_for_programs(request: Request) -> bool:
    """Whether an answer to this request is read by a program."""
    return request.url.path.startswith(PREFIX)


def problem(error: CutoverError, statuses: Mapping[type[CutoverError], int] = STATUS) -> Response:
    """The answer to what was refused; `there` of an error is what stands instead."""
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 400)
    said = ProblemDocument(
        type=f"urn:cutover:error:{error.slug}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=str(error),
        error=error.slug,
        reasons=str(error).splitlines(),
        faults=_faults(error),
    )
    there = getattr(error, "there", None)
    return _document(said, {} if there is None else {"there": there})


def plain_problem(
    status: int, detail: str, slug: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """The answer where no error of ours is behind it: no such address, no such method, a defect."""
    title = HTTPStatus(status).phrase
    said = ProblemDocument(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        error=slug or title.casefold().replace(" ", "-"),
        reasons=[detail],
    )
    response = _document(said, {})
    response.headers.update(headers or {})
    return response


def problem_of(error: Exception) -> Response:
    """Any error that a request under `/api` ended with."""
    if isinstance(error, CutoverError):
        return problem(error)
    if isinstance(error, HTTPException):
        return plain_problem(error.status_code, error.detail, headers=error.headers)
    return plain_problem(
        500, "a defect in the software; it is in the server's log, nothing was changed", "defect"
    )


def _document(said: ProblemDocument, more: Mapping[str, Any]) -> Response:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": LATER}}.get(said.status, {})
    content = {**said.model_dump(), **more}
    return JSONResponse(content, said.status, headers=headers, media_type=MEDIA)


def _faults(error: CutoverError) -> list[Fault]:
    if not isinstance(error, Invalid):
        return []
    return [
        Fault(message=p.message, field=p.field, expected=p.expected, nearest=p.nearest)
        for p in error.problems
    ]
