"""What a station may tell and see: the moves of its own sheets, each taken once however often it is sent.

A move is known by its sheet and its kind. The same again is answered as before; another content for a move that
was taken is a conflict, which a person settles. Nothing of other stations is said, not even whose a sheet is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Recorded
from cutover.store.desk import Ask
from paper_capture.conflicts import PaperConflicts
from paper_capture.domain.aside import SheetCorrected
from paper_capture.domain.conflicts import STANDS, Telling
from paper_capture.domain.conflicts import Conflict as Tellings
from paper_capture.domain.keeping import HandOverSheet
from paper_capture.domain.moves import Grade, HandBackUnused, ReturnSheet, SheetUsed, SpoilSheet, UsedSheet
from paper_capture.domain.sheet import SheetState
from paper_capture.domain.stages import BACK, Stage
from paper_capture.service import PaperService

LONGEST = 200


class MoveKind(StrEnum):
    """What happened to a sheet at a station."""

    USED = "used"
    SPOILED = "spoiled"
    RETURNED = "returned"
    UNUSED = "unused"
    HANDED_OVER = "handed_over"


class StationMove(BaseModel):
    """One line of a station's log, version 1. Every page ever served sends it so; a later shape gets a new number."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    v: Literal[1] = 1
    key: str = Field(min_length=1, max_length=80)
    serial: str = Field(max_length=40)
    move: MoveKind
    by: str = Field(min_length=1, max_length=LONGEST)
    saved_at: AwareDatetime
    sent_at: AwareDatetime
    writer: str = Field(default="", max_length=LONGEST)
    occurred_at: AwareDatetime | None = None
    written_at: AwareDatetime | None = None
    grade: Grade = Grade.STANDARD
    times: dict[str, AwareDatetime] = Field(default_factory=dict, max_length=40)
    reason: str = Field(default="", max_length=1000)
    giver: str = Field(default="", max_length=LONGEST)
    receiver: str = Field(default="", max_length=LONGEST)
    place: str = Field(default="", max_length=LONGEST)
    seal: str = Field(default="", max_length=LONGEST)

    @field_validator("key", "serial", "by", "writer", "reason", "giver", "receiver", "place", "seal")
    @classmethod
    def _is_writing(cls, text: str) -> str:
        """No database and no page knows what to make of a control character."""
        if any(unicodedata.category(letter) == "Cc" and letter not in "\n\t\r" for letter in text):
            raise ValueError("holds a control character: type it again")
        return text


@dataclass(frozen=True, slots=True)
class Taken:
    """A move that stands in the journal; `again` when it did before, `settled` when a person chose another telling."""

    key: str
    serial: str
    again: bool
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """A sheet of the station that speaks, as it is in the journal now."""

    serial: str
    at: SheetState


class OtherContent(Conflict):
    """A move of this sheet was taken before, with other content; `there` is what stands."""

    def __init__(self, message: str, there: Mapping[str, str]) -> None:
        self.there = dict(there)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class StationDesk:
    """The door for stations."""

    paper: PaperService

    def take(self, station: str, move: StationMove) -> Taken:
        """Record one move. Raises Invalid for a serial that is none, OtherContent, Refused with every reason."""
        sheet = self.own(station, move.serial)
        if stands(sheet, move):
            return self._again_or_conflict(station, sheet, move)
        try:
            self.paper.desk.ask_all([self.asking(sheet, move)])
        except Refused:
            sheet = self.own(station, move.serial)
            if not stands(sheet, move):  # nobody was quicker: the answer is no
                raise
            return self._again_or_conflict(station, sheet, move)
        return Taken(move.key, sheet.serial, again=False)

    def _again_or_conflict(self, station: str, sheet: Own, move: StationMove) -> Taken:
        """A telling that differs is kept before it is refused: the PC may never be seen again. One decided is answered so."""
        try:
            return self.again(sheet, move)
        except OtherContent as error:
            said = {name: text for name, text in _said(move).items() if name in error.there}
            told = Telling(said=said, by=move.by, saved_at=move.saved_at)
            name = f"{sheet.serial}.{move.move}"
            conflict = PaperConflicts(self.paper).tell(name, station=station, stands=error.there, told=told)
            if conflict.chosen is None:
                raise
            return Taken(move.key, sheet.serial, again=True, settled=decided(conflict))

    def asking(self, sheet: Own, move: StationMove) -> Ask:
        """What a move of this sheet asks for. Raises Refused, Invalid."""
        at = self._when(move)
        return _MOVES[move.move](self.paper, sheet, move, max(at, sheet.at.logged_at or at))

    def own(self, station: str, serial: str) -> Own:
        """A sheet of this station. Raises Refused for any other, Invalid for a serial that is none."""
        known, state = self.paper.state(serial)
        if state.stage is Stage.UNPRINTED:
            raise Refused(f"{known}: was never printed; read the number again from the paper")
        if not state.station:
            raise Refused(f"{known}: was never issued; keep the sheet and call the supervisor")
        if state.station != station:
            raise Refused(f"{known}: was not issued to {station}; keep the sheet and call the supervisor")
        return Own(known, state)

    def _when(self, move: StationMove) -> datetime:
        """When it was saved, by our clock: a station's PC may be wrong, the time that passed on it is not."""
        now = self.paper.desk.clock.now()
        saved = min(now, now - (move.sent_at - move.saved_at))
        return max(saved, min(now, move.written_at)) if move.written_at else saved

    def again(self, sheet: Own, move: StationMove) -> Taken:
        there = self._there(sheet, move)
        sent = _said(move)
        if differs := [name for name, text in there.items() if sent.get(name, text) != text]:
            what = ", ".join(name.replace("_", " ") for name in differs)
            raise OtherContent(
                f"{sheet.serial}: was logged as {move.move} before, with another {what}", there
            )
        return Taken(move.key, sheet.serial, again=True)

    def _there(self, sheet: Own, move: StationMove) -> dict[str, str]:
        """What the journal says of this move, in the words of `_said`."""
        if move.move is MoveKind.SPOILED:
            return {"reason": sheet.at.reason}
        if move.move is not MoveKind.USED:
            return {}
        used = _as_told(self.paper.history(sheet.serial))
        demanded = self.paper.form_of(sheet.serial).grade(used.values, move.grade)
        return {
            "writer": used.writer,
            "occurred_at": _utc(used.occurred_at),
            "written_at": _utc(used.written_at),
            "grade": move.grade.value if demanded is used.grade else used.grade.value,
        }


def decided(conflict: Tellings) -> str:
    """What a supervisor decided between two tellings, for the station."""
    what = "what the server had holds" if conflict.chosen == STANDS else "a later telling holds"
    return f"{conflict.decided_by} decided: {what}. {conflict.reason}"


def _said(move: StationMove) -> dict[str, str]:
    return {
        "writer": move.writer,
        "occurred_at": _utc(move.occurred_at),
        "written_at": _utc(move.written_at),
        "grade": move.grade.value,
        "reason": move.reason,
    }


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if at else ""


def _as_told(history: Sequence[Recorded]) -> SheetUsed:
    """What stands of the writing: as logged, and as a supervisor corrected it since."""
    used: SheetUsed | None = None
    for fact in history:
        if isinstance(fact.event, SheetUsed):
            used = fact.event
        elif isinstance(fact.event, SheetCorrected) and used is not None:
            used = used.model_copy(update=fact.event.changes)
    assert used is not None  # whoever asks knows that it was written on
    return used


def stands(sheet: Own, move: StationMove) -> bool:
    """Whether this move has been taken already."""
    match move.move:
        case MoveKind.USED:
            return sheet.at.written_at is not None
        case MoveKind.SPOILED:
            return sheet.at.stage is Stage.SPOILED
        case MoveKind.UNUSED:
            return sheet.at.stage is Stage.UNUSED
        case MoveKind.RETURNED:
            return sheet.at.stage in BACK
    return False


def _use(paper: PaperService, sheet: Own, move: StationMove, at: datetime) -> Ask:
    if move.occurred_at is None or move.written_at is None:
        raise Refused(f"{sheet.serial}: when it occurred and when it was written are both asked for")
    used = UsedSheet(
        serial=sheet.serial, station=sheet.at.station, writer=move.writer, occurred_at=move.occurred_at,
        written_at=move.written_at, grade=move.grade, values={n: t.isoformat() for n, t in move.times.items()},
    )  # fmt: skip
    return paper.asking(paper.used(used, by=move.by), "used", at)


def _spoil(paper: PaperService, sheet: Own, move: StationMove, at: datetime) -> Ask:
    wish = SpoilSheet(by=move.by, serial=sheet.serial, reason=move.reason)
    return paper.asking(wish, "spoiled", at)


def _bring(paper: PaperService, sheet: Own, move: StationMove, at: datetime) -> Ask:
    return paper.asking(ReturnSheet(by=move.by, serial=sheet.serial), "returned", at)


def _give_back(paper: PaperService, sheet: Own, move: StationMove, at: datetime) -> Ask:
    return paper.asking(HandBackUnused(by=move.by, serial=sheet.serial), "unused", at)


def _hand(paper: PaperService, sheet: Own, move: StationMove, at: datetime) -> Ask:
    """From whoever is named, else from whoever holds it: first of all the station itself."""
    wish = HandOverSheet(
        by=move.by, serial=sheet.serial, giver=move.giver or sheet.at.holder, receiver=move.receiver, place=move.place, seal=move.seal,
    )  # fmt: skip
    return paper.asking(wish, "handed_over", at, key=move.key)


_MOVES: Mapping[MoveKind, Callable[[PaperService, Own, StationMove, datetime], Ask]] = {
    MoveKind.USED: _use,
    MoveKind.SPOILED: _spoil,
    MoveKind.RETURNED: _bring,
    MoveKind.UNUSED: _give_back,
    MoveKind.HANDED_OVER: _hand,
}
