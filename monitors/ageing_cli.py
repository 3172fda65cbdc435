"""`cutover monitor ageing` and `settle`: what waits longest, whether every item is somewhere, what a gap turned out to be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from monitors.domain.ageing import clearance
from monitors.domain.suspicion import Origin, Stage

if TYPE_CHECKING:
    from monitors.ageing_service import AgeingService, AgeingView

COLUMNS = (
    "check",
    "oldest",
    "due",
    "waiting",
    "over standard",
    "unaccounted",
    "grew in 7 days",
    "clears in",
    "looked at",
)


def add_ageing(app: App, service: Callable[[Path], AgeingService]) -> None:
    @app.command
    def ageing(programme: Folder = Path(), json: AsJson = False) -> int:
        """The last look at every register: what waits longest, what is in no list. Exit 1 when something is suspected."""
        ageing = service(programme)
        views = ageing.all()
        if json:
            answer(views, as_json=True)
        else:
            table("Ageing, the oldest first", COLUMNS, (_row(view, ageing.now()) for view in views))
        return NO if any(view.suspicion.stage is Stage.SUSPECTED for view in views) else DONE

    @app.command
    def settle(
        check: Annotated[str, Parameter(help="the ageing check whose balance broke")],
        *,
        origin: Annotated[Origin, Parameter(help="what the suspected backlog turned out to be")],
        note: Annotated[str, Parameter(help="how it was found out; kept in the journal")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say, in your name, what a suspected backlog was."""
        service(programme).settle(check, by, origin, note)
        said = f"{check}: settled by {by}: {origin}"
        answer({"check": check, "by": by, "origin": origin}, as_json=json, text=[said])


def _row(view: AgeingView, now: datetime) -> tuple[str, ...]:
    of = view.ages
    if of is None or view.at is None:
        return (view.check.id, "never looked at", *[""] * 7)
    first = of.oldest[0] if of.oldest else None
    return (
        view.check.id,
        first.id if first else "",
        f"{first.due:%a %d %b %H:%M}Z" if first else "",
        str(of.unacted),
        str(of.over_standard),
        str(of.unaccounted),
        f"{of.net_flow:+d}",
        clearance(of),
        f"{view.at:%a %d %b %H:%M}Z" + (", stale" if view.is_stale(now) else ""),
    )
