"""What people write beside the work: comments, evidence they attach, announcements to everybody on the run.

None of it moves a task. It is taken at any time, after the run's end too: what was seen is worth keeping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Command, Event, Fact

HASH = r"^[0-9a-f]{64}$"


class TaskCommented(Event):
    typed = frozenset({"text"})
    task: str
    text: str


class EvidenceAttached(Event):
    """A file that shows something about a task: kept under its SHA-256, so that it cannot be exchanged unseen."""

    task: str
    name: str
    sha256: str = Field(pattern=HASH)
    size: int
    media_type: str


class Announced(Event):
    """Said to everybody on the run; it stands on the board until it is withdrawn or `until` has passed."""

    typed = frozenset({"text"})
    number: int
    text: str
    until: datetime | None = None


class AnnouncementWithdrawn(Event):
    number: int


class CommentOnTask(Command):
    task: str
    text: str = Field(min_length=1, max_length=4000)


class AttachEvidence(Command):
    task: str
    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern=HASH)
    size: int = Field(ge=0, description="bytes")
    media_type: str = "application/octet-stream"


class Announce(Command):
    text: str = Field(min_length=1, max_length=1000)
    until: datetime | None = None


class WithdrawAnnouncement(Command):
    number: int


EVENTS: tuple[type[Event], ...] = (TaskCommented, EvidenceAttached, Announced, AnnouncementWithdrawn)
NoteCommand = CommentOnTask | AttachEvidence | Announce | WithdrawAnnouncement


@dataclass(frozen=True, slots=True)
class Note:
    """A comment or an attachment, with who and when."""

    event: TaskCommented | EvidenceAttached
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Announcement:
    number: int
    text: str
    at: datetime
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """All that was written beside one run, in the order it was written. `given` counts the announcements ever made."""

    of_tasks: tuple[Note, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    given: int = 0

    def of(self, task: str) -> tuple[Note, ...]:
        return tuple(note for note in self.of_tasks if note.event.task == task)

    def standing(self, now: datetime) -> tuple[Announcement, ...]:
        """What is to be read now, newest first."""
        return tuple(a for a in reversed(self.announcements) if a.until is None or now < a.until)


def decide(notes: Notes, tasks: Mapping[str, object], command: NoteCommand) -> Event:
    """Raises NotFound for a task that the plan does not have, Refused for an announcement that does not stand."""
    if isinstance(command, CommentOnTask | AttachEvidence) and command.task not in tasks:
        raise NotFound("task", command.task, tasks)
    match command:
        case CommentOnTask():
            return TaskCommented(task=command.task, text=command.text)
        case AttachEvidence():
            return EvidenceAttached(**command.model_dump(exclude={"by"}))
        case Announce():
            return Announced(number=notes.given + 1, text=command.text, until=command.until)
    if command.number not in {a.number for a in notes.announcements}:
        raise Refused(f"announcement {command.number} does not stand: there is nothing to withdraw")
    return AnnouncementWithdrawn(number=command.number)


def evolve(notes: Notes, fact: Fact) -> Notes:
    match fact.event:
        case TaskCommented() | EvidenceAttached() as event:
            return Notes(
                (*notes.of_tasks, Note(event, fact.at, fact.actor)), notes.announcements, notes.given
            )
        case Announced() as said:
            new = Announcement(said.number, said.text, fact.at, fact.actor, said.until)
            return Notes(notes.of_tasks, (*notes.announcements, new), said.number)
        case AnnouncementWithdrawn(number=number):
            left = tuple(a for a in notes.announcements if a.number != number)
            return Notes(notes.of_tasks, left, notes.given)
    return notes
