"""Where a secret comes from, and how it stays out of everything that is kept or shown.

A plan names a secret and never holds it: `{{ secret('name') }}`. One masker knows every secret that was looked
up, also as it looks in a URL, in JSON, in HTML and in base64, and everything an action brings back passes it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from cutover.core.errors import Invalid, Problem

PREFIX = "CUTOVER_SECRET_"
MASK = "•••"
SHORTEST = 4  # characters; a shorter one would blot out half of every text
LARGEST = 65_536  # bytes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")


@dataclass
class Secrets:
    """Secrets by name: `CUTOVER_SECRET_NAME`, the file that `CUTOVER_SECRET_NAME_FILE` names, or a file of a folder."""

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    _known: set[str] = field(default_factory=set, repr=False)
    _pattern: re.Pattern[str] = field(default=re.compile(r"(?!)"), repr=False)
    _longest: int = 0

    def __call__(self, name: str) -> str:
        """The secret itself, from now on masked. Raises Invalid saying where it was looked for."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Invalid(Problem(f"'{name}' cannot name a secret", expected="letters, digits, - _ ."))
        value = self._looked_up(name)
        if len(value) < SHORTEST:
            raise Invalid(
                Problem(f"the secret '{name}' is shorter than {SHORTEST} characters: it could not be masked")
            )
        self.remember(value)
        return value

    def remember(self, value: str) -> None:
        """Mask this too: a password that stands inside a secret URL, say."""
        fresh = {one for one in _looks(value) if len(one) >= SHORTEST} - self._known
        if fresh:
            self._known |= fresh
            longest_first = sorted(self._known, key=len, reverse=True)
            self._longest = len(longest_first[0])
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    @property
    def longest(self) -> int:
        """How many characters the longest thing to mask has: nobody may cut a text closer than that."""
        return self._longest

    def mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text)

    def masked(self, value: Any) -> Any:
        """A tree of plain values with every text in it masked, names included."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {self.mask(str(name)): self.masked(one) for name, one in value.items()}
        return [self.masked(one) for one in value] if isinstance(value, list | tuple) else value

    def _looked_up(self, name: str) -> str:
        variable = PREFIX + re.sub(r"[.\-]", "_", name).upper()
        if variable in self.environ:
            return self.environ[variable]
        if path := self.environ.get(f"{variable}_FILE"):
            return _read(Path(path), f"{variable}_FILE")
        if self.folder is not None and (self.folder / name).is_file():
            return _read(self.folder / name, str(self.folder / name))
        where = f"{variable} or {variable}_FILE" + (f", or a file in {self.folder}" if self.folder else "")
        raise Invalid(Problem(f"there is no secret '{name}'", expected=where))


def _read(path: Path, place: str) -> str:
    try:
        raw = path.read_bytes()[: LARGEST + 1]
        text = raw.decode("utf-8")
    except OSError as error:
        raise Invalid(Problem(f"cannot read the secret: {error.strerror}", field=place)) from None
    except UnicodeDecodeError:
        raise Invalid(Problem("the secret is not text in UTF-8", field=place)) from None
    if len(raw) > LARGEST:
        raise Invalid(Problem(f"the secret is larger than {LARGEST} bytes", field=place))
    return text.rstrip("\r\n")


def _looks(value: str) -> Iterator[str]:
    """How a secret may look where it leaks: itself, each line of a longer one, and its usual spellings."""
    for text in {value, value.strip(), *(line.strip() for line in value.splitlines() if len(line) >= 8)}:  # noqa: PLR2004
        raw = text.encode()
        yield from (text, quote(text, safe=""), quote(text), quote_plus(text), html.escape(text))
        yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
        yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
