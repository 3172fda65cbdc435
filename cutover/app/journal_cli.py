"""`cutover journal` and `cutover db`: prove the journal, hand it out, rebuild what is derived from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from cutover.cli.asked import AsJson, By, Folder, Reason, Witness
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, facts, table

if TYPE_CHECKING:
    from cutover.store.chain import Verification
    from cutover.store.journal import Journal


Opened = Callable[[Path], "Journal"]


def journal_commands(journal: Opened) -> App:
    """The `journal` commands."""
    app = App(name="journal", help="Verify, show, export and checkpoint the journal.")
    _add_verify(app, journal)
    _add_show(app, journal)
    _add_redact(app, journal)

    @app.command
    def export(
        to: Annotated[Path, Parameter(help="the file to write")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Write every fact as one JSON line; `journal verify --file` checks it anywhere."""
        from cutover.store.whole_file import require_place

        require_place(to)
        count = journal(programme).export(to)
        answer({"file": str(to), "facts": count}, as_json=json, text=[f"{count} facts written to {to}"])

    @app.command
    def checkpoint(*, programme: Folder = Path(), json: AsJson = False) -> None:
        """Print the head of the chain, to be signed, mailed or put on paper."""
        head = str(journal(programme).head())
        answer({"head": head}, as_json=json, text=[head])

    return app


def _add_verify(app: App, journal: Opened) -> None:
    @app.command
    def verify(
        *,
        file: Annotated[Path | None, Parameter(help="an exported journal; needs no database")] = None,
        checkpoint: Annotated[
            str, Parameter(help="<position>:<hash> kept elsewhere: finds a tail that was cut off")
        ] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Walk the whole chain. Exit 1 at the first row that does not hold."""
        from cutover.store.chain import Checkpoint, read_export, verify_rows

        anchor = Checkpoint.parse(checkpoint) if checkpoint else None
        found = verify_rows(read_export(file), anchor) if file else journal(programme).verify(anchor)
        words = (
            f"{found.rows} facts hold; head {found.head}"
            if found.holds
            else f"BROKEN after {found.rows} facts: {found.fault}"
        )
        answer(_told(found), as_json=json, text=[words])
        return DONE if found.holds else NO


def _add_show(app: App, journal: Opened) -> None:
    @app.command
    def show(
        *,
        stream: Annotated[str, Parameter(help="one stream, such as run:go-live-1; default: all")] = "",
        after: Annotated[int, Parameter(help="only facts after this position")] = 0,
        limit: Annotated[int, Parameter(validator=Number(gte=1), help="how many facts at most")] = 50,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Facts in order, of one stream or of all."""
        book = journal(programme)
        found = (
            [f for f in book.read(stream) if f.position > after][:limit]
            if stream
            else book.tail(after, limit)
        )
        answer(facts(found), as_json=json)
        if not json:
            rows = (
                (f.position, f.at, f.actor, f.stream, f.event.kind(), f.event.model_dump_json(exclude_defaults=True)[:120])
                for f in found
            )  # fmt: skip
            table("Journal", ("position", "at", "actor", "stream", "kind", "body"), rows)


def _add_redact(app: App, journal: Opened) -> None:
    @app.command
    def redact(
        position: Annotated[int, Parameter(help="the number of the fact: `cutover journal show`")],
        field: Annotated[str, Parameter(help="which of its fields")],
        *,
        witness: Witness,
        reason: Reason,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Take away for good what somebody typed into one fact, before a witness; the journal still verifies."""
        from cutover.store.unsaying import unsay

        notices = programme / "state" / "notices"
        gone = unsay(journal(programme), notices, position, field, witness=witness, by=by, reason=reason)
        text = [
            f"{field} of fact {position} is gone, with {gone.copies} copies in letters and {gone.files} notices; restart the server",
            *(f"not reached: {what}" for what in gone.not_reached),
        ]
        answer(gone, as_json=json, text=text)


def db_commands(journal: Opened) -> App:
    """The `db` commands. Opening a programme already brings its database to this version's schema."""
    app = App(name="db", help="Upgrade, rebuild, back up and restore the database.")
    _add_backup(app, journal)
    _add_restore(app)

    @app.command
    def upgrade(*, programme: Folder = Path(), json: AsJson = False) -> None:
        """Bring the database to this version's schema, forward only."""
        from cutover.store.schema import current

        at = current(journal(programme).engine)
        answer({"schema": at}, as_json=json, text=[f"the database is at schema {at}"])

    @app.command
    def rebuild(*, programme: Folder = Path(), json: AsJson = False) -> None:
        """Throw every view away and fold the journal again."""
        from cutover.store.projections import rebuild as again

        book = journal(programme)
        views, count = len(book.projections), again(book)
        said = f"{views} views rebuilt from {count} facts"
        answer({"views": views, "facts": count}, as_json=json, text=[said])

    return app


def _add_backup(app: App, journal: Opened) -> None:
    @app.command
    def backup(
        to: Annotated[Path, Parameter(help="the file to write")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Write database and files into one archive while others go on. Exit 1 when the journal does not hold.

        Name it *.cutover.tar; keep its head elsewhere.
        """
        from cutover.app.archive import back_up

        made = back_up(programme.resolve(), journal(programme).engine, to.resolve())
        found = journal(programme).verify()
        words = [
            f"{len(made.sha256) - 1} files and the database, {to.stat().st_size / 2**20:.1f} MiB, written to {to}",
            f"head {made.head}",
            f"signed by {made.signed_by}",
        ]
        if not found.holds:
            words.append(
                f"the journal is BROKEN after {found.rows} facts: {found.fault}; keep an earlier archive"
            )
        told = {"archive": str(to), "manifest": made, "holds": found.holds, "fault": found.fault}
        answer(told, as_json=json, text=words)
        return DONE if found.holds else NO


def _add_restore(app: App) -> None:
    @app.command
    def restore(
        archive: Annotated[Path, Parameter(help="the archive that `cutover db backup` wrote")],
        *,
        signed_by: Annotated[
            str, Parameter(help="the fingerprint it must be signed by; others are refused")
        ] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Make a programme from an archive, where no database is yet, and verify its journal. Exit 1 if it does not hold."""
        from cutover.app.archive import restore as make
        from cutover.app.settings import read_settings

        made, found = make(archive, programme.resolve(), read_settings().database_url, of=signed_by)
        words = (
            f"restored as of {made.made_at:%d %b %Y %H:%M:%S}Z: {found.rows} facts hold; head {found.head}"
            if found.holds
            else f"restored, but BROKEN after {found.rows} facts: {found.fault}"
        )
        whose = f"signed by {made.signed_by}" if made.signed_by else "signed by nobody"
        answer(_told(found) | {"signed_by": made.signed_by}, as_json=json, text=[words, whose])
        return DONE if found.holds else NO


def _told(found: Verification) -> dict[str, Any]:
    """What a walk along the chain came to, as programs read it."""
    return {"holds": found.holds, "rows": found.rows, "head": str(found.head), "fault": found.fault}
