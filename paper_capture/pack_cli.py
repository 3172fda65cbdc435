"""`cutover paper pack`: a station's sheets as PDF, with the whole plan and the telephone tree for when all is dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import WHO, AsJson, Folder, Form, Station
from cutover.cli.offered import people
from cutover.cli.output import answer
from cutover.core.errors import Invalid
from cutover.domain.programme import Programme

if TYPE_CHECKING:
    from paper_capture.batches import PaperBatches
    from paper_capture.images import PaperImages
    from paper_capture.keeping import PaperKeeping
    from paper_capture.service import PaperService

Offline = Callable[[Path, datetime], Sequence[Path]]
By = Annotated[str, Parameter(env_var=["CUTOVER_BY", "USER"], help=WHO, completer=people)]


@dataclass(frozen=True)
class Room:
    """What printing and scanning need of an opened programme; `offline` prints its plan into a folder."""

    paper: PaperService
    images: PaperImages
    batches: PaperBatches
    keeping: PaperKeeping
    programme: Programme
    state: Path
    offline: Offline


Rooms = Callable[[Path], Room]


def add_pack(app: App, room: Rooms) -> None:
    @app.command
    def pack(
        *,
        station: Station,
        forms: Annotated[str, Parameter(help="forms and counts: custody:40,crime:120")],
        by: By,
        key: Annotated[
            str | None, Parameter(help="asking twice with one key prints the same pack again")
        ] = None,
        to: Annotated[Path | None, Parameter(help="a folder; default: state/packs/STATION")] = None,
        offline: Annotated[bool, Parameter(help="with the whole plan and who calls whom")] = True,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Issue sheets to a station and print them as PDF/A, with instructions, header sheets, register and the plan."""
        from cutover.store.print_key import print_key
        from cutover.store.whole_file import writable
        from paper_capture.packs import Asked, make_pack, read_forms, write_pack

        at, key = room(programme), key or f"pack-{token_hex(4)}"
        who = at.programme.person(by)
        may = frozenset(who.skills) if who else frozenset[str]()
        at.paper.check_station(station)
        asked = Asked(station, _title(at.programme, station), read_forms(forms), by, key, may)
        folder = writable(to or at.state / "packs" / station)  # before any number is given out
        made = make_pack(
            at.paper, asked, programme=at.programme.title, key=print_key(at.state), zone=at.programme.zone
        )
        with _printable_again(key):
            files = list(write_pack(made, folder))
        plan = list(at.offline(folder / "offline", made.at)) if offline else []
        said = {
            "station": station, "key": key, "files": [str(f) for f in files], "offline": [str(f) for f in plan],
            "serials": made.serials, "notes": [note for f in made.files for note in f.notes],
        }  # fmt: skip
        answer(said, as_json=json, text=_said(said))


def add_xlsform(app: App, room: Rooms) -> None:
    @app.command
    def xlsform(
        form: Form,
        *,
        to: Annotated[Path | None, Parameter(help="a file; default: state/xlsforms/FORM.xlsx")] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Write a form as XLSForm, for ODK Collect or KoBoToolbox."""
        from paper_capture.xlsform import write_xlsform

        at = room(programme)
        file = write_xlsform(at.paper.form(form), to or at.state / "xlsforms" / f"{form}.xlsx")
        answer({"file": str(file)}, as_json=json, text=[str(file)])


def _title(programme: Programme, station: str) -> str:
    return programme.at_station(station).title if programme.stations else station


def _said(said: dict[str, Any]) -> list[str]:
    total = sum(len(given) for given in said["serials"].values())
    lines = [f"{said['station']} answers for {total} sheets; print single-sided, A4, at 100 %:"]
    lines += [f"  {form}: {len(given)}, {given[0]} to {given[-1]}" for form, given in said["serials"].items()]
    lines += [f"  {file}" for file in (*said["files"], *said["offline"])]
    return [*lines, *said["notes"], f"the same pack is printed again with --key {said['key']}"]


@contextmanager
def _printable_again(key: str) -> Iterator[None]:
    """Says how to print what has its numbers and could not be written."""
    try:
        yield
    except Invalid as error:
        raise Invalid(*error.problems, f"its numbers are given out; print them with --key {key}") from error
