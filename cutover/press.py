"""How a document of ours becomes a PDF: typst, an archive and accessibility standard, the same bytes for the same words.

What people wrote goes in as JSON and is never read as markup. A letter that the given fonts lack is taken from this
machine's fonts; one that no font has is printed as its code point, and said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from cutover.core.errors import Unavailable

STANDARDS: tuple[str, ...] = ("a-2a", "ua-1")  # ISO 19005-2 level A (which contains 2b), ISO 14289-1
_LACKING = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


class Press:
    """One template, set up once: the first print loads the fonts, the others only set type."""

    def __init__(
        self, source: bytes, *, fonts: Path | None = None, standards: Sequence[str] = STANDARDS
    ) -> None:
        self._source = source
        self._standards = list(standards)
        paths = [str(fonts)] if fonts else []
        self._compilers = [typst.Compiler(font_paths=paths, ignore_system_fonts=own) for own in (True, False)]

    def printed(self, page: Any, at: datetime, name: str) -> tuple[bytes, tuple[str, ...]]:
        """The PDF, and what is not as it was written. Raises Unavailable when it cannot be printed."""
        page = _mapped(page, lambda text: _UNPRINTABLE.sub("", text))
        lacking: set[str] = set()
        for compiler in self._compilers:
            pdf, lacking = self._compile(compiler, page, at)
            if pdf is not None:
                return pdf, ()
        pdf, _ = self._compile(self._compilers[-1], _spelled(page, lacking), at)
        if pdf is None:
            raise Unavailable(f"{name} cannot be printed", permanent=True)
        codes = ", ".join(f"{letter} as U+{ord(letter):04X}" for letter in sorted(lacking))
        return pdf, (f"{name}: no font here has {codes}",)

    def _compile(self, compiler: typst.Compiler, page: Any, at: datetime) -> tuple[bytes | None, set[str]]:
        """The PDF, or every letter that the fonts lack."""
        text, when = json.dumps(page, ensure_ascii=False), int(at.timestamp())
        standards: list[Any] = self._standards
        try:
            pdf = compiler.compile(
                self._source, format="pdf", sys_inputs={"pack": text}, pdf_standards=standards, timestamp=when
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


def _spelled(value: Any, lacking: set[str]) -> Any:
    table = {ord(letter): f"[U+{ord(letter):04X}]" for letter in lacking}
    return _mapped(value, lambda text: text.translate(table))


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(part, change) for name, part in value.items()}
    return [_mapped(part, change) for part in value] if isinstance(value, list | tuple) else value
