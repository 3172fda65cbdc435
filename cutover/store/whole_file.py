"""Puts a file in place whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from cutover.core.errors import Invalid, Problem


def writable(folder: Path) -> Path:
    """The folder, made where there is none. Raises Invalid where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise Invalid(Problem(f"cannot be written into: {error.strerror}", file=str(folder))) from error


def require_place(file: Path) -> None:
    """Raises Invalid where no file of that name can be written."""
    if not file.parent.is_dir() or file.is_dir():
        raise Invalid(
            Problem("no file can be written there", str(file), expected="a file name in a folder that exists")
        )


def write_whole(path: Path, content: bytes) -> Path:
    """Write beside the place, then move in. Raises Invalid when that cannot be done, and leaves nothing behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise Invalid(Problem(f"cannot be written: {error.strerror}", file=str(path))) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
