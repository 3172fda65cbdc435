"""Everything that programs ask and tell, in one place: served at `/api/v1`, and described there at `/openapi.json`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.routing import Route

from contingency.backlog_api import BacklogApi
from cutover import __version__
from cutover.app.bootstrap import World
from cutover.core.clock import SystemClock
from cutover.reconciliation.api import ReconciliationApi
from cutover.web.api.door import Door
from cutover.web.api.once import Once
from cutover.web.api.openapi import description
from cutover.web.api.operation import Operation
from cutover.web.visitor import Guard
from monitors.api import MonitorApi
from monitors.counts_api import CountsApi
from monitors.exporter import render
from monitors.resources import MonitorReading
from paper_capture.register_api import RegisterApi
from paper_capture.station import StationDesk
from paper_capture.web_station import StationApi
from runbooks.api import RunApi


def served_to_programs(
    world: World, station: StationDesk, guard: Guard, has_accounts: Callable[[], bool]
) -> tuple[Sequence[Operation], Sequence[Route]]:
    """The operations of every room, and all routes that are not for people to read."""
    stations = StationApi(station, world.station_views, world.folder.programme, world.tokens, guard)
    monitors = _monitors(world, has_accounts)
    operations = [
        *monitors.operations(),
        *CountsApi(world.flows, world.clock).operations(),
        *BacklogApi(world.discoveries, world.incidents).operations(),
        *RunApi(world.runs, world.clock).operations(),
        *MonitorReading(world.monitors, world.clock).operations(),
        *ReconciliationApi(world.reconciliation).operations(),
        *RegisterApi(world.engine).operations(),
        *stations.operations(),
    ]
    operations.append(description(operations, __version__))
    door = Door(world.tokens, Once(world.engine, SystemClock()))
    return operations, [*monitors.routes(), *stations.routes(), *door.routes(operations)]


def _monitors(world: World, has_accounts: Callable[[], bool]) -> MonitorApi:
    def metrics() -> bytes:
        now = world.clock.now()
        views, flows, ages = world.monitors.all(now), world.flows.all(now), world.ageing.all(now)
        return render(views, world.ledger.summary(now), now, flows, ages)

    return MonitorApi(world.inbox, world.tokens, world.clock, metrics, has_accounts)
