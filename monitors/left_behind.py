"""What was declared under a name that is gone, and is not settled: an open alarm and a suspected backlog outlive it.

A flow that is renamed or taken out of its file while its alarm is open would otherwise close it in nobody's name.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from cutover.store.desk import Desk
from monitors.domain.ageing import AgeingCheck, CsvItems
from monitors.domain.check import Severity
from monitors.domain.flow import ApiCounts, Flow
from monitors.domain.flow_events import flow_stream
from monitors.domain.outcome import OUTCOME
from monitors.domain.service_time import WorkingDays
from monitors.domain.suspicion import SUSPICION, Stage, suspicion_stream


class LeftBehind:
    """Which names of one kind are declared no more: looked up once, because a file is read again only by a new process."""

    def __init__(self, desk: Desk, prefix: str, declared: Collection[str]) -> None:
        self._desk, self._prefix, self._declared = desk, prefix, declared

    @cached_property
    def names(self) -> tuple[str, ...]:
        streams = self._desk.journal.streams(self._prefix)
        names = (stream.removeprefix(self._prefix) for stream in streams)
        return tuple(name for name in names if name not in self._declared)


def flows_left(desk: Desk, names: Collection[str]) -> dict[str, Flow]:
    """Those flows that have an alarm to be closed; whoever froze one answers for it."""
    states = {name: desk.state(OUTCOME, flow_stream(name)) for name in names}
    return {
        name: Flow(
            id=name,
            title=f"{name} (watched no more)",
            owner=state.approved_by,
            severity=Severity.HIGH,
            counts=ApiCounts(kind="api"),
            silence=False,
        )
        for name, state in states.items()
        if state.alarms
    }


def ages_left(desk: Desk, names: Collection[str]) -> dict[str, AgeingCheck]:
    """Those ageing checks whose suspected backlog nobody has explained."""
    nothing = CsvItems(kind="csv", path="-")
    return {
        name: AgeingCheck(
            kind="ageing",
            id=name,
            title=f"{name} (watched no more)",
            owner="",
            upstream=nothing,
            done=nothing,
            standard=WorkingDays(days=1),
        )
        for name in names
        if desk.state(SUSPICION, suspicion_stream(name)).stage is Stage.SUSPECTED
    }
