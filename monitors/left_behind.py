"""What was declared under a name that is gone, and is not settled: an open alarm and a suspected backlog outlive it.

A flow that is renamed or taken out of its file while its alarm is open would otherwise close it in nobody's name.
"""

from __future__ import annotations

from collections.abc import Collection

from cutover.store.desk import Desk
from monitors.domain.ageing import AgeingCheck, CsvItems
from monitors.domain.check import Severity
from monitors.domain.flow import ApiCounts, Flow
from monitors.domain.flow_events import flow_stream
from monitors.domain.outcome import OUTCOME
from monitors.domain.service_time import WorkingDays
from monitors.domain.suspicion import SUSPICION, Stage, suspicion_stream


def flows_left(desk: Desk, declared: Collection[str]) -> dict[str, Flow]:
    """The flows that nobody declares any more and that have an alarm to be closed; whoever froze one answers for it."""
    states = {
        name: desk.state(OUTCOME, flow_stream(name)) for name in _names(desk, flow_stream(""), declared)
    }
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


def ages_left(desk: Desk, declared: Collection[str]) -> dict[str, AgeingCheck]:
    """The ageing checks that nobody declares any more and whose suspected backlog nobody has explained."""
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
        for name in _names(desk, suspicion_stream(""), declared)
        if desk.state(SUSPICION, suspicion_stream(name)).stage is Stage.SUSPECTED
    }


def _names(desk: Desk, prefix: str, declared: Collection[str]) -> list[str]:
    names = (stream.removeprefix(prefix) for stream in desk.journal.streams(prefix))
    return [name for name in names if name not in declared]
