"""`cutover monitor` for outcome flows: how they stand, would we see it, what is normal, who closes an alarm and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder, Reason
from cutover.cli.border import DONE, NO
from cutover.cli.offered import flows
from cutover.cli.output import answer, facts, table
from cutover.core.errors import Invalid, Problem
from monitors.ageing_cli import add_ageing
from monitors.cli import Until, moment
from monitors.domain.detectability import Detectability, hours, unsettled
from monitors.domain.flow_events import Cause, Chart
from monitors.xmr_cli import add_xmr

if TYPE_CHECKING:
    from monitors.ageing_service import AgeingService
    from monitors.collector import Collector
    from monitors.flow_service import FlowService, FlowView
    from monitors.hypercare_service import HypercareService
    from monitors.register_service import RegisterService

Note = Annotated[str, Parameter(help="what is being done, or how it was found out")]
FlowId = Annotated[str, Parameter(help="the flow, by its id", completer=flows)]
ChartName = Annotated[Chart | None, Parameter(help="which of its alarms; none: all that are open")]


@dataclass(frozen=True)
class FlowDoors:
    """How the commands reach a programme's services."""

    flows: Callable[[Path], FlowService]
    collector: Callable[[Path], Collector]
    register: Callable[[Path], RegisterService]
    hypercare: Callable[[Path], HypercareService]
    ageing: Callable[[Path], AgeingService]


def add_flow_commands(app: App, doors: FlowDoors) -> None:
    """Put the commands of outcome flows beside those of checks."""
    _looking(app, doors)
    _counting(app, doors)
    _deciding(app, doors)
    _signing(app, doors)
    add_xmr(app, doors.flows)
    add_ageing(app, doors.ageing)


def _looking(app: App, doors: FlowDoors) -> None:
    @app.command
    def flows(programme: Folder = Path(), json: AsJson = False) -> int:
        """How every outcome flow stands, worst first. Exit 1 when any is not OK."""
        views = doors.flows(programme).all()
        if json:
            answer([_plain(view) for view in views], as_json=True)
        else:
            table("Outcome flows", ("flow", "status", "says", "a halving shows"), map(_row, views))
        return DONE if all(view.standing.status == "OK" for view in views) else NO

    @app.command
    def detectability(programme: Folder = Path(), json: AsJson = False) -> int:
        """Would we see it, and when: days until each flow shows a halving and 13 % of normal.

        Before a baseline is frozen it is reckoned from the history as its source tells it, else from `expected`.
        Exit 1 when a flow cannot be seen in the agreed time and nothing stands in for it.
        """
        service, register = doors.flows(programme), doors.register(programme)
        collector = doors.collector(programme)
        planned = {name: asyncio.run(collector.preview(name)) for name in _unfrozen(service)}
        found = {name: service.detectability(name, planned.get(name)) for name in service.flows}
        known = [one for one in found.values() if one is not None]
        blind = [f"{name}: no baseline and no `expected`: nobody knows what is normal" for name, one in found.items() if one is None]  # fmt: skip
        faults = [*blind, *unsettled(known, register.waived())]
        if json:
            answer({"flows": known, "faults": faults}, as_json=True)
        else:
            said = f"Days to detect (threshold {service.threshold:.2f})"
            columns = ("flow", "a day", "halving", "13 % of normal", "silence", "agreed", "settled by")
            table(said, columns, (_seen(one, register.waived()) for one in known))
            answer(None, as_json=False, text=(f"refused: {fault}" for fault in faults))
        return NO if faults else DONE

    @app.command
    def exit(programme: Folder = Path(), json: AsJson = False) -> int:  # noqa: A001  the word that is typed
        """May hypercare end: PASS, FAIL, ERROR, or INCONCLUSIVE until the data could have shown the agreed fall."""
        service = doors.hypercare(programme)
        said, parts = service.exit(), service.composites()
        if json:
            answer({"verdict": said.verdict, "reasons": said.reasons, "components": parts}, as_json=True)
        else:
            rows = ((c.component or "(no component)", c.of, c.says) for c in parts)
            table("Components, gravest first", ("component", "class", "says"), rows)
            answer(None, as_json=False, text=[str(said.verdict), *(f"  {reason}" for reason in said.reasons)])
        return DONE if said.verdict == "PASS" else NO


def _counting(app: App, doors: FlowDoors) -> None:
    @app.command
    def count(
        flow: FlowId,
        day: Annotated[str, Parameter(help="the day that was counted: 2026-10-24")],
        number: Annotated[int, Parameter(help="how many there were")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Tell a day's count of a flow; telling it again with another number restates it."""
        changes = doors.flows(programme).count(flow, _day(day), number)
        lines = [f"{flow}: {number} on {day}", *(c.event.kind() for c in changes)]
        answer(facts(changes), as_json=json, text=lines)

    @app.command
    def collect(programme: Folder = Path(), json: AsJson = False) -> int:
        """Read the counts of every flow once, now. Exit 1 when a source could not be read."""
        faults = asyncio.run(doors.collector(programme).collect_all())
        text = [f"{name}: {fault}" for name, fault in faults.items()] or ["every source was read"]
        answer(faults, as_json=json, text=text)
        return NO if faults else DONE

    @app.command
    def freeze(
        *flow: Annotated[str, Parameter(help="the flows; none: all that have no baseline")],
        by: By,
        reason: Reason = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Read the history of a flow and freeze what is normal, in your name. A second time needs a reason."""
        service, collector = doors.flows(programme), doors.collector(programme)
        names = flow or _unfrozen(service)
        frozen = {name: asyncio.run(collector.freeze(name, by, reason)) for name in names}
        text = [
            f"{name}: {n.daily:.1f} a day, scatter {n.alpha:.3f}, from {n.days} days"
            + (" (short: expect twice the false alarms)" if n.is_short else "")
            for name, n in frozen.items()
        ]
        answer(frozen, as_json=json, text=text or ["every flow has a baseline"])


def _deciding(app: App, doors: FlowDoors) -> None:
    @app.command
    def take(
        flow: FlowId,
        chart: ChartName = None,
        *,
        until: Until,
        note: Note,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Take a flow's alarm in hand until a time, by name; it stays open."""
        service = doors.flows(programme)
        end = moment(until, service.now())
        service.take(flow, chart, by, end, note)
        said = f"{flow} is in {by}'s hands until {end:%a %d %b %H:%M} UTC"
        answer({"flow": flow, "by": by, "until": end}, as_json=json, text=[said])

    @app.command
    def close(
        flow: FlowId,
        chart: ChartName = None,
        *,
        cause: Annotated[Cause, Parameter(help="why the count fell")],
        note: Note,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Close a flow's alarm, by name and with a cause; its chart begins anew at nought."""
        doors.flows(programme).close(flow, chart, by, cause, note)
        said = f"{flow}: {chart or 'every'} alarm is closed by {by}: {cause}"
        answer({"flow": flow, "chart": chart, "by": by, "cause": cause}, as_json=json, text=[said])


def _signing(app: App, doors: FlowDoors) -> None:
    @app.command
    def register(programme: Folder = Path(), json: AsJson = False) -> int:
        """Every flow and consumer that existed before: its monitor, its owner, or its waiver. Exit 1 for a gap."""
        lines = doors.register(programme).lines()
        if json:
            answer(lines, as_json=True)
        else:
            rows = (
                (line.expectation.title, line.expectation.owner, ", ".join(line.expectation.monitors),
                 line.lacks or (f"waived by {line.waiver.by}" if line.waiver.until else "watched"))
                for line in lines
            )  # fmt: skip
            table("What is expected to be watched", ("what", "owner", "monitors", "stands"), rows)
        return NO if any(line.lacks for line in lines) else DONE

    @app.command
    def waive(
        subject: Annotated[str, Parameter(help="a flow, or a line of the register")],
        *,
        by: By,
        reason: Annotated[str, Parameter(help="why it need not be watched; kept in the journal")],
        until: Until,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Sign, in your name and until a time, that something is not watched. Its owner cannot."""
        service = doors.register(programme)
        end = moment(until, service.now())
        service.sign(subject, by, reason, end)
        said = f"{subject} is waived by {by} until {end:%a %d %b %Y}"
        answer({"subject": subject, "by": by, "until": end}, as_json=json, text=[said])

    @app.command
    def unwaive(
        subject: Annotated[str, Parameter(help="a flow, or a line of the register")],
        *,
        by: By,
        reason: Reason,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Withdraw a waiver: it counts as unwatched again."""
        doors.register(programme).withdraw(subject, by, reason)
        said = f"the waiver of {subject} is withdrawn by {by}"
        answer({"subject": subject, "by": by}, as_json=json, text=[said])


def _unfrozen(service: FlowService) -> tuple[str, ...]:
    return tuple(name for name in service.flows if service.state(name).normal is None)


def _row(view: FlowView) -> tuple[str, ...]:
    standing = view.standing
    status = f"{standing.status} {standing.reason}" if standing.reason else str(standing.status)
    return (view.flow.id, status, standing.detail, str(view.seen.halving) if view.seen else "nobody knows")


def _plain(view: FlowView) -> dict[str, object]:
    return {
        "flow": view.flow.id,
        "status": view.standing.status,
        "reason": view.standing.reason,
        "detail": view.standing.detail,
        "alerting": view.alerting,
        "enough": view.enough,
        "values": view.state.values,
        "threshold": view.state.threshold,
        "alarms": view.alarms,
        "seen": view.seen,
    }


def _seen(one: Detectability, waived: Mapping[str, str]) -> tuple[str, ...]:
    signed = waived.get(one.flow, "")
    by = "" if one.is_seen else one.answer or (f"waived by {signed}" if signed else "nothing")
    daily = f"{one.daily:.1f}" if one.is_frozen else f"{one.daily:.1f} (assumed)"
    return (
        one.flow, daily, str(one.halving), str(one.thirteen), hours(one.silent_hours), f"{one.see_within} days",
        "its own chart" if one.is_seen else by,
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(Problem(f"'{text}' is no day", field="DAY", expected="such as 2026-10-24")) from None
