"""What limits the whole report: it stands before any answer, because buried caveats are how green is reported."""

from __future__ import annotations

from collections.abc import Iterator

from contingency.domain.clearance import ENOUGH_TIMED
from contingency.figures import age, so_many, words
from contingency.sources import Seen
from cutover.domain.gates import Verdict


def caveats(seen: Seen) -> tuple[str, ...]:
    return (
        *_nature(seen),
        *_watching(seen),
        *_compared(seen),
        *_decided(seen),
        *_paper(seen),
        *_people(seen),
    )


def _nature(seen: Seen) -> Iterator[str]:
    if seen.rehearsed:
        yield "The journal holds a rehearsal: these figures come from stand-ins, not from the systems under change."
    if seen.now < seen.programme.closes:
        yield "The change window is still open: every figure may change."


def _watching(seen: Seen) -> Iterator[str]:
    if not seen.checks:
        yield "No monitors are declared: nothing is known of the systems' health."
    for status, says in (("UNKNOWN", "nothing is known of"), ("CRITICAL", "failing")):
        of_it = [check for check in seen.checks if check.status == status]
        if of_it:
            named = ", ".join(f"{c.check_id} ({words(c.reason)})" if c.reason else c.check_id for c in of_it)
            yield f"{so_many(len(of_it), 'monitor')} {status}, {says}: {named}."


def _compared(seen: Seen) -> Iterator[str]:
    if not seen.contracts:
        yield "No reconciliation contract is declared: nothing shows that the migrated records are all there."
    for name, newest in sorted(seen.latest.items()):
        outcome = newest.outcome
        yield f"Contract {name} was last compared {age(seen.now - newest.fact.at)} before this report: {outcome.verdict}."
        if outcome.source and outcome.source.frozen:
            yield f"Contract {name}: the source was read once, at the freeze; what changed there since is not compared."
        if outcome.coverage and (left := (*outcome.coverage.not_compared, *outcome.coverage.gaps)):
            yield f"Contract {name}: not compared: {'; '.join(left)}."


def _decided(seen: Seen) -> Iterator[str]:
    for gate in seen.gates:
        if gate.state.verdict is Verdict.WAIVED:
            yield f"Gate {gate.state.title} was waived: {gate.state.reason}."
        for voter, (vote, caveat) in gate.state.votes.items():
            if caveat and vote is Verdict.GO:
                yield f"Gate {gate.state.title}: {voter} said go on a condition, which is not a yes: {caveat}."


def _paper(seen: Seen) -> Iterator[str]:
    planned = [
        form
        for form, effort in (seen.forecast.minutes if seen.forecast else {}).items()
        if effort.timed < ENOUGH_TIMED
    ]
    if planned:
        named = ", ".join(words(form) for form in sorted(planned))
        yield f"The forecast takes planned minutes for {named}: fewer than {ENOUGH_TIMED} of each have been timed."
    if any(s.disposition is not None for s in seen.sheets):
        yield "The paper register is checked against itself here; `cutover convert status --check` asks the target."


def _people(seen: Seen) -> Iterator[str]:
    silent = len(seen.programme.stations) - len(seen.pulse)
    if silent:
        yield f"{silent} of {so_many(len(seen.programme.stations), 'station')} have said nothing: no data on how they are."
    yield "Readiness of staff by role, station and shift is not in the journal: no data."
