"""One thing that a program may ask or tell: its address, who may, what it takes and answers. From this it is served and described."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from cutover.core.errors import CutoverError, Invalid, Problem
from cutover.web.api.problems import STATUS

LARGEST = 20_000  # bytes
JSON, TEXT = "application/json", "text/plain"
NAME = "^[A-Za-z0-9][A-Za-z0-9._:-]*$"  # of what stands in an address
LONGEST_NAME = 120
Model = TypeVar("Model", bound=BaseModel)


class NoQuery(BaseModel):
    """Asked as it is, without parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, admitted and read."""

    request: Request
    path: Mapping[str, str]
    query: Any
    raw: bytes = b""

    def body(self, model: type[Model], expected: str = "") -> Model:
        """The body as it should be. Raises Invalid naming each field that is not, and what was `expected` of the whole."""
        try:
            return model.model_validate_json(self.raw)
        except ValidationError as error:
            found = faults(error, "body")
            raise Invalid(
                *found[:-1],
                replace(found[-1], expected=" in ".join(filter(None, (found[-1].expected, expected)))),
            ) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered where it is not simply what was asked for: another status, a cookie."""

    body: BaseModel | Mapping[str, Any]
    status: int = 0  # 0: the operation's own
    finish: Callable[[Response], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Operation:
    """`do` runs in a worker thread and may raise any CutoverError; `does` finishes the sentence "a program may …".

    `scope` is what its token must be made for, the address's own names in braces; '' with no `admit`: anybody may.
    `admit` looks itself at who asks. `takes` describes a body; None: there is none. `once`: an Idempotency-Key counts.
    """

    method: str
    path: str
    does: str
    do: Callable[[Call], BaseModel | Answer]
    answers: type[BaseModel]
    scope: str = ""
    admit: Callable[[Request], object] | None = None
    takes: type[BaseModel] | str | None = None
    query: type[BaseModel] = NoQuery
    status: int = 200
    once: bool = False
    guarded: bool = False  # If-Match counts
    most_bytes: int = LARGEST
    statuses: Mapping[type[CutoverError], int] = field(default_factory=lambda: STATUS)

    @property
    def id(self) -> str:
        """A name for generated clients: `get_runs_run_tasks`."""
        return "_".join(
            re.findall(r"[a-z0-9]+", f"{self.method} {self.path.removeprefix('/api/v1')}".casefold())
        )

    @property
    def names(self) -> list[str]:
        """What stands for something in the address."""
        return re.findall(r"{(\w+)}", self.path)


def check_names(operation: Operation, request: Request) -> None:
    """Raises Invalid for what can be the name of nothing here: control characters, or longer than any."""
    for name in operation.names:
        if not re.fullmatch(NAME, said := request.path_params[name]) or len(said) > LONGEST_NAME:
            raise Invalid(
                Problem(
                    "this can be the name of nothing", field=name, expected=f"{NAME}, at most {LONGEST_NAME}"
                )
            )


def read_query(operation: Operation, request: Request) -> Any:
    """The parameters as they should be. Raises Invalid naming each that is not."""
    try:
        return operation.query.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise Invalid(*faults(error, "query")) from error


def faults(error: ValidationError, where: str) -> list[Problem]:
    """What pydantic found, a problem each, with the field as a program spells it."""
    return [_fault(e, ".".join(map(str, e["loc"])) or where) for e in error.errors(include_url=False)]


def _fault(error: Any, where: str) -> Problem:
    if error["type"] in {"enum", "literal_error"}:
        return Problem(f"'{error['input']}' is none of them", field=where, expected=error["ctx"]["expected"])
    return Problem(error["msg"], field=where)
