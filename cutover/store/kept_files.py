"""Files kept by what they hold: a file's name is its SHA-256, so it cannot be exchanged without being noticed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutover.core.errors import NotFound, Unavailable

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """A folder of such files; the same content twice is one file."""

    folder: Path

    def keep(self, content: bytes) -> str:
        """Write it whole, on the disk, or not at all; returns its SHA-256. Raises Unavailable."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self.folder / sha256
        partial = self.folder / f".{sha256}.{secrets.token_hex(4)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if place.exists():
                return sha256
            with partial.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(place)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise Unavailable(f"{place}: {error.strerror}") from error
        return sha256

    def has(self, sha256: str) -> bool:
        return bool(_HASH.fullmatch(sha256)) and (self.folder / sha256).is_file()

    def forget(self, sha256: str) -> None:
        """Take it away for good; one that is not there is gone already. Raises Unavailable."""
        if self.has(sha256):
            try:
                (self.folder / sha256).unlink(missing_ok=True)
            except OSError as error:
                raise Unavailable(f"{self.folder / sha256}: {error.strerror}") from error

    def read(self, sha256: str) -> bytes:
        """Raises NotFound for none, Unavailable for one that no longer holds what it held."""
        if not self.has(sha256):
            raise NotFound("file", sha256[:80])
        content = (self.folder / sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unavailable(
                f"{self.folder / sha256} was changed since it was kept: not shown", permanent=True
            )
        return content
