"""One way to answer: tables and sentences for people, --json for programs, progress only on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typing_extensions import TypedDict

from cutover.core.duration import show_duration

if TYPE_CHECKING:
    from cutover.core.event import Recorded

console = Console(highlight=False, soft_wrap=True)


class Fact(TypedDict):
    """A fact that followed from a command; `body` is as `docs/reference/events.md` says of its kind."""

    position: int
    stream: str
    at: datetime
    by: str
    kind: str
    body: Mapping[str, Any]


def facts(recorded: Iterable[Recorded]) -> list[Fact]:
    """What every command that moves something answers a program: the facts that followed, in their order."""
    return [
        Fact(
            position=one.position, stream=one.stream, at=one.at, by=one.actor, kind=one.event.kind(),
            body=one.event.model_dump(mode="json"),
        )
        for one in recorded
    ]  # fmt: skip


def answer(value: Any, *, as_json: bool, text: Iterable[str] = ()) -> None:
    """Print `value` as JSON when asked to, otherwise the lines of `text`."""
    if as_json:
        print(json_text(value))
    else:
        for line in text:
            console.print(line, markup=False)


def json_text(value: Any) -> str:
    """JSON as every command writes it: moments in UTC, lengths of time as ISO 8601 (PT1H30M), no number that is none."""
    return to_json(value, indent=2, by_alias=False, inf_nan_mode="null", fallback=_odd).decode()


def _odd(value: Any) -> Any:
    """What pydantic does not know: mappings and sequences of our own, else what it says of itself."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Sequence) else str(value)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for a person."""
    grid = Table(title=Text(title), title_justify="left")
    for column in columns:
        grid.add_column(Text(column))
    for row in rows:
        grid.add_row(*(Text(_cell(cell)) for cell in row))
    console.print(grid)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else show_duration(value) if isinstance(value, timedelta) else str(value)
