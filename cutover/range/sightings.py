"""What saw each fault of a rehearsal, and how long it took: the question a game day is held for.

An outage must be seen by a check of the system that was broken, and a status lost in silence by a reconciliation.
A slow system or a lost acknowledgement need not be: the work takes it up, and the effects say whether it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.core.event import Recorded
from cutover.range.faults import FaultEntry, FaultPlan
from cutover.reconciliation.comparison import ReconciliationFinished
from cutover.reconciliation.findings import Class
from monitors.domain.check import Status
from monitors.domain.health import CheckWentHard, check_stream
from runbooks.domain.run_events import ForecastMoved

KINDS = (CheckWentHard.kind(), ReconciliationFinished.kind(), ForecastMoved.kind())


@dataclass(frozen=True, slots=True)
class Sighting:
    """One fault; what saw it first and when, if anything did; and whether something must have."""

    fault: str
    needed: bool
    by: str = ""
    after: timedelta | None = None

    @property
    def missed(self) -> bool:
        return self.needed and self.after is None

    def __str__(self) -> str:
        if self.after is not None:
            return f"seen after {show_duration(self.after)}: {self.by}"
        return "NOT SEEN by anything" if self.needed else "taken up by the work; nothing had to see it"


def sightings(
    plan: FaultPlan, facts: Iterable[Recorded], opens: datetime, watched: Mapping[str, str], zone: str
) -> list[Sighting]:
    """What saw each fault that was set; `watched` says which system each check looks at.

    `facts` are those of KINDS, in order. An outage counts as seen only while it lasts.
    """
    known, found = list(facts), []
    for entry in plan.in_order:
        if not _breaks(entry):
            continue
        since, ends = opens + entry.at, _ends(entry, plan, opens)
        during = [f for f in known if f.at >= since and not (ends and f.at > ends)]
        found.append(_sighting(entry, since, during, watched, zone))
    return found


def _breaks(entry: FaultEntry) -> bool:
    """Whether an entry makes anything worse; one that only mends does not."""
    now = entry.set
    return bool(now.down or now.drop_acknowledgements or now.lose_status or (now.slow or 1) > 1)


def _ends(entry: FaultEntry, plan: FaultPlan, opens: datetime) -> datetime | None:
    """When the outage that an entry begins is over by the plan; None: never, or it is no outage."""
    later = (e for e in plan.in_order if e.system == entry.system and e.at > entry.at and e.set.down is False)
    return next((opens + e.at for e in later), None) if entry.set.down else None


def _sighting(
    entry: FaultEntry, since: datetime, during: Sequence[Recorded], watched: Mapping[str, str], zone: str
) -> Sighting:
    needed = bool(entry.set.down or entry.set.lose_status)
    for fact in during:
        if said := _says(fact, entry, watched, zone):
            return Sighting(str(entry), needed, said, fact.at - since)
    return Sighting(str(entry), needed)


def _says(fact: Recorded, entry: FaultEntry, watched: Mapping[str, str], zone: str) -> str:
    """What a fact says of a fault; '' when it says nothing."""
    event = fact.event
    if entry.set.down and isinstance(event, CheckWentHard) and event.status is not Status.OK:
        check = fact.stream.removeprefix(check_stream(""))
        return f"{check} was {event.status}" if watched.get(check) == entry.system else ""
    if entry.set.lose_status and isinstance(event, ReconciliationFinished):
        missing = event.outcome.count(Class.MISSING)
        return f"{fact.stream.partition(':')[2]}: {missing:,} missing, named one by one" if missing else ""
    if (entry.set.slow or 1) > 1 and isinstance(event, ForecastMoved):
        return f"the expected end is now {show(event.p80, zone)} (P80)"
    return ""
