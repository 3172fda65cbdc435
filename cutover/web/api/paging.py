"""A long list in pages: the next one is asked for by the cursor of the last, so nothing is missed or seen twice.

A cursor says after which key to go on. It stays good while items come and go; nobody has to understand it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

MOST = 500
_LONGEST = 1_000  # characters of a cursor
T = TypeVar("T", bound=BaseModel)
S = TypeVar("S")


class Paging(BaseModel):
    """How much of a list, and from where on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    limit: Annotated[int, Field(ge=1, le=MOST, description="items of one page")] = 100
    cursor: Annotated[
        str, Field(max_length=_LONGEST, description="`next` of the page before; left out for the first")
    ] = ""

    @field_validator("cursor")
    @classmethod
    def _is_ours(cls, text: str) -> str:
        """Looked at before anything is looked for: a list that is empty refuses it too."""
        if text:
            _read(text)
        return text

    @property
    def after(self) -> str:
        """The key of the last item seen, '' at the beginning."""
        return _read(self.cursor) if self.cursor else ""


class Listed(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="the cursor of the next page; null at the end")


def page(found: Sequence[S], paging: Paging, key: Callable[[S], str], make: Callable[[S], T]) -> Listed[T]:
    """The page of what was `found` after the cursor, in order of key, one more than fits where there is one."""
    shown = found[: paging.limit]
    more = cursor(key(shown[-1])) if len(found) > paging.limit else None
    return Listed(items=[make(one) for one in shown], next=more)


def later(all_: Iterable[S], paging: Paging, key: Callable[[S], str]) -> list[S]:
    """Of everything, what comes after the cursor, in order of key; for lists that are short enough to sort."""
    return sorted((one for one in all_ if not paging.cursor or key(one) > paging.after), key=key)


def cursor(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(text: str) -> str:
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        key = None
    if not isinstance(key, str) or cursor(key) != text:
        raise ValueError("this cursor is none of ours; expected `next` of a page, whole")
    return key
