"""`cutover rehearse`: a game day. Your programme, in a folder of its own, against stand-ins, with faults from a file.

Nothing of the programme's own state is read or written, and nothing real is changed: each system the programme names
has a stand-in, scripts and statements only take their planned time. What a check or a reconciliation reads by an
address or a secret of its own is read for real.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import yaml
from cyclopts import Parameter

from cutover.app.programme_folder import ProgrammeFolder
from cutover.cli.output import console
from cutover.core.errors import Invalid, Problem

MARK = Path("state") / "rehearsal-of"  # what a folder of ours is known by
UNREAD = ("state", "__pycache__", ".git")


def rehearse(
    *,
    programme: Annotated[Path, Parameter(help="the programme to rehearse; it is only read")] = Path(),
    faults: Annotated[
        Path | None, Parameter(help="what goes wrong, and when; default: its faults.yaml, or nothing")
    ] = None,
    cast: Annotated[
        Path | None,
        Parameter(help="who plays, and how much paper; default: its cast.yaml, or few people and no paper"),
    ] = None,
    into: Annotated[
        Path | None,
        Parameter(help="the rehearsal's own folder; default: state/rehearsals/NAME of the programme"),
    ] = None,
    runbook: Annotated[str, Parameter(help="which plan; default: the programme's only one")] = "",
    speed: Annotated[float, Parameter(help="simulated seconds a second; 0 steps from event to event")] = 0,
    prefect: Annotated[bool, Parameter(help="show automated tasks in Prefect")] = False,
    again: Annotated[
        bool, Parameter(negative="", help="throw this rehearsal's earlier state away and begin anew")
    ] = False,
) -> int:
    """A game day: play the programme against stand-ins with your own faults, and see what noticed each of them."""
    source = ProgrammeFolder(programme.resolve())
    name = faults.stem if faults else "faults"
    folder = (into or source.path / "state" / "rehearsals" / name).resolve()
    _must_be_ours(folder)
    if (
        again or not (folder / "state" / "cutover.db").exists()
    ):  # one that goes on keeps the files it began with
        _check(source, faults, cast)
        _clear(folder)
        _lay_out(source, folder, faults, cast)
    _keep_apart()
    console.print(f"rehearsing {source.path.name} in {folder}", markup=False)
    remedy = "--again to throw it away, or --into another folder"
    return play(folder, "a rehearsal", runbook=runbook, speed=speed, prefect=prefect, remedy=remedy)


def play(
    folder: Path,
    doing: str,
    *,
    runbook: str = "",
    speed: float | None = None,
    prefect: bool = True,
    again: bool = False,
    remedy: str = "",
) -> int:
    """Go on with the folder's rehearsal that has not ended; begin one where there is none.

    One that has ended is thrown away by `again`, or where there is no `remedy` to name to who has to choose.
    """
    from cutover.app.bootstrap import build_world
    from cutover.performing import begin
    from cutover.range.rehearsal import has_open_paper
    from cutover.showing import perform
    from cutover.store.hold import held
    from runbooks.domain.run_events import RUN, RunSetup, RunType
    from runbooks.service import check_setup

    setup = check_setup(RunType.REHEARSAL, RunSetup(scenario=True, speed=speed, prefect=prefect))
    with held(folder / "state", doing):
        if again:
            thrown_away(folder)
        world = build_world(folder)
        known = world.runs.run_ids()
        unfinished = [
            n for n in known if world.runs.state(n).stage not in RUN.terminal or has_open_paper(world)
        ]
        world.engine.dispose()
        if unfinished:
            console.print(f"going on with {unfinished[-1]}", markup=False)
            return perform(folder, unfinished[-1])
        if known and remedy:
            raise Invalid(
                Problem(
                    "this folder holds a rehearsal that has ended",
                    file=str(folder / "state"),
                    expected=remedy,
                )
            )
        if known:
            console.print("the last one had ended: this one begins anew", markup=False)
            thrown_away(folder)
        return perform(folder, begin(folder, runbook, "programme-manager", RunType.REHEARSAL, setup))


def thrown_away(folder: Path) -> None:
    """Throw a rehearsal's state away, but for Prefect's own database, which takes long to make, and our own hold."""
    from cutover.store.hold import FILE as HOLD

    for part in (folder / "state").glob("*"):
        if part.name not in ("prefect", HOLD, MARK.name):
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def _must_be_ours(folder: Path) -> None:
    """A rehearsal is laid out in a new folder, or goes on in one of its own: never over somebody's files."""
    if (folder / MARK).exists() or not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    raise Invalid(
        Problem("the folder holds something that is no rehearsal", file=str(folder), expected="a new name")
    )


def _clear(folder: Path) -> None:
    """The files too: the programme, the faults or the cast may have changed since."""
    from cutover.store.hold import held

    if not (folder / MARK).exists():
        return
    with held(folder / "state", "throwing a rehearsal away"):
        thrown_away(folder)
        for part in folder.glob("*"):
            if part.name != "state":
                shutil.rmtree(part) if part.is_dir() else part.unlink()


def _check(source: ProgrammeFolder, faults: Path | None, cast: Path | None) -> None:
    """Raises Invalid with every problem, before a file is thrown away or written."""
    from cutover.range.files import rehearsal_problems

    if problems := [*source.problems(), *rehearsal_problems(source, needed=False, faults=faults, cast=cast)]:
        raise Invalid(*problems)


def _lay_out(source: ProgrammeFolder, folder: Path, faults: Path | None, cast: Path | None) -> None:
    """The programme's files as they are now, with the plan of faults and the cast."""
    (folder / MARK).parent.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(f"{source.path}\n", encoding="utf-8")
    shutil.copytree(source.path, folder, ignore=shutil.ignore_patterns(*UNREAD), dirs_exist_ok=True)
    _put(faults, folder / "faults.yaml", {"faults": []})
    _put(cast, folder / "cast.yaml", {"seed": 1})


def _put(given: Path | None, place: Path, otherwise: dict[str, object]) -> None:
    if given is not None:
        shutil.copyfile(given, place)
    elif not place.exists():
        place.write_text(yaml.safe_dump(otherwise), encoding="utf-8")


def _keep_apart() -> None:
    """The settings may name the database of the real journal: a rehearsal keeps its own, beside its files."""
    for name in ("CUTOVER_DATABASE_URL", "CUTOVER_DATABASE_URL_FILE"):
        os.environ.pop(name, None)
