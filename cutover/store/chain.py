"""One SHA-256 chain over canonical JSON of every row of the journal: made here, and checked here without a server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover.core.errors import Invalid, Problem
from cutover.store.metadata import journal_table

GENESIS = "0" * 64
_COLUMNS = tuple(column.name for column in journal_table.columns if column.name != "hash")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the chain at a moment: print it, mail it, sign it. It is what finds a cut tail."""

    position: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read '<position>:<hash>'. Raises Invalid."""
        position, _, digest = text.strip().partition(":")
        if not position.isdigit() or len(digest) != len(GENESIS):
            raise Invalid(Problem(f"'{text}' is not a checkpoint", expected="<position>:<64 hex digits>"))
        return cls(int(position), digest)

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: how many rows hold, and the first thing that does not."""

    rows: int
    head: Checkpoint
    fault: str = ""

    @property
    def holds(self) -> bool:
        return not self.fault


_SPELL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode  # made once: `json.dumps` makes one a call


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, UTF-8 text, no NaN."""
    return _SPELL(value)


def digest(row: dict[str, Any]) -> str:
    """The chain hash of a row: SHA-256 over canonical JSON of every column but the hash, prev_hash included."""
    return hashlib.sha256(canonical({name: row[name] for name in _COLUMNS}).encode()).hexdigest()


def verify_rows(rows: Iterable[dict[str, Any]], checkpoint: Checkpoint | None = None) -> Verification:
    """Check positions, links and hashes of exported or stored rows; needs no server and no catalogue."""
    anchor = checkpoint or Checkpoint(0, GENESIS)
    head = Checkpoint(0, GENESIS)
    for row in rows:
        if fault := _break(row, head, anchor):
            return Verification(head.position, head, fault)
        head = Checkpoint(row["position"], row["hash"])
    if head.position < anchor.position:
        fault = (
            f"the journal ends at {head.position}, before the checkpoint {anchor.position}: its tail was cut"
        )
        return Verification(head.position, head, fault)
    return Verification(head.position, head)


def _break(row: dict[str, Any], head: Checkpoint, anchor: Checkpoint) -> str:
    """Why `row` cannot stand directly after `head`, or ''."""
    if strange := set(row) ^ {*_COLUMNS, "hash"}:
        return f"after position {head.position} stands no journal row ({', '.join(sorted(strange))} missing or unknown)"
    if row["position"] != head.position + 1:
        return f"position {head.position + 1} is missing (found {row['position']})"
    if row["prev_hash"] != head.hash or digest(row) != row["hash"]:
        return f"position {row['position']} was changed or moved"
    if row["position"] == anchor.position and row["hash"] != anchor.hash:
        return f"position {row['position']} does not match the checkpoint: rewritten"
    return ""


def read_export(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an exported file. Raises Invalid for no such file, or naming the line that is not JSON."""
    if not path.is_file():
        raise Invalid(Problem("no such file", str(path)))
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise Invalid(
                    Problem("not a journal row", str(path), number, expected="one JSON object a line")
                )
            yield row
