"""Which room answers which group of commands. Each room is imported only when one of its commands is typed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from cutover.main import Opener

if TYPE_CHECKING:
    from cutover.app.bootstrap import World


def add(app: App, group: str, opener: Opener) -> None:
    """Add one group's commands to the root."""
    if group in TOPLEVEL:
        importlib.import_module("cutover.toplevel").add(app, opener)
    else:
        app.command(_BUILDERS[group](opener))


TOPLEVEL = frozenset(
    {"demo", "rehearse", "init", "check", "schema", "doctor", "serve", "watch", "completion"}
)


def _runbook(opener: Opener) -> App:
    from cutover.app.programme_folder import ProgrammeFolder
    from runbooks.plan_cli import plan_commands

    # A plan is read and written without a database; only a forecast that learns from past runs opens one.
    return plan_commands(lambda path: ProgrammeFolder(path.resolve()), lambda path: opener(path).runs)


def _run(opener: Opener) -> App:
    from runbooks.cli import run_commands

    return run_commands(lambda path: opener(path).runs, _begin, _perform)


def _begin(*given: Any, **named: Any) -> str:
    from cutover.performing import begin  # what performs a run is loaded when one is performed

    return begin(*given, **named)


def _perform(*given: Any, **named: Any) -> int:
    from cutover.showing import perform

    return perform(*given, **named)


def _gate(opener: Opener) -> App:
    from runbooks.gate_cli import gate_commands

    return gate_commands(lambda path: opener(path).runs)


def _monitor(opener: Opener) -> App:
    from monitors.cli import commands
    from monitors.flow_cli import FlowDoors, add_flow_commands
    from monitors.watch_cli import WatchDoors, add_watch_commands

    app = commands(lambda path: opener(path).monitors, partial(_watch, opener))
    watching = WatchDoors(
        monitors=lambda path: opener(path).monitors,
        watched=lambda path: opener(path).folder.watched,
        tokens=lambda path: opener(path).tokens,
        base_url=lambda path: opener(path).settings.base_url,
    )
    add_watch_commands(app, watching)
    doors = FlowDoors(
        flows=lambda path: opener(path).flows,
        collector=lambda path: opener(path).collector(),
        register=lambda path: opener(path).register,
        hypercare=lambda path: opener(path).hypercare,
        ageing=lambda path: opener(path).ageing,
    )
    add_flow_commands(app, doors)
    return app


def _watch(opener: Opener, path: Path, standby: bool) -> Any:
    from cutover.app.watching import Watching  # what watches is loaded when somebody does

    return Watching(opener(path), standby=standby)


def _reconcile(opener: Opener) -> App:
    from cutover.reconciliation.cli import commands

    return commands(lambda path: opener(path).reconciliation)


def _paper(opener: Opener) -> App:
    from paper_capture.cli import commands
    from paper_capture.pack_cli import Room
    from paper_capture.station_cli import StationDoor, add_station

    def room(path: Path) -> Room:
        world = opener(path)
        return Room(
            paper=world.paper, images=world.paper_images, batches=world.paper_batches, keeping=world.paper_keeping,
            programme=world.folder.programme, state=world.folder.state, offline=partial(_offline_pack, world),
        )  # fmt: skip

    def door(path: Path) -> StationDoor:
        world = opener(path)
        return StationDoor(world.paper, world.folder.programme, world.tokens, world.settings.base_url)

    app = commands(lambda path: opener(path).paper, room)
    add_station(app, door)
    return app


def _offline_pack(world: World, folder: Path, at: datetime) -> list[Path]:
    """The whole of every plan with its decision rules and who calls whom, for when everything is dark."""
    from cutover.store.print_key import print_key
    from cutover.store.whole_file import write_whole
    from runbooks.print_cli import laid_out
    from runbooks.printing.packs import Kind, pack_of
    from runbooks.printing.press import Print, typeset

    how = Print(at, print_key(world.folder.state))
    laid = [laid_out(world.folder, name) for name in world.folder.runbooks]
    sheets = [
        (plan.runbook.id, sheet)
        for plan in laid
        for sheet in typeset(plan, [pack_of(plan, Kind.WHOLE, "")], how)
    ]
    return [write_whole(folder / f"{plan}-{sheet.pack.file_name}", sheet.pdf) for plan, sheet in sheets]


def _contingency(opener: Opener) -> App:
    from contingency.cli import contingency_commands
    from contingency.tracker_cli import TrackerDoors

    trackers = TrackerDoors(
        lambda path: opener(path).improvements,
        lambda path: opener(path).issues,
        lambda path: opener(path).incidents,
        lambda path: opener(path).folder.programme.zone,
    )
    return contingency_commands(
        lambda path: opener(path).contingency, lambda path: opener(path).limits, trackers
    )


def _backlog(opener: Opener) -> App:
    from contingency.backlog_cli import BacklogDoors, backlog_commands

    def staff(path: Path, shifts: Any) -> Any:
        from contingency.domain.staffing import read_shift
        from contingency.sources import staff_of

        world = opener(path)
        return staff_of(world.folder.programme, tuple(map(read_shift, shifts)) or world.folder.plays.keyers)

    return backlog_commands(
        BacklogDoors(
            lambda path: opener(path).backlog,
            lambda path: opener(path).discoveries,
            staff,
            lambda path: opener(path).tokens,
        )
    )


def _convert(opener: Opener) -> App:
    from contingency.convert_cli import convert_commands

    def stay() -> Any:
        from contingency.worker import stay

        return stay

    return convert_commands(lambda path: opener(path).conversions, stay)


def _report(opener: Opener) -> App:
    from contingency.report_cli import report_commands
    from runbooks.review_cli import add_review

    def others(path: Path, review: Any) -> Any:
        from contingency.hindsight.around import around

        return around(opener(path).report.sources, review)

    app = report_commands(lambda path: opener(path).report, lambda path: opener(path).composer)
    add_review(app, lambda path: opener(path).runs, others)
    return app


def _account(opener: Opener) -> App:
    from cutover.app.account_cli import account_commands

    return account_commands(opener)


def _api(opener: Opener) -> App:
    from cutover.app.api_cli import api_commands

    return api_commands(opener)


def _webhook(opener: Opener) -> App:
    from cutover.app.webhook_cli import webhook_commands

    return webhook_commands(opener)


def _link(opener: Opener) -> App:
    from cutover.app.account_cli import link_commands

    return link_commands(opener)


def _journal(opener: Opener) -> App:
    from cutover.app.journal_cli import journal_commands

    return journal_commands(lambda path: opener(path).journal)


def _db(opener: Opener) -> App:
    from cutover.app.journal_cli import db_commands

    return db_commands(lambda path: opener(path).journal)


def _deploy(opener: Opener) -> App:
    del opener  # Prefect's processes open no programme themselves
    from flows.cli import deploy_commands

    return deploy_commands()


_BUILDERS: dict[str, Callable[[Opener], App]] = {
    "runbook": _runbook, "run": _run, "gate": _gate, "monitor": _monitor, "reconcile": _reconcile, "paper": _paper,
    "contingency": _contingency, "backlog": _backlog, "convert": _convert, "report": _report, "account": _account, "api": _api, "webhook": _webhook, "link": _link, "journal": _journal, "db": _db,
    "deploy": _deploy,
}  # fmt: skip
