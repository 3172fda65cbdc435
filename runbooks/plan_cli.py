"""`cutover runbook`: import what people have, say what it lacks, when each task happens, when it will end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError

from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, NotFound, Problem, Refused
from cutover.domain.programme import Id
from runbooks.domain.forecast import SAMPLES, Forecast, forecast, latest_backout_start
from runbooks.domain.lint import Finding, Severity, lint, summary
from runbooks.domain.network import Schedule, schedule
from runbooks.formats.cells import DateOrder, slug
from runbooks.formats.files import READ, import_runbook, read_runbook, write_runbook
from runbooks.formats.table import Imported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Runbook

Here = Annotated[Path, Parameter(help="the programme folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="answer in JSON")]
Order = Annotated[
    DateOrder | None, Parameter(help="how 03/04/2026 is meant: DMY or MDY; asked for when needed")
]
NewId = Annotated[str, Parameter(name="--id", help="id of the runbook; default: made of the file's name")]
Name = Annotated[str, Parameter(help="a runbook of the programme; default: the only one")]


class Folder(Protocol):
    """What these commands need of a programme folder."""

    @property
    def path(self) -> Path: ...
    @property
    def programme(self) -> Programme: ...
    @property
    def runbooks(self) -> Mapping[str, Runbook]: ...
    def runbook(self, name: str = "") -> Runbook: ...


Open = Callable[[Path], Folder]
_ID: TypeAdapter[str] = TypeAdapter(Id)


def plan_commands(folder: Open) -> App:
    """The `runbook` commands on a programme folder."""
    app = App(name="runbook", help="Import, lint, plan and forecast a runbook.")
    _add_import(app, folder)
    _add_lint(app, folder)
    _add_plan(app, folder)
    _add_forecast(app, folder)
    return app


# --- import ---------------------------------------------------------------------------------------------


def _add_import(app: App, folder: Open) -> None:
    @app.command(name="import")
    def import_(
        *files: Annotated[Path, Parameter(help=f"the plans to read: {', '.join(READ)}")],
        id_: NewId = "",
        date_order: Order = None,
        replace: Annotated[bool, Parameter(negative="", help="write over a runbook of the same id")] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Read plans into the programme's runbooks/: all of them, or none when one is faulty."""
        place = folder(programme)
        read = _read_all(files, id_, place.programme.zone, date_order)
        _refuse_existing(place.path, read, replace=replace)
        for one in read:
            write_runbook(_file(place.path, one), one.runbook)
        answer(
            [_imported(one) for one in read], as_json=json, text=(line for one in read for line in _said(one))
        )


def _read_all(files: Sequence[Path], id_: str, zone: str, order: DateOrder | None) -> list[Imported]:
    """Read every file before anything is written; the problems of all of them come together."""
    if not files or (id_ and len(files) > 1):
        raise Invalid(
            Problem("name the files to read" if not files else "--id names one runbook: give one file")
        )
    read: list[Imported] = []
    problems: list[Problem] = []
    for path in files:
        try:
            read.append(_named(import_runbook(path, zone=zone, date_order=order), id_))
        except Invalid as error:
            problems += error.problems
    ids = [one.runbook.id for one in read]
    problems += [
        Problem(f"two files would become runbook '{twice}'") for twice in {i for i in ids if ids.count(i) > 1}
    ]
    if problems:
        raise Invalid(*problems)
    return read


def _named(one: Imported, id_: str) -> Imported:
    if not id_:
        return one
    try:
        _ID.validate_python(id_)
    except ValidationError as error:
        raise Invalid(
            Problem(
                f"'{id_}' is not an id",
                field="--id",
                expected="letters, digits, '.', '_' and '-'",
                nearest=slug(id_),
            )
        ) from error
    return Imported(one.runbook.model_copy(update={"id": id_}), one.kept, one.notes)


def _refuse_existing(path: Path, read: Iterable[Imported], *, replace: bool) -> None:
    there = [one.runbook.id for one in read if _file(path, one).exists()]
    if there and not replace:
        raise Refused(
            *(f"runbook '{name}' exists: import under another --id, or with --replace" for name in there)
        )


def _file(path: Path, one: Imported) -> Path:
    return path / "runbooks" / f"{one.runbook.id}.yaml"


def _imported(one: Imported) -> dict[str, object]:
    tasks = one.runbook.tasks
    return {
        "runbook": one.runbook.id,
        "tasks": len(tasks),
        "links": sum(len(task.after) for task in tasks),
        "columns_kept": one.kept,
        "notes": one.notes,
    }


def _said(one: Imported) -> list[str]:
    tasks, links = _imported(one)["tasks"], _imported(one)["links"]
    kept = [f"  columns kept as they are: {', '.join(one.kept)}"] if one.kept else []
    lacks = [f"  {line}" for line in summary(one.runbook, lint(one.runbook))]
    notes = [f"  note: {note}" for note in one.notes]
    return [f"runbook {one.runbook.id}: {tasks} tasks, {links} links", *kept, *notes, *lacks]


# --- lint -----------------------------------------------------------------------------------------------


def _add_lint(app: App, folder: Open) -> None:
    @app.command(name="lint")
    def lint_(
        name: Annotated[str, Parameter(help="a runbook of the programme, or a file; default: all")] = "",
        *,
        full: Annotated[
            bool, Parameter(name="--all", negative="", help="every finding, not only the graver")
        ] = False,
        date_order: Order = None,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Say what the plan lacks and how to mend it. Exit 1 when anything would stop or endanger a run."""
        context, books = _meant(folder, programme, name, date_order)
        found = {book.id: lint(book, context) for book in books}
        lacks = {book.id: summary(book, found[book.id]) for book in books}
        if json:
            answer(
                [{"runbook": b.id, "lacks": lacks[b.id], "findings": found[b.id]} for b in books],
                as_json=True,
            )
        else:
            for book in books:
                _show_findings(book, found[book.id], lacks[book.id], full=full)
        return NO if any(f.severity is Severity.ERROR for one in found.values() for f in one) else DONE


def _meant(
    folder: Open, programme: Path, name: str, order: DateOrder | None
) -> tuple[Programme | None, list[Runbook]]:
    """The runbooks to look at, and the programme they belong to: a file may be looked at without one."""
    file = Path(name)
    if name and (file.suffix or file.is_file()) and not _has(programme, name):
        context = folder(programme).programme if (programme / "programme.yaml").exists() else None
        return context, [read_runbook(file, zone=context.zone if context else "UTC", date_order=order)]
    place = folder(programme)
    books = [place.runbook(name)] if name else list(place.runbooks.values())
    if not books:
        raise NotFound("runbook", "any")
    return place.programme, books


def _has(programme: Path, name: str) -> bool:
    return (programme / "runbooks" / f"{name}.yaml").exists()


def _show_findings(book: Runbook, found: Sequence[Finding], lacks: Sequence[str], *, full: bool) -> None:
    answer(
        None, as_json=False, text=[f"{book.id}: {len(book.tasks)} tasks", *(f"  {line}" for line in lacks)]
    )
    shown = [f for f in found if full or f.severity is Severity.ERROR]
    if shown:
        rows = ((f.severity, f.task, f.message, f.fix) for f in shown)
        table("Findings", ("severity", "task", "what", "fix"), rows)
    if len(shown) < len(found):
        answer(None, as_json=False, text=[f"{len(found) - len(shown)} more findings: --all shows each"])


# --- plan and forecast ----------------------------------------------------------------------------------


def _add_plan(app: App, folder: Open) -> None:
    @app.command
    def plan(name: Name = "", *, programme: Here = Path(), json: AsJson = False) -> None:
        """When each task happens if all goes to plan, its float, and the critical path."""
        place = folder(programme)
        book = place.runbook(name)
        timing = schedule(book.tasks, place.programme.opens)
        if json:
            answer(_plan(book, timing, place.programme), as_json=True)
        else:
            _show_plan(book, timing, place.programme)


def _plan(book: Runbook, timing: Schedule, programme: Programme) -> dict[str, object]:
    return {
        "runbook": book.id,
        "opens": timing.opens,
        "finish": timing.finish,
        "closes": programme.closes,
        "critical_path": timing.critical_path,
        "tasks": list(timing.slots.values()),
    }


def _show_plan(book: Runbook, timing: Schedule, programme: Programme) -> None:
    tasks = book.by_id()
    rows = (
        (
            "*" if slot.critical else "",
            slot.task,
            tasks[slot.task].title,
            tasks[slot.task].owner or tasks[slot.task].team,
            show(slot.early_start, programme.zone),
            show(slot.early_finish, programme.zone),
            show_duration(slot.total_float),
        )
        for slot in sorted(timing.slots.values(), key=lambda s: s.early_start)
    )
    table(f"{book.title} (* critical)", ("", "task", "title", "who", "start", "finish", "float"), rows)
    spare = programme.closes - timing.finish
    word = "before" if spare.total_seconds() >= 0 else "AFTER"
    answer(
        None,
        as_json=False,
        text=[
            f"critical path: {' -> '.join(timing.critical_path)}",
            f"ends {show(timing.finish, programme.zone)}, {show_duration(abs(spare))} {word} the window closes",
        ],
    )


def _add_forecast(app: App, folder: Open) -> None:
    @app.command(name="forecast")
    def forecast_(
        name: Name = "",
        *,
        samples: Annotated[int, Parameter(help="how many ends to sample")] = SAMPLES,
        seed: Annotated[int, Parameter(help="the same seed gives the same answer")] = 1,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """When the plan will end, how surely, and until when one can still turn back."""
        if samples < 1:
            raise Invalid(Problem(f"{samples} is too few", field="--samples", expected="1 or more"))
        place = folder(programme)
        seen = forecast(place.runbook(name).tasks, place.programme.opens, seed=seed, samples=samples)
        answer(_forecast(seen, place.programme), as_json=json, text=_forecast_lines(seen, place.programme))


def _forecast(seen: Forecast, programme: Programme) -> dict[str, object]:
    return {
        "p50": seen.p50,
        "p80": seen.p80,
        "p95": seen.p95,
        "closes": programme.closes,
        "chance_to_miss": seen.chance_to_miss(programme.closes),
        "latest_backout_start": latest_backout_start(programme.closes, programme.window.backout),
        "samples": seen.samples,
        "assumptions": seen.assumptions,
    }


def _forecast_lines(seen: Forecast, programme: Programme) -> list[str]:
    zone, backout = programme.zone, programme.window.backout
    return [
        f"ends by {show(seen.p50, zone)} with a chance of 50 %",
        f"        {show(seen.p80, zone)} with a chance of 80 %",
        f"        {show(seen.p95, zone)} with a chance of 95 %",
        f"window closes {show(programme.closes, zone)}: chance to miss it {seen.chance_to_miss(programme.closes):.1%}",
        f"latest safe backout {show(latest_backout_start(programme.closes, backout), zone)} (the way back takes {show_duration(backout)})",
        *(f"assumed: {line}" for line in seen.assumptions),
    ]
