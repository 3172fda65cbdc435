"""`cutover paper batch`, `receive`, `release`, `reject`, `transfer`, `hand-over`, `retain`, `destroy`, `redact`, `certificate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Folder, Form, Serial, Station, Witness
from cutover.cli.output import answer, facts
from cutover.core.errors import Invalid, Problem
from paper_capture.pack_cli import By, Rooms

if TYPE_CHECKING:
    from cutover.core.event import Recorded

Totals = Annotated[
    list[str] | None,
    Parameter(name="--total", negative=(), help="field=sum as on the header, once per field"),
]
Batch = Annotated[str, Parameter(help="the batch, by the name it was made up under")]
Place = Annotated[str, Parameter(help="where they lie from now on")]
Count = Annotated[int, Parameter(help="how many sheets")]
Why = Annotated[str, Parameter(help="why")]


def add_keeping(app: App, room: Rooms) -> None:
    _batches(app, room)
    _batches_judged(app, room)
    _hands(app, room)
    _ending(app, room)
    _redacting(app, room)
    _certifying(app, room)


def _batches(app: App, room: Rooms) -> None:
    @app.command
    def batch(
        name: Annotated[str, Parameter(help="the header sheet's serial, or a name")],
        *serials: Serial,
        count: Annotated[int, Parameter(help="sheets, as on the header")],
        numbers: Annotated[int, Parameter(help="sum of the seven-digit numbers, as on the header")],
        by: By,
        total: Totals = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Make up a batch of returned sheets under its header: refused when header and sheets differ."""
        wish = {"count": count, "hash_total": numbers, "totals": _totals(total), "by": by}
        say(room(programme).batches.prepare(name, serials, **wish), as_json=json)  # type: ignore[arg-type]

    @app.command
    def receive(
        name: Batch,
        counted: Annotated[int, Parameter(help="sheets, as you count them")],
        *,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Take a batch in, counted by somebody else; exit 1 when it does not agree and is rejected."""
        moved = room(programme).batches.receive(name, counted=counted, by=by)
        say(moved, as_json=json)
        return int(any(m.event.kind() == "BatchRejected" for m in moved))


def _batches_judged(app: App, room: Rooms) -> None:
    @app.command
    def release(
        name: Batch,
        *,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Let a batch be keyed: refused while any of its pages has no image."""
        say(room(programme).batches.release(name, by=by), as_json=json)

    @app.command
    def reject(
        name: Batch,
        reason: Why,
        *,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Send a batch back."""
        say(room(programme).batches.reject(name, reason=reason, by=by), as_json=json)


def _hands(app: App, room: Rooms) -> None:
    @app.command
    def transfer(
        *serials: Serial,
        station: Station,
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Move blank sheets to another station, which answers for them from now on."""
        say(room(programme).keeping.transfer(serials, station=station, by=by, reason=reason), as_json=json)

    @app.command
    def hand_over(
        *serials: Serial,
        giver: Annotated[str, Parameter(name="--from", help="who holds them now")],
        receiver: Annotated[str, Parameter(name="--to", help="who holds them from now on")],
        by: By,
        place: Place = "",
        seal: Annotated[str, Parameter(help="the number on the seal")] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Pass sheets from hand to hand."""
        keeping = room(programme).keeping
        say(
            keeping.hand_over(serials, giver=giver, receiver=receiver, by=by, place=place, seal=seal),
            as_json=json,
        )


def _ending(app: App, room: Rooms) -> None:
    @app.command
    def retain(
        *serials: Serial,
        place: Place,
        by: By,
        until: Annotated[str, Parameter(help="a date; default: as the form's retain_days say")] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Put originals away until a date."""
        day = _day(until) if until else None
        say(room(programme).keeping.retain(serials, place=place, by=by, until=day), as_json=json)

    @app.command
    def destroy(
        *serials: Serial,
        witness: Witness,
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Destroy sheets whose date has passed, before a witness."""
        say(room(programme).keeping.destroy(serials, witness=witness, by=by, reason=reason), as_json=json)

    @app.command
    def destroy_stock(
        form: Form,
        count: Count,
        *,
        witness: Witness,
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Destroy the next COUNT sheets of stock, before a witness; their numbers are never issued."""
        keeping = room(programme).keeping
        say(keeping.destroy_stock(form, count, witness=witness, by=by, reason=reason), as_json=json)


def _redacting(app: App, room: Rooms) -> None:
    @app.command
    def redact(
        *serials: Serial,
        witness: Witness,
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Take away what was written on destroyed sheets, and their images, for good; the journal still verifies."""
        from paper_capture.redaction import Redaction

        gone = Redaction(room(programme).images).redact(serials, witness=witness, by=by, reason=reason)
        said = f"{gone.sheets} sheets: the values of {gone.facts} facts and {gone.files} files are gone"
        answer(gone, as_json=json, text=[said])


def _certifying(app: App, room: Rooms) -> None:
    @app.command
    def certificate(
        serial: Serial,
        *,
        to: Annotated[Path | None, Parameter(help="a file; default: state/certificates/SERIAL.pdf")] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Print who converted a sheet, when, from which images and with which corrections."""
        from cutover.store.whole_file import write_whole
        from paper_capture.certificates import certificate as made

        at = room(programme)
        printed = made(at.paper, at.images, serial, programme=at.programme.title, zone=at.programme.zone)
        file = write_whole(to or at.state / "certificates" / printed.name, printed.pdf)
        answer({"file": str(file), "notes": printed.notes}, as_json=json, text=[str(file), *printed.notes])


def say(moves: Sequence[Recorded], *, as_json: bool) -> None:
    lines = [f"{m.stream.partition(':')[2]}: {m.event.kind()}" for m in moves]
    answer(facts(moves), as_json=as_json, text=lines)


def _totals(given: Sequence[str] | None) -> dict[str, float]:
    totals: dict[str, float] = {}
    for text in given or ():
        name, _, number = text.partition("=")
        try:
            totals[name] = float(number)
        except ValueError:
            raise Invalid(Problem(f"'{text}' is no sum", field="--total", expected="field=number")) from None
    return totals


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            Problem(f"'{text}' is not a date", field="--until", expected="such as 2033-10-25")
        ) from None
