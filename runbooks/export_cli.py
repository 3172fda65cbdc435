"""`cutover runbook export`: a plan in the form that its readers have, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer
from cutover.core.errors import Invalid, Problem, Refused, nearest
from runbooks.cli_words import Name, Open

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Runbook

To = Annotated[
    Path, Parameter(help="where to: .xlsx .csv .tsv .yaml .md .xml .html, or .ics for a folder of calendars")
]
WithoutNames = Annotated[
    bool, Parameter(name="--without-names", negative="", help="roles and teams only, no names of people")
]
Over = Annotated[bool, Parameter(name="--replace", negative="", help="write over a file that is there")]
_Write = Callable[[Path, "Runbook", "Programme", Collection[str]], object]


def add_export(app: App, folder: Open) -> None:
    @app.command(name="export")
    def export_(
        name: Name = "",
        *,
        to: To,
        without_names: WithoutNames = False,
        replace: Over = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Write a plan for others. Sheets and YAML read back equal: import shows what people changed in them."""
        write = _writer(to)
        if to.exists() and to.is_file() and not replace:
            raise Refused(f"{to} exists: export under another name, or with --replace")
        place = folder(programme)
        book = place.runbook(name)
        omit: Collection[str] = ()
        if without_names:
            from runbooks.domain.roles_only import PEOPLE_FIELDS
            from runbooks.domain.roles_only import without_names as roles_only

            book, omit = roles_only(book, place.programme), PEOPLE_FIELDS
        write(to, book, place.programme, omit)
        answer(
            {"runbook": book.id, "tasks": len(book.tasks), "file": str(to), "without_names": without_names},
            as_json=json,
            text=[f"runbook {book.id}: {len(book.tasks)} tasks written to {to}"],
        )


def _writer(to: Path) -> _Write:
    suffix = to.suffix.lower()
    if suffix not in WRITERS:
        near = nearest(suffix, WRITERS)
        message = f"'{suffix or to.name}' files are not written"
        raise Invalid(Problem(message, field="--to", expected=f"one of {', '.join(WRITERS)}", nearest=near))
    return WRITERS[suffix]


def _xlsx(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.domain.timing.network import schedule
    from runbooks.formats.xlsx_out import write_xlsx

    write_xlsx(to, book, zone=programme.zone, timing=schedule(book.tasks, programme.opens), omit=omit)


def _csv(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.csv_out import write_csv

    del programme
    write_csv(to, book, omit=omit)


def _yaml(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.files import write_runbook

    del programme, omit
    write_runbook(to, book)


def _markdown(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.markdown import write_markdown

    del programme, omit
    write_markdown(to, book)


def _mspdi(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.mspdi import write_mspdi

    del omit
    write_mspdi(to, book, programme)


def _html(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.html import write_html

    del omit
    write_html(to, book, programme)


def _ics(to: Path, book: Runbook, programme: Programme, omit: Collection[str]) -> None:
    from runbooks.formats.ics import write_ics

    del omit
    write_ics(to, book, programme)


WRITERS: Mapping[str, _Write] = {
    ".xlsx": _xlsx,
    ".csv": _csv,
    ".tsv": _csv,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".md": _markdown,
    ".xml": _mspdi,
    ".html": _html,
    ".ics": _ics,
}
