"""`cutover paper`: hand out, log, take back and key sheets, and say where every serial is.

Exit 1 when an identity does not hold (`verify`) or when the register is not closed (`account`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Decider, Folder, Form, Reason, Serial, Station
from cutover.cli.output import answer, facts, table
from cutover.core.errors import Invalid, Problem
from paper_capture.aside_cli import add_aside
from paper_capture.domain.moves import Entry, Grade, Person, UsedSheet
from paper_capture.keep_cli import add_keeping
from paper_capture.pack_cli import By, Rooms, add_pack, add_xlsform
from paper_capture.scan_cli import add_scan

if TYPE_CHECKING:
    from cutover.core.event import Recorded
    from paper_capture.domain.register import Account, Identity
    from paper_capture.service import PaperService

Fields = Annotated[
    list[str] | None, Parameter(name="--value", negative=(), help="field=answer, once per field")
]
Service = Callable[[Path], "PaperService"]
SHOWN = 10


def commands(service: Service, room: Rooms | None = None) -> App:
    """The sub-app; `service` opens a programme folder, `room` all that printing and scanning need of it."""
    app = App(name="paper", help="Controlled stationery: from the printed number to the record it became.")
    _handing_out(app, service)
    _logging(app, service)
    _taking_back(app, service)
    _keying(app, service)
    _accounting(app, service)
    if room is not None:
        add_pack(app, room)
        add_xlsform(app, room)
        add_scan(app, room)
        add_keeping(app, room)
        add_aside(app, room)
    return app


def _handing_out(app: App, service: Service) -> None:
    @app.command
    def issue(
        station: Station,
        form: Form,
        count: Annotated[int, Parameter(help="how many sheets")],
        *,
        by: By,
        key: Annotated[
            str | None, Parameter(help="asked again under the same key, nothing more is handed out")
        ] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Hand COUNT sheets of FORM to STATION; with --key, asking twice hands them out once."""
        serials = service(programme).issue(station=station, form_type=form, count=count, by=by, key=key)
        said = f"{station} answers for {len(serials)} sheets: {serials[0]} to {serials[-1]}"
        answer({"station": station, "serials": serials}, as_json=json, text=[said])


def _logging(app: App, service: Service) -> None:
    @app.command
    def log(
        serial: Serial,
        *,
        station: Station,
        writer: Annotated[str, Parameter(help="who wrote on it: name or number")],
        occurred: Annotated[str, Parameter(help="when it happened, with its offset")],
        written: Annotated[str, Parameter(help="when it was written, with its offset")],
        by: By,
        grade: Grade = Grade.STANDARD,
        surname: Annotated[str, Parameter(help="of whom it is about")] = "",
        forename: Annotated[str, Parameter(help="of whom it is about")] = "",
        dob: Annotated[str, Parameter(help="date of birth: 1989-04-30")] = "",
        value: Fields = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Log a used sheet; times with their offset, such as 2026-10-25T01:30+01:00."""
        used = UsedSheet(
            serial=serial, station=station, writer=writer, grade=grade,
            occurred_at=_moment("--occurred", occurred), written_at=_moment("--written", written),
            person=Person(surname=surname, forename=forename, dob=_day(dob)) if surname else None, values=_values(value),
        )  # fmt: skip
        _say(service(programme).log_used([used], by=by), json=json)


def _taking_back(app: App, service: Service) -> None:
    @app.command(name="return")
    def take_back(
        *serials: Serial,
        by: By,
        unused: Annotated[bool, Parameter(negative=(), help="they are blank")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Take in used sheets for keying, or blank ones with --unused."""
        paper = service(programme)
        _say(
            paper.return_unused(serials, by=by) if unused else paper.return_sheets(serials, by=by), json=json
        )

    @app.command
    def spoil(
        serial: Serial, reason: Reason, *, by: By, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Void a sheet; it is kept."""
        _say(service(programme).spoil(serial, by=by, reason=reason), json=json)

    @app.command
    def missing(
        serial: Serial,
        reason: Reason,
        *,
        decided_by: Decider,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Give a sheet up for lost, on the word of a named decision-maker."""
        _say(
            service(programme).declare_missing(serial, by=by, decided_by=decided_by, reason=reason), json=json
        )


def _keying(app: App, service: Service) -> None:
    @app.command
    def enter(
        serial: Serial,
        *,
        minutes: Annotated[float, Parameter(help="how long the keying took, in minutes: 12.5")],
        by: By,
        value: Fields = None,
        pass_no: Annotated[int, Parameter(name="--pass", help="1, or 2 by another person")] = 1,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Key one pass of a sheet, without sight of the other."""
        if not isfinite(minutes):
            raise Invalid(
                Problem(
                    f"{minutes:g} is no time to key a sheet in", "--minutes", expected="minutes, such as 12.5"
                )
            )
        entry = Entry(serial=serial, pass_no=pass_no, keyer=by, values=_values(value), minutes=minutes)
        _say(service(programme).enter([entry]), json=json)

    @app.command
    def adjudicate(
        serial: Serial, *, by: By, value: Fields = None, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Decide the fields on which two passes differ, as a third person, from the paper."""
        _say(service(programme).adjudicate(serial, by=by, values=_values(value)), json=json)


def _accounting(app: App, service: Service) -> None:
    @app.command
    def verify(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Hold the register against itself; exit 1 naming every serial for which an identity does not hold."""
        found = service(programme).account()
        answer(found.identities, as_json=json, text=map(_identity, found.identities))
        return int(not found.holds)

    @app.command
    def account(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Where every serial is; exit 1 while any is outstanding, waiting or unexplained."""
        found = service(programme).account()
        answer(found, as_json=json, text=_account(found))
        return int(not found.is_closed)

    @app.command
    def show(serial: Serial, *, programme: Folder = Path(), json: AsJson = False) -> None:
        """The life of one sheet: who, when, where and why."""
        paper = service(programme)
        sheet, moves = paper.sheet(serial), paper.history(serial)
        answer(
            {"sheet": sheet, "moves": facts(moves)},
            as_json=json,
            text=[f"{sheet.serial}: {sheet.form_type}, {sheet.stage}"],
        )
        if not json:
            table(
                "Moves",
                ("when", "what", "who", "position"),
                [(f"{m.at:%a %d %b %H:%M}Z", m.event.kind(), m.actor, m.position) for m in moves],
            )


def _say(moves: Sequence[Recorded], *, json: bool) -> None:
    answer(
        facts(moves),
        as_json=json,
        text=[f"{m.stream.partition(':')[2]}: {m.event.kind()} ({m.at:%d %b %H:%M}Z)" for m in moves],
    )


def _identity(identity: Identity) -> str:
    mends = "" if identity.holds else f" (for the {identity.owner})"
    return f"{'holds ' if identity.holds else 'BROKEN'} {identity.id:4} {identity.title}{mends}: {identity.detail}"


def _account(found: Account) -> Iterator[str]:
    yield f"printed {found.printed:,}: {found.stock:,} in stock, {found.issued:,} issued"
    yield f"issued {found.issued:,}: {found.used:,} used, {found.void:,} void, {found.missing:,} missing"
    yield f"converted {found.converted:,}, merged {found.merged:,}, linked {found.linked:,}, rejected {found.rejected:,}"
    yield f"waiting to be keyed or converted: {found.in_hand:,}"
    if found.live:
        yield f"live, the paper their master until each is handed over: {found.live:,}"
    yield from (f"kept back: {serial}, {said}" for serial, said in list(found.held.items())[:SHOWN])
    if len(found.held) > SHOWN:
        yield f"kept back: and {len(found.held) - SHOWN:,} more"
    for station, serials in found.outstanding.items():
        more = f" and {len(serials) - SHOWN:,} more" if len(serials) > SHOWN else ""
        yield f"outstanding at {station}: {len(serials):,} ({', '.join(serials[:SHOWN])}{more})"
    yield from (_identity(i) for i in found.identities if not i.holds)


def _values(given: Iterable[str] | None) -> dict[str, Any]:
    pairs = [text.partition("=") for text in given or ()]
    if bad := next((name for name, equals, _ in pairs if not equals), None):
        raise Invalid(Problem(f"'{bad}' has no '='", field="--value", expected="field=answer"))
    return {name: text for name, _, text in pairs}


def _moment(option: str, text: str) -> datetime:
    expected = "a time with its offset, such as 2026-10-25T01:30+01:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(Problem(f"'{text}' is not a time", field=option, expected=expected)) from None
    if at.tzinfo is None:
        raise Invalid(Problem(f"'{text}' has no offset", field=option, expected=expected))
    return at


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            Problem(f"'{text}' is not a date", field="--dob", expected="a date such as 1987-04-30")
        ) from None
