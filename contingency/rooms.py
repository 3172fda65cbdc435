"""What contingency asks of other rooms, in its own words: health, paper, and the system that takes records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from cutover.core.errors import Unavailable
from cutover.store.desk import Ask
from paper_capture.service import Disposal


class FigureSeen(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float: ...


class CheckSeen(Protocol):
    """How one check stands: what it says, what it measured when, its believed status and since when it is believed."""

    @property
    def check_id(self) -> str: ...
    @property
    def hard(self) -> str | None: ...
    @property
    def hard_since(self) -> datetime | None: ...
    @property
    def status(self) -> str: ...
    @property
    def last_result_at(self) -> datetime | None: ...
    @property
    def latency(self) -> float | None: ...
    @property
    def figures(self) -> Sequence[FigureSeen]: ...


class Monitors(Protocol):
    def all(self, now: datetime | None = None) -> Sequence[CheckSeen]: ...


class WhoIsNamed(Protocol):
    @property
    def surname(self) -> str: ...
    @property
    def forename(self) -> str: ...
    @property
    def dob(self) -> date | None: ...


class SheetSeen(Protocol):
    """One sheet of the register: where it is, how grave, about whom, and what it says."""

    @property
    def serial(self) -> str: ...
    @property
    def station(self) -> str: ...
    @property
    def form_type(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def grade(self) -> str | None: ...
    @property
    def occurred_at(self) -> datetime | None: ...
    @property
    def written_at(self) -> datetime | None: ...
    @property
    def person(self) -> WhoIsNamed | None: ...
    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def minutes(self) -> float: ...


class Stationery(Protocol):
    """Controlled paper: what is handed out, what is ready to be converted, what became of it."""

    def issue(
        self, *, station: str, form_type: str, count: int, by: str, key: str | None = None
    ) -> list[str]: ...
    def sheets(
        self, stages: Sequence[str] | None = None, form_type: str | None = None
    ) -> Sequence[SheetSeen]: ...
    def sheet(self, serial: str) -> SheetSeen: ...
    def disposing(self, disposals: Sequence[Disposal]) -> Sequence[Ask]: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way into the target; for one serial always the same, however often it is sent."""

    serial: str
    form_type: str
    occurred_at: datetime
    entered_by: str
    person: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the target holds it; `serial` is None when it did not come from paper."""

    reference: str
    serial: str | None
    form_type: str
    occurred_at: datetime
    person: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The target's answer: its reference, or why it will not take the record; after how many attempts."""

    reference: str
    refusal: str = ""
    attempts: int = 1


class Senseless(Unavailable):
    """The target's answer about one record is none, and it does not hold the record: asking again will not help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Unwilling(Unavailable):
    """The target does answer about one record, and what it says again and again is: not now."""


class Conversation(Protocol):
    """An open line to the target. Every call raises Unavailable when no answer can be had.

    `create` asks the target for the serial before it sends a record again whose answer was lost, and raises
    Senseless when the answer about this record is none.
    """

    async def create(self, record: Outgoing, key: str) -> Receipt: ...
    async def by_serial(self, serial: str) -> Sequence[Held]: ...
    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]: ...


class Target(Protocol):
    """The system that takes the records."""

    def open(self) -> AbstractAsyncContextManager[Conversation]: ...
