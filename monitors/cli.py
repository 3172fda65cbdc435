"""`cutover monitor`: how everything stands, who has it in hand, and the prober in the foreground."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Check, Folder
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.duration import parse_duration
from cutover.core.errors import Invalid, Problem

if TYPE_CHECKING:
    from monitors.service import MonitorService
    from monitors.view import CheckView

COLUMNS = ("check", "status", "since", "detail")
Until = Annotated[
    str, Parameter(help="a duration from now (2h, 45m) or a moment with its zone (2026-10-25T06:00+00:00)")
]
Note = Annotated[str, Parameter(help="what is being done")]


class Runs(Protocol):
    """What goes on until it is stopped."""

    async def run(self, stop: asyncio.Event) -> None: ...


def commands(service: Callable[[Path], MonitorService], watch: Callable[[Path, bool], Runs]) -> App:
    """The `monitor` commands; `watch` makes what runs on the machine's own clock, standing by if so told."""
    app = App(name="monitor", help="Is it healthy: checks, alerts, acknowledgements.")

    @app.command
    def status(programme: Folder = Path(), json: AsJson = False) -> int:
        """How every check stands, worst first. Exit 1 when any is not OK."""
        views = service(programme).all()
        if json:
            answer(views, as_json=True)
        else:
            table("Checks", COLUMNS, (_row(view) for view in views))
        return DONE if all(view.status == "OK" for view in views) else NO

    @app.command
    def ack(
        check: Check, *, until: Until, note: Note, by: By, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Take a failing check in hand until a time, by name; after that it alerts again."""
        monitors = service(programme)
        end = moment(until, monitors.now())
        monitors.acknowledge(check, by, end, note)
        view = monitors.state(check)
        answer(view, as_json=json, text=[f"{check} is in {by}'s hands until {end:%a %d %b %H:%M} UTC"])

    @app.command
    def run(
        programme: Folder = Path(),
        standby: Annotated[
            bool, Parameter(negative="", help="wait while another process watches, and go on when it is gone")
        ] = False,
    ) -> None:
        """Ask every check when it is due, tell whom it concerns, until interrupted. One process watches at a time."""
        asyncio.run(_until_interrupted(watch(programme, standby)))

    return app


async def _until_interrupted(watch: Runs) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await watch.run(stop)


def moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return now + parse_duration(text)
    if at.tzinfo is None:
        raise Invalid(
            Problem(
                f"'{text}' does not say in which zone",
                field="--until",
                expected=f"{text}+00:00, or a duration such as 2h",
            )
        )
    return at.astimezone(UTC)


def _row(view: CheckView) -> tuple[str, ...]:
    status = str(view.status) if view.reason is None else f"{view.status} {view.reason}"
    if not view.settled:
        status += f" soft {view.attempt}/{view.max_attempts}"
    since = view.hard_since if view.settled else view.failing_since
    return (view.check_id, status, f"{since:%a %d %H:%M}Z" if since else "", "; ".join(_remarks(view)))


def _remarks(view: CheckView) -> list[str]:
    remarks = [view.detail] if view.detail else []
    if view.acknowledged:
        remarks.append(f"{view.acknowledged.by} has it in hand until {view.acknowledged.until:%a %d %H:%M}Z")
    if view.flapping:
        remarks.append("flapping")
    if view.downtime:
        remarks.append(f"in a downtime: {', '.join(view.downtime)}")
    if view.suppressed_by:
        remarks.append(f"behind {', '.join(view.suppressed_by)}")
    if view.awaits:
        remarks.append(f"not seen failing since {', '.join(view.awaits)} recovered")
    return remarks
