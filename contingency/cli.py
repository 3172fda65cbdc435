"""`cutover contingency`: what is proposed, who decides, what is still open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from contingency.tracker_cli import TrackerDoors, add_trackers
from cutover.cli.asked import AsJson, By, Folder, Play, Reason, Serial
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.clock import read_moment

if TYPE_CHECKING:
    from contingency.limits import LimitService
    from contingency.service import ContingencyService, PlayView

Lines = Annotated[
    list[str] | None, Parameter(name="--line", negative="", help="a checklist line that is done")
]


def contingency_commands(
    service: Callable[[Path], ContingencyService],
    limits: Callable[[Path], LimitService] | None = None,
    trackers: TrackerDoors | None = None,
) -> App:
    """The `contingency` commands. Exit 1 when the rules refuse."""
    app = App(
        name="contingency", help="Triggers and plays: what is proposed, who decides, what is still open."
    )
    _looking(app, service)
    _deciding(app, service)
    _doing(app, service)
    _handing_over(app, service)
    if limits is not None:
        _limits(app, limits)
    if trackers is not None:
        add_trackers(app, trackers)
    return app


def _limits(app: App, service: Callable[[Path], LimitService]) -> None:
    @app.command
    def limits(
        limit: Annotated[int, Parameter(help="how many at most")] = 50,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """The time limits that run on paper and in the register, due first first. Exit 1 when one is missed."""
        found = service(programme).running(limit)
        answer(found, as_json=json)
        if not json:
            rows = ((one.record, one.title, _at(one.due_at), one.left) for one in found)
            table("Time limits", ("record", "limit", "due", "how it stands"), rows)
        return NO if any(one.status == "breached" for one in found) else DONE


def _looking(app: App, service: Callable[[Path], ContingencyService]) -> None:
    @app.command
    def status(programme: Folder = Path(), json: AsJson = False) -> None:
        """Triggers that are breached, plays under way, components that are not live."""
        found = service(programme).status()
        named = [f"{play.play}: {play.stage} as {play.id.removeprefix('play:')}" for play in found.plays]
        modes = [f"{name}: {mode}" for name, mode in found.modes.items()]
        answer(found, as_json=json, text=[*modes, *named])
        if not json:
            rows = (
                (t.id, f"{t.monitor} {t.breach}", _at(t.bad_since) or "not bad", t.play, _at(t.proposes_at))
                for t in found.triggers
            )
            table("Triggers", ("trigger", "waits on", "bad since", "play", "proposed at"), rows)
            table(
                "Plays",
                ("play", "stage", "proposed", "may decide", "decided by", "open lines"),
                map(_play, found.plays),
            )
            if found.ways_back:
                ways = ((way.title, way.worth, f"{way.left:.0%}", way.says) for way in found.ways_back)
                table("Way back to the old system", ("component", "worth", "left", "why"), ways)


def _deciding(app: App, service: Callable[[Path], ContingencyService]) -> None:
    @app.command
    def enact(
        play: Play, *, by: By, reason: Reason, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Enact a proposed play: its component changes mode and the stations get their blocks."""
        view = service(programme).enact(play, by=by, reason=reason)
        done = f"enacted by {view.decided_by}; {view.sheets} sheets handed out"
        agreed = f"{', '.join(view.backed)} agreed; more must"
        answer(view, as_json=json, text=[f"{view.title}: {done if view.decided_by else agreed}"])

    @app.command
    def decline(
        play: Play, *, by: By, reason: Reason, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Decline a proposed play, with the reason."""
        view = service(programme).decline(play, by=by, reason=reason)
        answer(view, as_json=json, text=[f"{view.title}: declined by {view.decided_by}: {view.reason}"])

    @app.command(name="stand-down")
    def stand_down(
        play: Play,
        *,
        by: By,
        line: Lines = None,
        partly: Annotated[
            bool, Parameter(negative="", help="only the lines named are done; the play goes on")
        ] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """End a play: all its checklist lines done, its component back. With --partly only the lines named are done."""
        plays = service(programme)
        done = line or []
        view = (
            plays.do_lines(play, by=by, lines=done)
            if partly
            else plays.stand_down(play, by=by, checklist=done)
        )
        left = f"; open: {', '.join(view.open_lines)}" if view.open_lines else ""
        answer(view, as_json=json, text=[f"{view.title}: {view.stage.replace('_', ' ')}{left}"])


def _doing(app: App, service: Callable[[Path], ContingencyService]) -> None:
    """What is done beside deciding: proposed by hand, step by step."""

    @app.command
    def propose(
        play: Play, *, by: By, reason: Reason, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Propose a play before its trigger does; who decides it stays as declared."""
        view = service(programme).propose(play, by=by, reason=reason)
        answer(view, as_json=json, text=[f"{view.title}: proposed; {' or '.join(view.deciders)} decides"])

    @app.command
    def incidents(programme: Folder = Path(), json: AsJson = False) -> None:
        """Where all incidents stand: open, explained, closed; by verified cause; the oldest that is open."""
        found = service(programme).incidents.sum()
        answer(found, as_json=json)
        if not json:
            table("Incidents", ("stage", "incidents"), sorted(found.stages.items()))
            table("Verified causes", ("cause", "incidents"), sorted(found.causes.items()))

    @app.command
    def step(
        play: Play,
        step: Annotated[str, Parameter(help="the step, by its id in the play")],
        *,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Record a step of an enacted play as done."""
        view = service(programme).do_step(play, step, by=by)
        left = ", ".join(view.open_steps) or "none"
        answer(view, as_json=json, text=[f"{view.title}: {step} is done; steps left: {left}"])


def _handing_over(app: App, service: Callable[[Path], ContingencyService]) -> None:
    @app.command(name="hand-over")
    def hand_over(
        play: Play,
        serial: Serial,
        *,
        by: By,
        signed_by: Annotated[str, Parameter(help="name and rank of who takes the record over")],
        reference: Annotated[str, Parameter(help="its number in the live system")],
        clock: Annotated[
            list[str] | None,
            Parameter(
                name="--clock", negative="", help="RULE=MOMENT as the live system shows it; for each clock"
            ),
        ] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Hand an open record over live, with each of its clocks. Exit 1 when one differs or is missing."""
        plays = service(programme)
        plays.hand_over(
            play, serial, by=by, signed_by=signed_by, reference=reference, clocks=_clocks(clock or [])
        )
        left = plays.open_records(play)
        answer(
            {"open": left},
            as_json=json,
            text=[f"{serial} is live as {reference}; still open on paper: {len(left)}"],
        )


def _clocks(given: list[str]) -> dict[str, datetime]:
    found = {}
    for one in given:
        rule, _, moment = one.partition("=")
        found[rule] = read_moment(moment, "UTC")
    return found


def _play(view: PlayView) -> tuple[object, ...]:
    return (
        view.play,
        view.stage,
        _at(view.proposed_at),
        ", ".join(view.deciders),
        view.decided_by,
        ", ".join(view.open_lines),
    )


def _at(moment: datetime | None) -> str:
    return f"{moment:%a %d %b %H:%M}Z" if moment else ""
