"""Every page of a programme, in one server: board, health, report, journal; and the metrics Prometheus scrapes."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from contingency.domain.triggers import PlayStage
from contingency.web import report_page
from cutover.app.bootstrap import World
from cutover.cli.output import console
from cutover.reconciliation.web import reconciliation_page
from cutover.web.journal import journal_page
from cutover.web.kit import Panel, build_app
from cutover.web.serving import serve as run_server
from monitors.web import pages as health_pages
from runbooks.plan_web import pages as plan_pages
from runbooks.web import pages as board_pages


def serve(world: World, *, host: str = "", port: int | None = None) -> None:
    """Serve until interrupted. Raises Unavailable when the port is taken."""
    stop = threading.Event()
    programme, clock = world.folder.programme, world.clock
    pages = [
        *board_pages(
            world.runs, world.desk, programme, clock, extras=lambda: _contingency(world), refine=True
        ),
        *plan_pages(world.runs, world.folder.runbooks, programme, clock),
        *health_pages(
            world.monitors, world.ledger, world.desk, programme, clock, extras=lambda: _plays(world)
        ),
        reconciliation_page(world.reconciliation, programme.zone),
        report_page(world.report),
        journal_page(world.journal, programme.zone),
    ]
    app = build_app(programme.title, pages, world.journal, stop)
    settings = world.settings
    run_server(
        app,
        stop,
        host=host or settings.host,
        port=settings.port if port is None else port,
        ready=lambda url: console.print(f"the board is at {url}", markup=False),
    )


def _contingency(world: World) -> Sequence[Panel]:
    """What the board says of plays and paper, in a panel each."""
    on_the_way = world.paper.count(
        ("used", "returned", "keyed_once", "keyed_twice", "discrepant", "verified")
    )
    out, done = world.paper.count(("issued",)), world.paper.count(("disposed",))
    rows = (
        ("blank sheets at stations", f"{out:,}"),
        ("written, not yet brought back", f"{on_the_way:,}"),
        ("brought back", f"{done:,}"),
    )
    return [*_plays(world), Panel("Paper", rows, "/report")]


def _plays(world: World) -> Sequence[Panel]:
    open_ = world.contingency.plays([PlayStage.PROPOSED, PlayStage.ENACTED, PlayStage.STANDING_DOWN])
    rows = tuple(
        (
            play.title,
            f"{play.stage}: "
            + (f"by {play.decided_by}" if play.decided_by else f"waits for {' or '.join(play.deciders)}"),
        )
        for play in open_
    )
    return [Panel("Plays", rows, "/journal")] if rows else []
