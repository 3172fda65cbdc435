"""`cutover paper hold`, `free`, `live`, `sign-over`, `conflicts`, `settle`: sheets beside their ordinary way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Folder, Serial
from cutover.cli.output import answer
from paper_capture.keep_cli import Why, say
from paper_capture.pack_cli import By, Rooms

if TYPE_CHECKING:
    from paper_capture.domain.conflicts import Conflict


def add_aside(app: App, room: Rooms) -> None:
    _holding(app, room)
    _living(app, room)
    _settling(app, room)


def _holding(app: App, room: Rooms) -> None:
    @app.command
    def hold(
        *serials: Serial,
        owner: Annotated[str, Parameter(help="who must answer")],
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Keep sheets back: nothing is keyed or decided of them until their owner has answered."""
        say(room(programme).keeping.hold(serials, owner=owner, reason=reason, by=by), as_json=json)

    @app.command
    def free(
        *serials: Serial,
        answered: Annotated[str, Parameter(name="--answer", help="what the owner answered")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Let kept-back sheets go on, with the answer."""
        say(room(programme).keeping.free(serials, answer=answered, by=by), as_json=json)


def _living(app: App, room: Rooms) -> None:
    @app.command
    def live(*serials: Serial, reason: Why, by: By, programme: Folder = Path(), json: AsJson = False) -> None:
        """Systems are back and these records are open: their paper stays the master until it is handed over."""
        say(room(programme).keeping.go_on_live(serials, reason=reason, by=by), as_json=json)

    @app.command
    def sign_over(
        serial: Serial,
        *,
        signed_by: Annotated[str, Parameter(help="name and rank of who takes the record over")],
        reference: Annotated[str, Parameter(help="its number in the live system")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """The live system has the record. Where clocks run: `cutover contingency hand-over`, which compares them, does this too."""
        keeping = room(programme).keeping
        say(keeping.sign_over(serial, signed_by=signed_by, reference=reference, by=by), as_json=json)


def _settling(app: App, room: Rooms) -> None:
    @app.command
    def conflicts(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Moves that a station told twice, otherwise: what stands and what was told; exit 1 while one is undecided."""
        from paper_capture.conflicts import PaperConflicts

        found = PaperConflicts(room(programme).paper).all()
        answer(found, as_json=json, text=list(_lines(found)) or ["no move was told twice"])
        return int(any(one.is_open for one in found.values()))

    @app.command
    def settle(
        name: Annotated[str, Parameter(help="sheet and move, such as CR000000187.used")],
        *,
        holds: Annotated[
            int, Parameter(help="0: what stands; 1, 2 …: a later telling, which corrects the sheet")
        ],
        reason: Why,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Decide which telling of a move holds, with the reason."""
        from paper_capture.conflicts import PaperConflicts

        door = PaperConflicts(room(programme).paper)
        say(door.settle(name, chosen=holds, reason=reason, by=by), as_json=json)


def _lines(found: Mapping[str, Conflict]) -> Iterator[str]:
    for name, one in found.items():
        decided = f"{one.decided_by} decided for {one.chosen}: {one.reason}"
        yield f"{name} ({one.station}): {'undecided' if one.is_open else decided}"
        yield f"  0 stands: {_spoken(one.stands or {})}"
        for number, told in enumerate(one.told, 1):
            yield f"  {number} told by {told.by}, {told.saved_at:%d %b %H:%M}Z: {_spoken(told.said)}"


def _spoken(said: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {text or 'nothing'}" for name, text in said.items())
