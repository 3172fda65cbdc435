"""`cutover run comment`, `attach`, `announce`, `quiet` and `colour`: what people say beside the work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from cutover.cli.asked import Reason, Task
from runbooks.options import At, Runs, put, wish


def add_notes(app: App, service: Runs) -> None:
    """Put the verbs of writing beside the work among the `run` commands."""
    verbs = _NoteVerbs(service)
    for verb in (verbs.comment, verbs.attach, verbs.announce, verbs.quiet, verbs.colour):
        app.command(verb)


class _NoteVerbs:
    """Each verb is one command of the run; none of them moves a task."""

    def __init__(self, service: Runs) -> None:
        self._service = service

    def comment(self, task: Task, *, at: At, text: Annotated[str, Parameter(help="what is said")]) -> None:
        """Write a comment beside a task, at any time."""
        self._ask(at, "CommentOnTask", task=task, text=text)

    def attach(
        self, task: Task, file: Annotated[Path, Parameter(help="a picture, a PDF or a text")], *, at: At
    ) -> None:
        """Attach a file that shows something about a task; it is kept under its SHA-256."""
        from cutover.core.errors import Invalid, Problem
        from cutover.store.kept_files import KeptFiles
        from runbooks.evidence_acts import MOST_BYTES, check_kind

        try:
            size = file.stat().st_size
            if size > MOST_BYTES:
                raise Invalid(Problem("is too large", str(file), expected=f"at most {MOST_BYTES >> 20} MiB"))
            content = file.read_bytes()
        except OSError as error:
            raise Invalid(Problem(str(error.strerror), str(file))) from error
        media_type = check_kind(file.name, content)
        runs = self._service(at.programme)
        runs.check_task(runs.find(at.run), task)
        kept = KeptFiles(at.programme.resolve() / "state" / "evidence").keep(content)
        self._ask(
            at, "AttachEvidence", task=task, name=file.name, sha256=kept, size=len(content), media_type=media_type
        )  # fmt: skip

    def announce(
        self,
        text: Annotated[str, Parameter(help="what is said")],
        *,
        at: At,
        minutes: Annotated[int, Parameter(help="how long it stands; 0: until it is withdrawn")] = 0,
    ) -> None:
        """Say something to everybody on the run: it stands on the board."""
        now = self._service(at.programme).desk.clock.now()
        self._ask(at, "Announce", text=text, until=now + timedelta(minutes=minutes) if minutes else None)

    def quiet(
        self,
        number: Annotated[int, Parameter(help="the number of the announcement, as the board shows it")],
        *,
        at: At,
    ) -> None:
        """Withdraw an announcement by its number."""
        self._ask(at, "WithdrawAnnouncement", number=number)

    def colour(
        self,
        *,
        at: At,
        scope: Annotated[str, Parameter(help="the run, or a stream by its id")] = "run",
        shown: Annotated[
            Literal["red", "amber", "green", "computed"], Parameter(help="`computed` lifts the override")
        ],
        reason: Reason = "",
    ) -> None:
        """Override a computed colour by name and with the reason; the computed one stays beside it."""
        from runbooks.domain.colours import LiftOverride, OverrideColour

        fields: dict[str, object] = {"scope": scope}
        if shown != "computed":
            fields |= {"colour": shown, "reason": reason}
        command = wish(LiftOverride if shown == "computed" else OverrideColour, at.by, fields)
        put(self._service(at.programme), at, command)

    def _ask(self, at: At, command: str, **fields: object) -> None:
        from runbooks.domain import notes

        put(self._service(at.programme), at, wish(getattr(notes, command), at.by, fields))
