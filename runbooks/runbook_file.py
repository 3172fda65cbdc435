"""Which file of a programme folder holds a runbook, and how the name of its way back gets into it."""

from __future__ import annotations

from pathlib import Path

from cutover.core.errors import Invalid
from cutover.store.documents import read_text
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook
from runbooks.formats.files import read_runbook, write_runbook


def file_of(programme: Path, runbook_id: str, zone: str) -> Path:
    """The file that holds the runbook of this id, or where a new one would stand."""
    folder = programme / "runbooks"
    named = folder / f"{runbook_id}.yaml"
    if named.exists():
        return named
    others = (file for file in sorted(folder.glob("*.y*ml")) if file.suffix in {".yaml", ".yml"})
    return next((file for file in others if _id(file, zone) == runbook_id), named)


def _id(file: Path, zone: str) -> str:
    try:
        return read_runbook(file, zone=zone).id
    except Invalid:
        return ""  # a faulty file is `cutover check`'s business


def link_backout(file: Path, book: Runbook, backout: str, zone: str) -> None:
    """Name the way back in the plan's file; its other lines, comments too, stay as they are where that is possible."""
    lines = [line for line in read_text(file).splitlines(keepends=True) if not line.startswith("backout:")]
    at = next((i for i, line in enumerate(lines) if line.startswith("title:")), 0)
    linked = book.model_copy(update={"backout": backout})
    text = "".join([*lines[:at], f"backout: {backout}\n", *lines[at:]])
    draft = file.with_name(f".{file.stem}.linked{file.suffix}")
    try:
        write_whole(draft, text.encode())
        reads_back = read_runbook(draft, zone=zone) == linked
    except Invalid:
        reads_back = False  # such as a file written as one JSON object
    finally:
        draft.unlink(missing_ok=True)
    if reads_back:
        write_whole(file, text.encode())
    else:
        write_runbook(file, linked)
