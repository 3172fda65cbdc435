"""What a shell may offer where a command asks for a name: the programme's files and runs, as they lie there.

Only read, and never complained about: whatever cannot be read offers nothing. Nothing is opened that a command would
open, so that a key press is answered at once and leaves no trace.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext

Offer = Callable[["CompletionContext"], Mapping[str, str]]  # a name, and what it is called
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RUNS = (
    "SELECT stream FROM journal WHERE seq = 1 AND stream >= 'run:' AND stream < 'run;' ORDER BY position DESC"
)


def declared(files: str, part: str = "", having: str = "") -> Offer:
    """The ids in the programme's `files` (a pattern): of each file, or of the entries of one `part` that have something."""

    def offer(context: CompletionContext) -> dict[str, str]:
        found = {}
        for file in sorted(_folder(context).glob(files)):
            whole = _read(file)
            for one in whole.get(part) or [] if part else [whole]:
                if isinstance(one, Mapping) and "id" in one and (not having or having in one):
                    found[str(one["id"])] = str(one.get("title") or one.get("name") or "")
        return found

    return offer


def runs(context: CompletionContext) -> dict[str, str]:
    """The runs in the folder's own journal, the newest first; one that is kept elsewhere is not asked."""
    return dict.fromkeys(_runs(_folder(context) / "state" / "cutover.db"), "")


def _folder(context: CompletionContext) -> Path:
    given = context.get("programme")
    return Path((given.raw if given else "") or ".").expanduser()


def _read(file: Path) -> Mapping[str, Any]:
    try:
        whole = LOADER(file.read_text(encoding="utf-8")).get_single_data()
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return whole if isinstance(whole, Mapping) else {}


def _runs(file: Path) -> Iterator[str]:
    """A file that nobody has open is read as it lies: looking at it in any other way would write beside it."""
    still = not file.with_name(f"{file.name}-wal").exists()
    address = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0.2)) as journal:
            yield from (stream.removeprefix("run:") for (stream,) in journal.execute(RUNS))
    except sqlite3.Error:
        return


people = declared("programme.yaml", "people")
stations = declared("programme.yaml", "stations")
partners = declared("programme.yaml", "partners")
components = declared("programme.yaml", "components")
runbooks = declared("runbooks/*.y*ml")
tasks = declared("runbooks/*.y*ml", "tasks")
gates = declared("runbooks/*.y*ml", "tasks", "gate")
checks = declared("monitors/*.y*ml", "checks")
flows = declared("monitors/*.y*ml", "flows")
forms = declared("forms/*.y*ml")
plays = declared("contingency/*.y*ml", "plays")
contracts = declared("reconciliation/*.y*ml")
