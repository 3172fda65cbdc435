"""How a pack becomes a PDF, and any other document of this room: the plan's contents under its own template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from cutover.press import Press
from runbooks.printing.contents import contents
from runbooks.printing.laid import Laid
from runbooks.printing.packs import Pack


@dataclass(frozen=True, slots=True)
class Print:
    """When it is printed, and the key under which its codes are made."""

    at: datetime
    key: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One finished PDF; `notes` says what is not as it was written."""

    pack: Pack
    pdf: bytes
    notes: tuple[str, ...]


def printed(source: bytes, page: Any, at: datetime, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Any document of ours as PDF, and what is not as it was written. Raises Unavailable when it cannot be printed."""
    return Press(source).printed(page, at, name)


def typeset(laid: Laid, packs: Iterable[Pack], how: Print) -> Iterator[Sheet]:
    """Each pack as a PDF. Raises Unavailable when the typesetter itself fails, which no plan should make it do."""
    press = Press(files("runbooks.printing").joinpath("pack.typ").read_bytes())
    for pack in packs:
        yield Sheet(pack, *press.printed(contents(laid, pack, how.key, how.at), how.at, pack.file_name))
