"""`cutover contingency` and `cutover convert`: decide a play, bring paper back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.errors import Invalid, Problem

if TYPE_CHECKING:
    from contingency.conversions import BatchReport, ConversionService
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


def convert_commands(service: Callable[[Path], ConversionService]) -> App:
    """The `convert` commands."""
    app = App(name="convert", help="Verified paper into the target: highest risk first, each once.")

    @app.command
    def run(
        *,
        by: Annotated[str, Parameter(help="in whose name the records are entered")],
        batch: Annotated[int, Parameter(help="records a batch")] = 200,
        batches: Annotated[int, Parameter(help="stop after so many; 0 for no limit")] = 0,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Convert batch after batch until nothing is left to send. Exit 1 when some got no answer."""
        reports = asyncio.run(_run(service(programme), by, batch, batches))
        unanswered = sum(len(r.unanswered) for r in reports)
        done, matched, rejected = (
            sum(len(getattr(r, k)) for r in reports) for k in ("converted", "matched", "rejected")
        )
        text = [
            f"{done} converted, {matched} need a person, {rejected} rejected, {unanswered} without an answer"
        ]
        answer(reports, as_json=json, text=text)
        return NO if unanswered else DONE

    @app.command
    def status(check: bool = False, programme: Folder = Path(), json: AsJson = False) -> int:
        """How many serials stand where; with --check, conversions against target records one to one (exit 1 unless it holds)."""
        conversions = service(programme)
        compared = asyncio.run(conversions.one_to_one()) if check else None
        counts = conversions.status()
        answer({"counts": counts, "one_to_one": compared}, as_json=json)
        if not json:
            table("Conversions", ("progress", "serials"), counts.items())
            if compared is not None:
                answer(None, as_json=False, text=[f"one to one: {'holds' if compared.holds else compared}"])
        return DONE if compared is None or compared.holds else NO

    @app.command
    def match(
        serial: str = "",
        *,
        merge: str = "",
        link: str = "",
        distinct: str = "",
        by: str = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Show the matches that wait for a person, or decide one: --merge REF, --link REF or --distinct REASON, with --by."""
        conversions = service(programme)
        if serial:
            _decide(conversions, serial, {"merge": merge, "link": link, "distinct": distinct}, by)
        waiting = conversions.matches()
        answer(waiting, as_json=json)
        if not json:
            rows = (
                (serial, c.reference, f"{c.score:.0%}", c.reason) for serial, found in waiting for c in found
            )
            table("Matches for a person", ("serial", "may be", "alike", "why"), rows)

    return app


async def _run(service: ConversionService, by: str, batch: int, batches: int) -> list[BatchReport]:
    reports: list[BatchReport] = []
    while not batches or len(reports) < batches:
        reports.append(await service.convert_batch(batch, by=by))
        if reports[-1].left <= 0 or reports[-1].unanswered:
            break
    return reports


def _decide(service: ConversionService, serial: str, verdict: dict[str, str], by: str) -> None:
    given = {name: value for name, value in verdict.items() if value}
    if len(given) != 1 or not by:
        raise Invalid(
            Problem(
                "deciding a match takes one verdict and a name",
                expected="--merge REF, --link REF or --distinct REASON, and --by",
            )
        )
    ((name, value),) = given.items()
    if name == "merge":
        service.confirm_match(serial, merge_into=value, by=by)
    elif name == "link":
        service.link(serial, to=value, by=by)
    else:
        service.dismiss_match(serial, by=by, reason=value)


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
