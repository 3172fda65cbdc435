"""A target that takes files from a folder: one a serial, whole or not there, and never put there a second time.

Theory: whoever takes the files away leaves nothing to ask. So each file is first written to `.sent` (what we mean to
hand over), linked into the folder (the handing over), and its copy in `.sent` renamed (handed over). After a crash a
copy that was not renamed and is linked nowhere else was never handed over, or was, and is taken already: nobody
can tell, so nothing is put there again and a person looks.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from contingency.plain_records import Body, as_held, in_words, within
from contingency.rooms import Held, Outgoing, Receipt, Senseless
from cutover.core.errors import Unavailable

SENT = ".sent"
MEANT, HANDED = ".json", ".handed"  # what a file in `.sent` ends with


class FileTarget:
    """A folder from which another system takes files; our copies in `.sent` stay."""

    def __init__(self, folder: Path, body: Body) -> None:
        self._folder = folder
        self._sent = folder / SENT
        self._body = body

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FileTarget]:
        try:
            self._sent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the folder {self._folder} cannot be used: {error.strerror}") from error
        yield self

    async def create(self, record: Outgoing, key: str) -> Receipt:
        """Hand the record's file over; one that was handed over with the same content is the answer to an earlier try."""
        said = {"key": key, **in_words(self._body, record)}
        content = json.dumps(said, sort_keys=True, ensure_ascii=False, indent=1, default=str)
        return await asyncio.to_thread(self._create, record.serial, content)

    async def by_serial(self, serial: str) -> Sequence[Held]:
        """What was handed over under a serial. Raises Senseless where nobody can tell whether it was."""
        return await asyncio.to_thread(self._by_serial, serial)

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        """All that was ever handed over, taken away or not, and what others have put into the folder."""
        return within(await asyncio.to_thread(lambda: list(self._all())), form_type, since, until)

    def _create(self, serial: str, content: str) -> Receipt:
        try:
            if self._was_handed(serial):
                return self._as_before(self._sent / f"{serial}{HANDED}", content)
            return self._hand_over(serial, content)
        except OSError as error:
            where = self._folder / f"{serial}.json"
            raise Unavailable(f"{where} cannot be written: {error.strerror or error}") from error

    def _hand_over(self, serial: str, content: str) -> Receipt:
        meant, there = self._sent / f"{serial}{MEANT}", self._folder / f"{serial}.json"
        partial = meant.with_name(f"{serial}.{os.getpid()}.partial")
        with partial.open("w", encoding="utf-8") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(
            meant
        )  # from here to the link nobody can tell: nothing slow may stand between the two
        try:
            os.link(meant, there)  # unlike a rename it never takes the place of a file that is there
        except FileExistsError:
            meant.unlink()
            return self._as_before(there, content)
        _settle(self._folder)
        meant.replace(meant.with_suffix(HANDED))
        _settle(self._sent)
        return Receipt(there.name)

    def _as_before(self, path: Path, content: str) -> Receipt:
        if path.read_text(encoding="utf-8") != content:
            return Receipt("", f"{path.stem}.json is there with other content")
        return Receipt(f"{path.stem}.json")

    def _was_handed(self, serial: str) -> bool:
        """Whether it was handed over: seen by its copy, or by the file itself where we died between the two."""
        meant = self._sent / f"{serial}{MEANT}"
        if meant.exists():
            if meant.stat().st_nlink == 1:
                raise Senseless(
                    f"{serial}.json was perhaps handed over and taken: look there, then remove {meant}"
                )
            meant.replace(meant.with_suffix(HANDED))
            _settle(self._sent)
        return meant.with_suffix(HANDED).exists()

    def _by_serial(self, serial: str) -> list[Held]:
        try:
            handed = self._was_handed(serial)
        except OSError as error:
            raise Unavailable(f"the folder {self._folder} cannot be read: {error.strerror}") from error
        by_others = self._folder / f"{serial}.json"
        path = self._sent / f"{serial}{HANDED}" if handed else by_others
        return [_read(path, serial)] if handed or by_others.exists() else []

    def _all(self) -> Iterator[Held]:
        ours = {path.stem: path for path in sorted(self._sent.glob(f"*{HANDED}"))}
        theirs = {path.stem: path for path in sorted(self._folder.glob("*.json"))}
        for serial, path in (theirs | ours).items():
            yield _read(path, serial)


def _read(path: Path, serial: str) -> Held:
    """Raises Unavailable for a file that is no record, naming it: who keeps it there makes matching blind."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError(f"it holds {type(said).__name__}, not an object")  # noqa: TRY004, TRY301  an input, not a slip
        return as_held(said, f"{serial}.json", serial)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path} cannot be read as a record: {error}", permanent=True) from error


def _settle(folder: Path) -> None:
    """A name in a folder outlives a power cut only when the folder itself is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
