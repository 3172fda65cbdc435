"""A station's spreadsheet taken in: each row by the rules of its page, all rows or the good ones, never half a row.

Every row is first tried against the register as it would stand by then, so that each that cannot be taken comes back
with its reason, all at once. What is taken is one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cutover.core.clock import read_moment
from cutover.core.errors import Conflict, CutoverError, Invalid, Problem, Refused
from cutover.core.event import Fact
from cutover.store.desk import Ask
from paper_capture.station import MoveKind, StationDesk, StationMove, stands
from paper_capture.station_sheets import Row, read_rows, write_rows

NAMES: Mapping[str, str] = {
    "serial": "serial", "number": "serial", "serialnumber": "serial", "formnumber": "serial",
    "move": "move", "whathappened": "move", "status": "move", "writer": "writer", "writtenby": "writer", "officer": "writer",
    "occurred": "occurred_at", "happened": "occurred_at", "occurredat": "occurred_at", "written": "written_at", "writtenat": "written_at",
    "grade": "grade", "risk": "grade", "reason": "reason", "why": "reason", "receiver": "receiver", "handedto": "receiver",
    "giver": "giver", "place": "place", "seal": "seal", "by": "by", "loggedby": "by",
}  # fmt: skip
MOVES: Mapping[str, MoveKind] = {
    **{kind.value: kind for kind in MoveKind},
    "handed over": MoveKind.HANDED_OVER, "void": MoveKind.SPOILED, "blank": MoveKind.UNUSED, "": MoveKind.USED,
}  # fmt: skip
TRIES = 3
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})[ T]+(\d{1,2}):(\d{2})(?::\d{2})?")
EXPECTED = "columns serial, writer, occurred, written; and move, risk, reason, receiver, place, seal, by where needed"


@dataclass(frozen=True, slots=True)
class Turned:
    """A row that was not taken, as it stood, and why."""

    number: int
    serial: str
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a file: rows taken, rows that stood in the journal before, rows that were turned away."""

    header: tuple[str, ...]
    rows: int
    taken: int
    again: int
    turned: tuple[Turned, ...]

    def rejects(self) -> bytes:
        """The rows turned away as CSV, each with its reason; safe in any spreadsheet program."""
        head = ("row", "reason", *self.header)
        return write_rows([head, *((str(t.number), t.reason, *t.cells) for t in self.turned)])


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a try of all rows found."""

    asks: list[Ask]
    again: int
    turned: list[Turned]


def import_file(
    desk: StationDesk, station: str, name: str, content: bytes, *, by: str, zone: str, good_rows: bool = False
) -> Import:
    """Take a file in. Without `good_rows` one bad row turns the whole file away. Raises Invalid for what is no such file."""
    header, *rows = read_rows(name, content)
    clerk = _Clerk(desk, station, _columns(name, header), by, zone)
    for left in reversed(range(TRIES)):
        tried = clerk.go_through(rows)
        asks = tried.asks if good_rows or not tried.turned else []
        try:
            desk.paper.desk.ask_all(asks) if asks else None
        except (Conflict, Refused):
            if left == 0:
                raise
            continue  # somebody was quicker with one of the sheets: look again
        break
    return Import(header.cells, len(rows), len(asks), tried.again, tuple(tried.turned))


@dataclass(frozen=True)
class _Clerk:
    """Goes through the rows of one file for one station."""

    desk: StationDesk
    station: str
    columns: Mapping[int, str]
    by: str
    zone: str

    def go_through(self, rows: Sequence[Row]) -> _Tried:
        asks: list[Ask] = []
        turned: list[Turned] = []
        states: dict[tuple[str, str], Any] = {}
        seen: dict[tuple[str, MoveKind], int] = {}
        for row in rows:
            given = {n: row.cells[i] for i, n in self.columns.items() if i < len(row.cells) and row.cells[i]}
            try:
                ask = self._ask(self._move(given), row.number, seen)
                if ask is not None:
                    self._rehearse(ask, states)
                    asks.append(ask)
            except CutoverError as error:
                said = "; ".join(str(error).splitlines())
                turned.append(Turned(row.number, given.get("serial", ""), said, row.cells))
        return _Tried(asks, len(rows) - len(asks) - len(turned), turned)

    def _ask(self, move: StationMove, row: int, seen: dict[tuple[str, MoveKind], int]) -> Ask | None:
        """What a row asks for; None when the journal has it already, word for word."""
        sheet = self.desk.own(self.station, move.serial)
        if move.move is not MoveKind.HANDED_OVER and seen.setdefault((sheet.serial, move.move), row) != row:
            first = seen[sheet.serial, move.move]
            raise Refused(f"{sheet.serial}: {move.move} is given twice, first in row {first}")
        if stands(sheet, move):
            self.desk.again(sheet, move)
            return None
        return self.desk.asking(sheet, move)

    def _rehearse(self, ask: Ask, states: dict[tuple[str, str], Any]) -> None:
        """Decide it on what would stand by then, without writing. Raises Refused."""
        desk = self.desk.paper.desk
        state = states[ask.known] if ask.known in states else desk.state(ask.machine, ask.stream)
        at = ask.at or desk.clock.now()
        events = ask.machine.decide(state, ask.command, at)
        states[ask.known] = ask.machine.fold([Fact(event, at, ask.command.by) for event in events], state)

    def _move(self, given: Mapping[str, str]) -> StationMove:
        now = self.desk.paper.desk.clock.now()
        kind = MOVES.get(given.get("move", "").casefold().strip())
        if kind is None:
            raise Invalid(Problem(f"'{given['move']}' is no move", expected=", ".join(MoveKind)))
        times = {n: _moment(given[n], self.zone) for n in ("occurred_at", "written_at") if n in given}
        said: dict[str, Any] = {n: v for n, v in given.items() if n not in ("move", "grade")} | times
        if "grade" in given:
            said["grade"] = given["grade"].casefold()
        whose = "-".join(given.get(n, "") for n in ("giver", "receiver", "occurred_at"))
        fixed = {"key": f"file-{whose}"[:80], "move": kind, "saved_at": now, "sent_at": now}
        try:
            return StationMove.model_validate({"serial": "", "by": self.by, **said, **fixed})
        except ValidationError as error:
            raise Invalid(*(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())) from error


def _columns(name: str, header: Row) -> dict[int, str]:
    found = {i: NAMES.get(re.sub(r"[^a-z]", "", cell.casefold()), "") for i, cell in enumerate(header.cells)}
    known = {i: field for i, field in found.items() if field}
    fields = list(known.values())
    if twice := next((f for f in fields if fields.count(f) > 1), None):
        raise Invalid(Problem(f"two columns say '{twice}'", name[:120], header.number, expected=EXPECTED))
    if "serial" not in fields:
        raise Invalid(
            Problem("no column holds the sheets' numbers", name[:120], header.number, expected=EXPECTED)
        )
    return known


def _moment(text: str, zone: str) -> datetime:
    """A wall time of the programme's zone, year first or day first (24/10/2026 23:15), or one with its offset."""
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year, hour, minute = map(int, found.groups())
        text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"
    return read_moment(text, zone)
