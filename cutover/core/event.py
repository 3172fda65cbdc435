"""The envelope every fact travels in, and the catalogue that knows every kind of fact.

An event says what happened, in the past tense; who and when stand on the envelope, so no event repeats them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from cutover.core.errors import NotFound


class Event(BaseModel):
    """A fact about one stream. `version` rises when the body changes shape; `upcast` reads the old shapes.

    `personal` names the fields that say something of a person outside: pages for all do not show them, and the
    journal keeps them beside its chain, so that they can be taken away (cutover.store.sealing). `typed` names what
    people typed freely: kept beside the chain too, but shown to all, until somebody has it taken away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    version: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()
    typed: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def kind(cls) -> str:
        return cls.__name__

    @classmethod
    def withheld(cls, name: str) -> Any:
        """What stands in JSON for a personal value that was taken away: none, or nothing of its kind."""
        wanted: TypeAdapter[Any] = TypeAdapter(cls.model_fields[name].annotation or Any)
        nothing: tuple[Any, ...] = (None, {}, [], "redacted")
        return next(empty for empty in nothing if _takes(wanted, empty))

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


def _takes(wanted: TypeAdapter[Any], value: Any) -> bool:
    try:
        wanted.validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


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
    """Every event kind by name; built once by the composition root from each feature's EVENTS.

    `late` names modules that hold EVENTS and are loaded when a kind is read that nobody knows yet: those that are
    loaded anyhow first, so that a process which works in one room does not load the others.
    """

    def __init__(self, *families: Iterable[type[Event]], late: Sequence[str] = ()) -> None:
        self._known: dict[str, type[Event]] = {e.kind(): e for family in families for e in family}
        self._late = tuple(late)

    @property
    def kinds(self) -> Mapping[str, type[Event]]:
        """All of them: every module is loaded."""
        for _ in self._loading():
            pass
        return self._known

    def read(self, kind: str, version: int, body: str) -> Event:
        """The event that the JSON `body` holds. Raises NotFound for a kind that no feature declares."""
        return self.kind(kind).from_text(body, version)

    def kind(self, name: str) -> type[Event]:
        """The class of that name. Raises NotFound."""
        return self._known.get(name) or self._sought(name)

    def _sought(self, kind: str) -> type[Event]:
        for loaded in self._loading():
            if kind in loaded:
                return loaded[kind]
        raise NotFound("event kind", kind, self._known)

    def _loading(self) -> Iterator[Mapping[str, type[Event]]]:
        for module in sorted(self._late, key=lambda name: name not in sys.modules):
            self._known |= {event.kind(): event for event in import_module(module).EVENTS}
            yield self._known
