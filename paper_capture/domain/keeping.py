"""In whose hands the paper itself is, from stock to the shredder: every hand named, none skipped.

Issue and return pass a sheet on by themselves; a transfer moves a blank one to another station, a handover passes
any sheet from the hand it is in to another, and retention puts it away until a date. Only the hand that holds it can
pass it on. It is destroyed before two people: blank stock at any time, all else after its date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cutover.core.errors import Refused
from cutover.core.event import Event, Fact
from paper_capture.domain.moves import Grade, SheetCommand, unsaid
from paper_capture.domain.stages import AT_STATION, BACK, OVER, VOID, WRITTEN, Stage

if TYPE_CHECKING:
    from paper_capture.domain.sheet import SheetState

STOCK = "stock"
NOWHERE = "destroyed"


class SheetTransferred(Event):
    """A blank sheet goes to another station, which answers for it from now on."""

    typed = frozenset({"reason"})
    station: str
    reason: str


class SheetHandedOver(Event):
    giver: str
    receiver: str
    place: str = ""
    seal: str = ""


class SheetRetained(Event):
    """Put away as the original; the date comes from the form's own schedule or from whoever puts it away."""

    place: str
    until: date


class SheetDestroyed(Event):
    typed = frozenset({"reason"})
    witness: str
    reason: str


class SheetTriaged(Event):
    """Its grade box was read before anybody keyed it: it may be graver than was logged, never less."""

    grade: Grade


class TransferSheet(SheetCommand):
    station: str
    reason: str


class HandOverSheet(SheetCommand):
    giver: str
    receiver: str
    place: str = ""
    seal: str = ""


class RetainSheet(SheetCommand):
    place: str
    until: date


class DestroySheet(SheetCommand):
    witness: str
    reason: str


class TriageSheet(SheetCommand):
    grade: Grade


EVENTS: tuple[type[Event], ...] = (
    SheetTransferred,
    SheetHandedOver,
    SheetRetained,
    SheetDestroyed,
    SheetTriaged,
)
MOVES: dict[tuple[Stage, type[Event]], Stage] = {
    (Stage.ISSUED, SheetTransferred): Stage.ISSUED,
    (Stage.STOCK, SheetDestroyed): Stage.DESTROYED,
    **{(stage, SheetDestroyed): Stage.DESTROYED for stage in sorted(OVER)},
    **{(stage, SheetRetained): stage for stage in sorted(OVER)},
    **{(stage, SheetHandedOver): stage for stage in sorted(BACK | VOID | AT_STATION)},
    **{(stage, SheetTriaged): stage for stage in sorted(WRITTEN - {Stage.DISPOSED})},
}


@dataclass(frozen=True, slots=True)
class Passed:
    """One link of the chain: from hand to hand, where, when, on whose word. An empty giver is whoever held it."""

    kind: str
    giver: str
    receiver: str
    at: datetime
    by: str
    place: str = ""
    seal: str = ""


def linked(chain: Sequence[Passed]) -> tuple[Passed, ...]:
    """The chain with every giver named."""
    named: list[Passed] = []
    for link in chain:
        before = named[-1].receiver if named else STOCK
        named.append(link if link.giver else replace(link, giver=before))
    return tuple(named)


def broken_links(chain: Sequence[Passed]) -> list[str]:
    """Where the chain does not hold: a hand that gave what it did not have, or gave it before it had it."""
    faults = []
    if chain and chain[0].giver != STOCK:
        faults.append(f"begins with {chain[0].giver}, not with stock")
    for before, after in pairwise(chain):
        if after.giver != before.receiver:
            faults.append(
                f"{before.receiver} had it, {after.giver} gave it to {after.receiver} ({after.at:%d %b %H:%M}Z)"
            )
        if after.at < before.at:
            faults.append(
                f"{after.receiver} had it {after.at:%d %b %H:%M}Z, before {before.receiver} did {before.at:%d %b %H:%M}Z"
            )
    return faults


def transfer(state: SheetState, command: TransferSheet, _: datetime) -> Sequence[Event]:
    if reasons := unsaid("transferred", {"a station": command.station, "a reason": command.reason}):
        raise Refused(*reasons)
    if command.station == state.station:
        raise Refused(f"it is at {state.station} already")
    return [SheetTransferred(station=command.station, reason=command.reason)]


def hand_over(state: SheetState, command: HandOverSheet, _: datetime) -> Sequence[Event]:
    if command.giver != state.holder:
        raise Refused(f"{state.holder or 'nobody'} holds it, not {command.giver}")
    if not command.receiver or command.receiver == command.giver:
        raise Refused("handed over to nobody else")
    said = command.model_dump(include={"giver", "receiver", "place", "seal"})
    return [SheetHandedOver.model_validate(said)]


def retain(_: SheetState, command: RetainSheet, now: datetime) -> Sequence[Event]:
    if not command.place:
        raise Refused("put away nowhere")
    if command.until < now.date():
        raise Refused(f"kept until {command.until:%d %b %Y}, which is past")
    return [SheetRetained(place=command.place, until=command.until)]


def destroy(state: SheetState, command: DestroySheet, now: datetime) -> Sequence[Event]:
    reasons = unsaid("destroyed", {"a reason": command.reason})
    if not command.witness.strip() or command.witness == command.by:
        reasons.append("destroyed before no witness: it takes a second person")
    if state.stage is not Stage.STOCK and (state.retain_until is None or now.date() <= state.retain_until):
        until = (
            f"until {state.retain_until:%d %b %Y}" if state.retain_until else "until a date nobody has set"
        )
        reasons.append(f"its paper is kept {until}")
    if reasons:
        raise Refused(*reasons)
    return [SheetDestroyed(witness=command.witness, reason=command.reason)]


def triage(state: SheetState, command: TriageSheet, _: datetime) -> Sequence[Event]:
    order = (None, Grade.STANDARD, Grade.MEDIUM, Grade.HIGH)
    return (
        [SheetTriaged(grade=command.grade)] if order.index(command.grade) > order.index(state.grade) else []
    )


DECIDERS: Mapping[type[SheetCommand], Callable[[Any, Any, datetime], Sequence[Event]]] = {
    TransferSheet: transfer,
    HandOverSheet: hand_over,
    RetainSheet: retain,
    DestroySheet: destroy,
    TriageSheet: triage,
}


def link_of(event: Event, fact: Fact) -> Passed | None:
    """What a fact of a sheet adds to its chain."""
    found = _LINKS.get(event.kind())
    if found is None:
        return None
    kind, read = found
    giver, receiver, *where = read(event, fact)
    return Passed(kind, giver, receiver, fact.at, fact.actor, *where)


# By kind of fact: how the sheet passed on; from whom, to whom and, where the fact says so, place and seal.
_LINKS: Mapping[str, tuple[str, Callable[[Any, Fact], tuple[str, ...]]]] = {
    "SheetIssued": ("issued", lambda e, _: (STOCK, e.station)),
    "SheetTransferred": ("transferred", lambda e, _: ("", e.station)),
    "SheetHandedOver": ("handed over", lambda e, _: (e.giver, e.receiver, e.place, e.seal)),
    "SheetReturned": ("returned", lambda _, fact: ("", fact.actor)),
    "SheetHandedBackUnused": ("returned", lambda _, fact: ("", fact.actor)),
    "SheetRetained": ("retained", lambda e, _: ("", e.place, e.place)),
    "SheetDestroyed": ("destroyed", lambda _, __: ("", NOWHERE)),
}
