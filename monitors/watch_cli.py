"""`cutover monitor` for whoever wires it up: rule files, tokens, downtimes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder
from cutover.cli.output import answer, table
from cutover.core.errors import Invalid, NotFound, Problem
from monitors.api import ALERTS, METRICS, heartbeat_scope
from monitors.cli import moment
from monitors.counts_api import counts_scope
from monitors.domain.flow import ApiCounts
from monitors.domain.kinds import HeartbeatCheck
from monitors.rules import rule_files

if TYPE_CHECKING:
    from cutover.web.tokens import Tokens
    from monitors.definitions import Watched
    from monitors.service import MonitorService


@dataclass(frozen=True)
class WatchDoors:
    """How the commands reach a programme's services."""

    monitors: Callable[[Path], MonitorService]
    watched: Callable[[Path], Watched]
    tokens: Callable[[Path], Tokens]
    base_url: Callable[[Path], str]


def add_watch_commands(app: App, doors: WatchDoors) -> None:
    """Put them beside the commands of checks."""
    _rules(app, doors)
    _tokens(app, doors)
    _downtimes(app, doors)


def _rules(app: App, doors: WatchDoors) -> None:
    @app.command
    def rules(
        *,
        to: Annotated[Path, Parameter(help="the folder to write to; made when missing")] = Path("rules"),
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Write what a Prometheus and an Alertmanager need: rules, their unit tests, a route, and OpenSLO documents."""
        files = rule_files(doors.watched(programme), doors.base_url(programme))
        to.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            partial = to / f"{name}.partial"
            partial.write_text(text, encoding="utf-8")
            partial.replace(to / name)
        said = [f"{to / name} written" for name in files]
        answer({"files": [str(to / name) for name in files]}, as_json=json, text=said)


def _tokens(app: App, doors: WatchDoors) -> None:
    @app.command
    def token(
        what: Annotated[str, Parameter(help="a heartbeat's or a flow's id, `alerts`, or `metrics`")],
        *,
        revoke: Annotated[bool, Parameter(negative="", help="end every token made for it until now")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Make the token by which a program reports a heartbeat, tells a flow's counts or alerts, or reads metrics; it is shown once."""
        scopes, paths = _scopes(doors.watched(programme))
        if what not in scopes:
            raise NotFound("heartbeat or flow", what, scopes)
        scope = scopes[what]
        tokens = doors.tokens(programme)
        if revoke:
            tokens.revoke(scope)
            answer(
                {"revoked": scope}, as_json=json, text=[f"every token for {scope} made until now has ended"]
            )
            return
        made, base = tokens.issue(scope), doors.base_url(programme).rstrip("/")
        path = paths[what]
        asked = "" if what == METRICS else " -X POST"
        line = f"curl -fsS{asked} -H 'Authorization: Bearer {made}' {base}{path}"
        answer({"scope": scope, "token": made, "url": base + path}, as_json=json, text=[line])


def _scopes(watched: Watched) -> tuple[dict[str, str], dict[str, str]]:
    """What a token can be made for: its scope and where it is used, by what is typed."""
    beats = [check.id for check in watched.checks if isinstance(check, HeartbeatCheck)]
    flows = [flow.id for flow in watched.flows if isinstance(flow.counts, ApiCounts)]
    scopes = {ALERTS: ALERTS, METRICS: METRICS}
    scopes |= {name: heartbeat_scope(name) for name in beats} | {name: counts_scope(name) for name in flows}
    paths = {ALERTS: "/api/v1/alertmanager", METRICS: "/metrics"}
    paths |= {name: f"/api/v1/heartbeats/{name}" for name in beats}
    return scopes, paths | {name: f"/api/v1/counts/{name}" for name in flows}


def _downtimes(app: App, doors: WatchDoors) -> None:
    @app.command
    def downtime(
        name: Annotated[str, Parameter(help="what it is called; by that it is ended")],
        *,
        by: By,
        note: Annotated[str, Parameter(help="why")] = "",
        check: Annotated[
            tuple[str, ...], Parameter(help="a check that it silences; may be given again")
        ] = (),
        component: Annotated[
            tuple[str, ...], Parameter(help="a component all of whose checks it silences")
        ] = (),
        begins: Annotated[str, Parameter(help="a duration from now or a moment with its zone")] = "0m",
        until: Annotated[str, Parameter(help="a duration from its beginning or a moment with its zone")] = "",
        end: Annotated[bool, Parameter(negative="", help="end it now")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Announce that trouble is expected: nobody is told until it ends, everything is evaluated all the same."""
        monitors = doors.monitors(programme)
        if end:
            monitors.end_downtime(name, by)
            answer({"ended": name}, as_json=json, text=[f"{name} has ended: what is still bad is told"])
            return
        if not note or not until:
            raise Invalid(Problem("a downtime says why and until when", field="--note, --until"))
        start = moment(begins, monitors.now())
        stop = moment(until, start)
        monitors.announce(name, by, start, stop, note, checks=check, components=component)
        answer(
            {"announced": name, "ends": stop}, as_json=json, text=[f"{name} until {stop:%a %d %b %H:%M} UTC"]
        )

    @app.command
    def downtimes(programme: Folder = Path(), json: AsJson = False) -> None:
        """The announced downtimes that have not ended."""
        found = doors.monitors(programme).downtimes()
        if json:
            answer(found, as_json=True)
            return
        rows = [
            (name, d.by, f"{d.begins:%a %d %H:%M}Z", f"{d.ends:%a %d %H:%M}Z", ", ".join((*d.checks, *d.components)), d.note)
            for name, d in found.items()
        ]  # fmt: skip
        table("Downtimes", ("name", "by", "begins", "ends", "of", "note"), rows)
