"""`cutover contingency`: what is proposed, who decides, what is still open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.output import answer, table

if TYPE_CHECKING:
    from contingency.service import ContingencyService, PlayView

Folder = Annotated[Path, Parameter(help="the programme folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="answer in JSON")]
Lines = Annotated[
    list[str] | None, Parameter(name="--line", negative="", help="a checklist line that is done")
]


def contingency_commands(service: Callable[[Path], ContingencyService]) -> App:
    """The `contingency` commands. Exit 1 when the rules refuse."""
    app = App(
        name="contingency", help="Triggers and plays: what is proposed, who decides, what is still open."
    )

    @app.command
    def status(programme: Folder = Path(), json: AsJson = False) -> None:
        """Triggers that are breached, plays under way, components that are not live."""
        found = service(programme).status()
        answer(found, as_json=json, text=[f"{name}: {mode}" for name, mode in found.modes.items()])
        if not json:
            rows = (
                (t.id, t.monitor, _at(t.bad_since) or "not bad", t.play, _at(t.proposes_at))
                for t in found.triggers
            )
            table("Triggers", ("trigger", "monitor", "bad since", "play", "proposed at"), rows)
            table(
                "Plays",
                ("play", "stage", "proposed", "may decide", "decided by", "open lines"),
                map(_play, found.plays),
            )

    @app.command
    def enact(play: str, *, by: str, reason: str, programme: Folder = Path(), json: AsJson = False) -> None:
        """Enact a proposed play: its component changes mode and the stations get their blocks."""
        view = service(programme).enact(play, by=by, reason=reason)
        answer(
            view,
            as_json=json,
            text=[f"{view.title}: enacted by {view.decided_by}; {view.sheets} sheets handed out"],
        )

    @app.command
    def decline(play: str, *, by: str, reason: str, programme: Folder = Path(), json: AsJson = False) -> None:
        """Decline a proposed play, with the reason."""
        view = service(programme).decline(play, by=by, reason=reason)
        answer(view, as_json=json, text=[f"{view.title}: declined by {view.decided_by}: {view.reason}"])

    @app.command(name="stand-down")
    def stand_down(
        play: str,
        *,
        by: str,
        line: Lines = None,
        partly: bool = False,
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

    return app


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
