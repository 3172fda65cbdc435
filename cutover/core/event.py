"""The envelope every fact travels in, and the catalogue that knows every kind of fact.

An event says what happened, in the past tense; who and when stand on the envelope, so no event repeats them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from cutover.core.errors import NotFound


class Event(BaseModel):
    """A fact about one stream. `version` rises when the body changes shape; `upcast` reads the old shapes."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    version: ClassVar[int] = 1

    @classmethod
    def kind(cls) -> str:
        return cls.__name__

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """Turn a body of an older `version` into today's shape."""
        del version
        return body

    @classmethod
    def from_body(cls, body: dict[str, Any], version: int) -> Self:
        return cls.model_validate(body if version == cls.version else cls.upcast(body, version))

    @classmethod
    def from_text(cls, text: str, version: int) -> Self:
        """The same from JSON; a body of today's shape is parsed and validated in one go."""
        if version == cls.version:
            return cls.__pydantic_validator__.validate_json(text)  # type: ignore[no-any-return]  # as `model_validate_json`, at two thirds of its cost
        return cls.from_body(json.loads(text), version)


class Command(BaseModel):
    """A wish of a named person or part (`by`), which a machine grants as events or refuses with reasons."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    by: str


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with its moment and its actor: what `evolve` folds."""

    event: Event
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Recorded(Fact):
    """A fact as the journal keeps it. `at` is when it happened, `recorded_at` when we learnt of it."""

    position: int
    stream: str
    seq: int
    recorded_at: datetime
    cause: str | None
    idempotency_key: str | None
    hash: str


class Catalogue:
    """Every event kind by name; built once by the composition root from each feature's EVENTS."""

    def __init__(self, *families: Iterable[type[Event]]) -> None:
        self.kinds: Mapping[str, type[Event]] = {e.kind(): e for family in families for e in family}

    def read(self, kind: str, version: int, body: str) -> Event:
        """The event that the JSON `body` holds. Raises NotFound for a kind that no feature declares."""
        if kind not in self.kinds:
            raise NotFound("event kind", kind, self.kinds)
        return self.kinds[kind].from_text(body, version)
