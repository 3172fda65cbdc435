"""One way to answer: tables and sentences for people, --json for programs, progress only on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cutover.core.duration import show_duration

console = Console(highlight=False, soft_wrap=True)


def answer(value: Any, *, as_json: bool, text: Iterable[str] = ()) -> None:
    """Print `value` as JSON when asked to, otherwise the lines of `text`."""
    if as_json:
        print(json.dumps(value, default=plain, ensure_ascii=False, indent=2))
    else:
        for line in text:
            console.print(line, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for a person."""
    grid = Table(title=Text(title), title_justify="left")
    for column in columns:
        grid.add_column(Text(column))
    for row in rows:
        grid.add_row(*(Text("" if cell is None else str(plain(cell))) for cell in row))
    console.print(grid)


def plain(value: Any) -> Any:
    """Anything the domain returns, as JSON types."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return show_duration(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, set | frozenset | tuple) else str(value)
