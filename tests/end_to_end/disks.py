"""A disk on which nothing has room any more."""

from pathlib import Path


def fill(filler: Path) -> Path:
    """To the last page; the file that takes the room."""
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler
