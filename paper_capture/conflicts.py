"""The door to moves that were told twice: what stations told otherwise is kept, and a supervisor decides which holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cutover.core.errors import NotFound
from cutover.core.event import Recorded
from cutover.store.desk import Ask
from paper_capture.conflict_tables import conflict_rows
from paper_capture.domain.aside import CorrectSheet, SheetCorrected
from paper_capture.domain.conflicts import (
    CONFLICT,
    STANDS,
    ChooseTelling,
    Conflict,
    ConflictStage,
    Telling,
    TellTwice,
    conflict_stream,
)
from paper_capture.domain.moves import Grade
from paper_capture.service import PaperService

_TIMES = ("occurred_at", "written_at")


class PaperConflicts:
    """Conflicts of one programme, each named by its sheet and move: `CR000000187.used`."""

    def __init__(self, paper: PaperService) -> None:
        self.paper = paper

    def tell(self, name: str, *, station: str, stands: Mapping[str, str], told: Telling) -> Conflict:
        """Keep what was told otherwise; the same again changes nothing. Answers the conflict as it stands."""
        wish = TellTwice(by=told.by, station=station, stands=dict(stands), told=told)
        self.paper.desk.ask(CONFLICT, conflict_stream(name), wish)
        return self.conflict(name)

    def all(self, station: str | None = None) -> dict[str, Conflict]:
        """Every one, settled ones too, oldest first."""
        return conflict_rows(self.paper.desk.journal.engine, station)

    def conflict(self, name: str) -> Conflict:
        """Raises NotFound for a move that was told once."""
        state = self.paper.desk.state(CONFLICT, conflict_stream(name))
        if state.stage is ConflictStage.NONE:
            raise NotFound("conflict", name, [n for n, one in self.all().items() if one.is_open])
        return state

    def settle(self, name: str, *, chosen: int, reason: str, by: str) -> list[Recorded]:
        """Decide which telling holds: 0 what stands, else the number of a later one, which corrects the sheet.

        Raises Refused without a reason, for a telling that is none, and for who told it.
        """
        conflict = self.conflict(name)
        asks = [Ask(CONFLICT, conflict_stream(name), ChooseTelling(by=by, chosen=chosen, reason=reason))]
        if STANDS < chosen <= len(conflict.told):
            serial, _, move = name.rpartition(".")
            event = self._correction(serial, move, conflict.told[chosen - 1].said, reason)
            asks.append(self.paper.asking(CorrectSheet(by=by, serial=serial, correction=event), "corrected"))
        return self.paper.desk.ask_all(asks)

    def _correction(self, serial: str, move: str, said: Mapping[str, str], why: str) -> SheetCorrected:
        """What the sheet says from now on. Ticks that demand a graver grade than was judged go on demanding it."""
        if move == "spoiled":
            return SheetCorrected(move=move, why=why, reason=said["reason"])
        changes: dict[str, Any] = {
            name: datetime.fromisoformat(said[name]) for name in _TIMES if said.get(name)
        }
        _, state = self.paper.state(serial)
        grade = self.paper.form_of(serial).grade(state.values, Grade(said["grade"]))
        return SheetCorrected(move=move, why=why, writer=said["writer"], grade=grade, **changes)
