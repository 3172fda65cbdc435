"""The door to the register of what must be watched, and to the waivers that people sign."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Recorded
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from monitors.domain.register import (
    WAIVER,
    Expectation,
    Line,
    SignWaiver,
    WaiverState,
    WithdrawWaiver,
    gaps,
    read_register,
    waiver_stream,
)

DECIDER = "decider"


class RegisterService:
    """Says what lacks a monitor or an owner; takes waivers. `owners` are of all that can be waived, by id."""

    def __init__(
        self,
        desk: Desk,
        expected: Iterable[Expectation],
        owners: Mapping[str, str],
        programme: Programme,
        watched: Callable[[], Collection[str]],
    ) -> None:
        self.expected = tuple(expected)
        self._owners = {**owners, **{one.id: one.owner for one in self.expected}}
        self._programme = programme
        self._watched = watched
        self._desk = desk

    def now(self) -> datetime:
        return self._desk.clock.now()

    def lines(self, now: datetime | None = None) -> list[Line]:
        """The whole register, what lacks something first."""
        waivers = {one.id: self.waiver(one.id) for one in self.expected}
        return read_register(self.expected, self._watched(), waivers, now or self._desk.clock.now())

    def gaps(self, now: datetime | None = None) -> list[str]:
        """What keeps the gate shut."""
        return gaps(self.lines(now))

    def waiver(self, subject: str) -> WaiverState:
        return self._desk.state(WAIVER, waiver_stream(subject))

    def waived(self, now: datetime | None = None) -> Mapping[str, str]:
        """What is waived now, each with who signed it."""
        at = now or self._desk.clock.now()
        known = {name: self.waiver(name) for name in self._owners}
        return {name: waiver.by for name, waiver in known.items() if waiver.holds(at)}

    def sign(self, subject: str, by: str, reason: str, until: datetime) -> list[Recorded]:
        """Waive a flow or an expectation in one's name until a moment.

        Raises NotFound for a subject or a person that the programme does not have, Refused for its owner, for who
        decides nothing here, and for a waiver without an end.
        """
        owner = self._owner(subject)
        people = self._programme.people
        person = self._programme.somebody(by) if people else None
        if person and any(DECIDER in p.roles for p in people) and DECIDER not in person.roles:
            raise Refused(f"{person.name} is no decider: a waiver is signed by one")
        command = SignWaiver(by=by, reason=reason, until=until.astimezone(UTC), owner=owner)
        return self._desk.ask(WAIVER, waiver_stream(subject), command)

    def withdraw(self, subject: str, by: str, reason: str) -> list[Recorded]:
        self._owner(subject)
        return self._desk.ask(WAIVER, waiver_stream(subject), WithdrawWaiver(by=by, reason=reason))

    def _owner(self, subject: str) -> str:
        if subject not in self._owners:
            raise NotFound("flow or expectation", subject, self._owners)
        return self._owners[subject]
