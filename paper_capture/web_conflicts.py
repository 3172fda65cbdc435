"""`/stations/conflicts`: moves told twice, both tellings side by side, and a supervisor's word which of them holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, visitor_of
from cutover.web.words import moment
from paper_capture.conflicts import PaperConflicts
from paper_capture.domain.conflicts import Conflict

WHO = (Role.SUPERVISOR,)
DOES = "decide between two tellings"
_WORDS = {"occurred_at": "happened", "written_at": "written", "grade": "risk"}
_ORDER = ("writer", "occurred_at", "written_at", "grade", "reason")
_SHOWN_SETTLED = 50


class SettleForm(Form):
    """Which telling holds, and why."""

    chosen: int
    reason: str


@dataclass(frozen=True, slots=True)
class TellingShown:
    """One telling: who told it, when, and each thing said."""

    number: int
    who: str
    said: tuple[tuple[str, str], ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class ConflictShown:
    """One move that was told twice."""

    name: str
    serial: str
    move: str
    station: str
    since: str
    tellings: tuple[TellingShown, ...]
    decided: str


@dataclass(frozen=True, slots=True)
class ConflictsPage:
    """What `conflicts.html` reads."""

    now: str
    open: tuple[ConflictShown, ...]
    settled: tuple[ConflictShown, ...]


@dataclass(frozen=True)
class ConflictPages:
    """The page and its act."""

    door: PaperConflicts
    programme: Programme
    clock: Clock

    def pages(self) -> Sequence[Page]:
        return (
            Page("/stations/conflicts", "paper_capture", "conflicts.html", ConflictsPage, self._page),
        )  # fmt: skip

    def acts(self) -> Sequence[Act]:
        path = "/stations/conflicts"
        return (Act(f"{path}/{{name}}/settle", DOES, SettleForm, self._settle, path, roles=WHO),)

    def _page(self, query: Query) -> ConflictsPage:
        visitor_of(query).check(DOES, WHO)
        found = self.door.all()
        shown = {name: self._shown(name, one) for name, one in found.items()}
        return ConflictsPage(
            moment(self.clock.now(), self.programme.zone),
            tuple(shown[name] for name, one in found.items() if one.is_open),
            tuple(shown[name] for name, one in reversed(found.items()) if not one.is_open)[:_SHOWN_SETTLED],
        )

    def _settle(self, form: SettleForm, sent: Sent) -> Done:
        name = sent["name"]
        self.door.settle(name, chosen=form.chosen, reason=form.reason, by=sent.visitor.person)
        return Done("/stations/conflicts", f"{name.replace('.', ': ')} is decided.")

    def _shown(self, name: str, one: Conflict) -> ConflictShown:
        serial, _, move = name.rpartition(".")
        zone = self.programme.zone
        tellings = [
            TellingShown(0, "told first, on the register", self._said(one.stands or {}), one.chosen == 0)
        ]
        tellings += [
            TellingShown(n, f"{t.by}, saved {moment(t.saved_at, zone)}", self._said(t.said), one.chosen == n)
            for n, t in enumerate(one.told, 1)
        ]
        title = self.programme.station_title(one.station)
        decided = "" if one.is_open else f"{one.decided_by}: {one.reason}"
        return ConflictShown(
            name, serial, move.replace("_", " "), title, moment(one.since, zone), tuple(tellings), decided
        )

    def _said(self, said: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """In one order for all tellings, so that they are read beside each other."""
        order = [name for name in _ORDER if name in said] + sorted(said.keys() - set(_ORDER))
        return tuple((_WORDS.get(name, name), self._spelled(name, said[name]) or "nothing") for name in order)

    def _spelled(self, name: str, text: str) -> str:
        return (
            moment(datetime.fromisoformat(text), self.programme.zone)
            if name.endswith("_at") and text
            else text
        )
