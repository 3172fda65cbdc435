"""`cutover paper import` and `link`: a station's spreadsheet taken in, a station's PC made known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Folder, Station
from cutover.cli.output import answer
from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Programme
from paper_capture.pack_cli import By

if TYPE_CHECKING:
    from cutover.web.tokens import Tokens
    from paper_capture.service import PaperService


@dataclass(frozen=True)
class StationDoor:
    """What these commands need of an opened programme."""

    paper: PaperService
    programme: Programme
    tokens: Tokens
    base_url: str


Doors = Callable[[Path], StationDoor]


def add_station(app: App, doors: Doors) -> None:
    _add_import(app, doors)
    _add_link(app, doors)


def _add_import(app: App, doors: Doors) -> None:
    @app.command(name="import")
    def import_(
        file: Annotated[Path, Parameter(help="CSV or XLSX: a row for each sheet")],
        *,
        station: Station,
        by: By,
        good_rows: Annotated[
            bool, Parameter(negative="", help="take the good rows although others are bad")
        ] = False,
        rejects: Annotated[Path | None, Parameter(help="where to write the rows turned away, as CSV")] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Take in the log that a station kept in a spreadsheet; exit 1 when a row is turned away."""
        from cutover.store.whole_file import write_whole
        from paper_capture.bulk import import_file
        from paper_capture.station import StationDesk

        door = doors(programme)
        _check(door, station)
        found = import_file(
            StationDesk(door.paper),
            station,
            file.name,
            _content(file),
            by=by,
            zone=door.programme.zone,
            good_rows=good_rows,
        )
        if rejects is not None and found.turned:
            write_whole(rejects, found.rejects())
        said = [
            f"{found.taken} of {found.rows} rows taken, {found.again} were there before, {len(found.turned)} turned away"
        ]
        said += [f"row {t.number} {t.serial}: {t.reason}" for t in found.turned]
        answer(found, as_json=json, text=said)
        return int(bool(found.turned))


def _add_link(app: App, doors: Doors) -> None:
    @app.command
    def link(
        station: Station,
        *,
        revoke: Annotated[bool, Parameter(negative="", help="end every link made for it until now")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """The link that makes a PC known as a station's: it sees and writes that station's sheets and nothing else."""
        from cutover.web.tokens import station_scope

        door = doors(programme)
        _check(door, station)
        if revoke:
            door.tokens.revoke(station_scope(station))
            answer(
                {"station": station, "revoked": True},
                as_json=json,
                text=[f"{station}: every PC must be made known anew"],
            )
            return
        address = (
            f"{door.base_url.rstrip('/')}/station/{station}#token={door.tokens.issue(station_scope(station))}"
        )
        where = f"for pages served at {door.base_url}; another address is set by CUTOVER_BASE_URL"
        answer({"station": station, "link": address}, as_json=json, text=[address, where])


def _check(door: StationDoor, station: str) -> None:
    if not door.programme.stations:
        expected = "in programme.yaml, such as `stations: [{id: central, title: Central}]`"
        raise Invalid(Problem("the programme declares no station", field="stations", expected=expected))
    door.programme.at_station(station)


def _content(file: Path) -> bytes:
    from paper_capture.station_sheets import MOST_BYTES

    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(Problem(f"cannot be read: {error.strerror}", str(file))) from error
