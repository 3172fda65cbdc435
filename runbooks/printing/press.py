"""How a pack becomes a PDF: typst, an archive and accessibility standard, the same bytes for the same pack.

What people wrote goes in as JSON and is never read as markup. A letter that the wheel's fonts lack is taken from
this machine's fonts; one that no font has is printed as its code point, and said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any

import typst

from cutover.core.errors import Unavailable
from runbooks.printing.contents import contents
from runbooks.printing.laid import Laid
from runbooks.printing.packs import Pack

STANDARDS: list[Any] = ["a-2a", "ua-1"]  # ISO 19005-2 level A (which contains 2b), ISO 14289-1
Press = Callable[[Any], tuple[bytes | None, set[str]]]
_LACKING = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


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
    compilers = [typst.Compiler(ignore_system_fonts=True), typst.Compiler(ignore_system_fonts=False)]
    return _pressed([partial(_compile, c, source, at=at) for c in compilers], _printable(page), name)


def typeset(laid: Laid, packs: Iterable[Pack], how: Print) -> Iterator[Sheet]:
    """Each pack as a PDF. Raises Unavailable when the typesetter itself fails, which no plan should make it do."""
    source = files("runbooks.printing").joinpath("pack.typ").read_bytes()
    compilers = [typst.Compiler(ignore_system_fonts=True), typst.Compiler(ignore_system_fonts=False)]
    for pack in packs:
        page = _printable(contents(laid, pack, how.key, how.at))
        yield _sheet([partial(_compile, c, source, at=how.at) for c in compilers], pack, page)


def _sheet(presses: Sequence[Press], pack: Pack, page: Any) -> Sheet:
    return Sheet(pack, *_pressed(presses, page, pack.file_name))


def _pressed(presses: Sequence[Press], page: Any, name: str) -> tuple[bytes, tuple[str, ...]]:
    """With the wheel's fonts, else with this machine's, else with the letters that no font has spelled out."""
    lacking: set[str] = set()
    for press in presses:
        pdf, lacking = press(page)
        if pdf is not None:
            return pdf, ()
    pdf, _ = presses[-1](_spelled(page, lacking))
    if pdf is None:
        raise Unavailable(f"{name} cannot be printed", permanent=True)
    codes = ", ".join(f"{letter} as U+{ord(letter):04X}" for letter in sorted(lacking))
    return pdf, (f"{name}: no font here has {codes}",)


def _compile(
    compiler: typst.Compiler, source: bytes, page: Any, *, at: datetime
) -> tuple[bytes | None, set[str]]:
    """The PDF, or every letter that the fonts lack."""
    text, when = json.dumps(page, ensure_ascii=False), int(at.timestamp())
    try:
        pdf = compiler.compile(
            source, format="pdf", sys_inputs={"pack": text}, pdf_standards=STANDARDS, timestamp=when
        )
    except typst.TypstError as error:
        found = {letter for run in _LACKING.findall(error.diagnostic) for letter in _unescaped(run)}
        if not found:
            raise Unavailable(f"typst cannot print this: {error.message}", permanent=True) from error
        return None, {letter for letter in found if ord(letter) > 0x7E}  # noqa: PLR2004  no font lacks ASCII
    assert isinstance(pdf, bytes)  # one document, not a list of pages
    return pdf, set()


def _unescaped(run: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), run)


def _printable(value: Any) -> Any:
    """The page without letters that have no shape."""
    return _mapped(value, lambda text: _UNPRINTABLE.sub("", text))


def _spelled(value: Any, lacking: set[str]) -> Any:
    table = {ord(letter): f"[U+{ord(letter):04X}]" for letter in lacking}
    return _mapped(value, lambda text: text.translate(table))


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(part, change) for name, part in value.items()}
    return [_mapped(part, change) for part in value] if isinstance(value, list | tuple) else value
