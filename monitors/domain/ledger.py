"""Where is each case file: built, sent, acknowledged, accepted or rejected; and does the sum come out.

Theory: a file is built and kept (store), sent when the receiver takes it (forward), and is *in flight* until
the receiver acknowledges it. "Taken" is not "acknowledged": a receiver that drops acknowledgements looks well
to every probe and shows here as age. A file is sent once; sending again is refused. One that cannot wait goes
by hand against a signed receipt, which acknowledges it. At every moment
`sent = acknowledged + rejected + in flight`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from cutover.core.duration import show_duration
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from monitors.domain.check import LedgerCheck, Result, critical, ok, warning


class FileStage(StrEnum):
    UNBUILT = "unbuilt"
    BUILT = "built"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    HAND_DELIVERED = "hand_delivered"


class FileBuilt(Event):
    """A case file is complete and kept here until it has gone."""

    case: str
    content_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class FileSent(Event):
    """The receiver took it; `reference` is the receiver's."""

    reference: str


class FileAcknowledged(Event):
    """The receiver says that it has it."""


class FileAccepted(Event):
    """The receiver will work with it."""


class FileRejected(Event):
    reason: str


class FileHandDelivered(Event):
    """Carried over; `receipt` is the number of the signed paper."""

    receipt: str
    to: str


class BuildFile(Command):
    case: str = Field(min_length=1)
    content_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SendFile(Command):
    reference: str = Field(min_length=1)


class AcknowledgeFile(Command):
    pass


class AcceptFile(Command):
    pass


class RejectFile(Command):
    reason: str = Field(min_length=1)


class HandDeliverFile(Command):
    receipt: str = Field(min_length=1)
    to: str = Field(min_length=1)


EVENTS = (FileBuilt, FileSent, FileAcknowledged, FileAccepted, FileRejected, FileHandDelivered)

FILES = Table(
    name="case file",
    theory="built and kept, sent once, in flight until acknowledged; by hand against a receipt",
    stages=FileStage,
    start=FileStage.UNBUILT,
    terminal=frozenset({FileStage.ACCEPTED, FileStage.REJECTED, FileStage.HAND_DELIVERED}),
    moves={
        (FileStage.UNBUILT, FileBuilt): FileStage.BUILT,
        (FileStage.BUILT, FileSent): FileStage.SENT,
        (FileStage.BUILT, FileHandDelivered): FileStage.HAND_DELIVERED,
        (FileStage.SENT, FileAcknowledged): FileStage.ACKNOWLEDGED,
        (FileStage.SENT, FileRejected): FileStage.REJECTED,
        (FileStage.SENT, FileHandDelivered): FileStage.HAND_DELIVERED,
        (FileStage.ACKNOWLEDGED, FileAccepted): FileStage.ACCEPTED,
        (FileStage.ACKNOWLEDGED, FileRejected): FileStage.REJECTED,
    },
)


@dataclass(frozen=True, slots=True)
class FileState:
    """One case file as far as it has come."""

    stage: FileStage = FileStage.UNBUILT
    case: str = ""
    content_sha256: str = ""
    reference: str = ""
    built_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    note: str = ""


def decide(state: FileState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    events = _events(state, command)
    stage = state.stage
    for event in events:
        stage = FILES.next(stage, type(event))
    return events


def _events(state: FileState, command: Command) -> Sequence[Event]:
    match command:
        case BuildFile():
            return [FileBuilt(case=command.case, content_sha256=command.content_sha256)]
        case SendFile():
            return [FileSent(reference=command.reference)]
        case AcknowledgeFile():
            return [FileAcknowledged()]
        case AcceptFile():  # whoever accepts a file has it: the acknowledgement itself may have been lost
            first = [FileAcknowledged()] if state.stage is FileStage.SENT else []
            return [*first, FileAccepted()]
        case RejectFile():
            return [FileRejected(reason=command.reason)]
        case HandDeliverFile():
            return [FileHandDelivered(receipt=command.receipt, to=command.to)]
    raise Refused(f"case file: {type(command).__name__} is not known")


def evolve(state: FileState, fact: Fact) -> FileState:
    stage = FILES.next(state.stage, type(fact.event))
    match fact.event:
        case FileBuilt() as e:
            return FileState(stage, e.case, e.content_sha256, built_at=fact.at)
        case FileSent(reference=reference):
            return replace(state, stage=stage, reference=reference, sent_at=fact.at)
        case FileRejected(reason=note) | FileHandDelivered(receipt=note):
            return replace(state, stage=stage, settled_at=fact.at, note=note)
    return replace(state, stage=stage, settled_at=fact.at)


CASE_FILE = Machine("case file", FileState(), decide, evolve)


def file_stream(file_id: str) -> str:
    return f"case_file:{file_id}"


@dataclass(frozen=True, slots=True)
class Summary:
    """The ledger at a moment. `sent` is counted from the sendings, the rest from where each file stands."""

    built: int = 0
    waiting: int = 0
    sent: int = 0
    in_flight: int = 0
    acknowledged: int = 0
    accepted: int = 0
    rejected: int = 0
    by_hand: int = 0
    oldest_in_flight: timedelta | None = None
    oldest_waiting: timedelta | None = None

    @property
    def breaks_by(self) -> int:
        """Files unaccounted for: sent - acknowledged - rejected - in flight."""
        return self.sent - self.acknowledged - self.rejected - self.in_flight

    @property
    def holds(self) -> bool:
        return self.breaks_by == 0


def summarise(files: Iterable[FileState], now: datetime) -> Summary:
    """Count the files and find the oldest that nobody has acknowledged, in flight and still here."""
    known = [f for f in files if f.built_at is not None]
    sent = [f for f in known if f.sent_at is not None]
    at = {stage: sum(f.stage is stage for f in known) for stage in FileStage}
    receipts = sum(f.stage is FileStage.HAND_DELIVERED for f in sent)
    return Summary(
        built=len(known),
        waiting=at[FileStage.BUILT],
        sent=len(sent),
        in_flight=at[FileStage.SENT],
        acknowledged=at[FileStage.ACKNOWLEDGED] + at[FileStage.ACCEPTED] + receipts,
        accepted=at[FileStage.ACCEPTED],
        rejected=at[FileStage.REJECTED],
        by_hand=at[FileStage.HAND_DELIVERED],
        oldest_in_flight=_age((f.sent_at for f in sent if f.stage is FileStage.SENT), now),
        oldest_waiting=_age((f.built_at for f in known if f.stage is FileStage.BUILT), now),
    )


def judge(check: LedgerCheck, summary: Summary) -> Result:
    """What the ledger means for its check."""
    if not summary.holds:
        return critical(f"{summary.breaks_by} of {summary.sent} sent files are unaccounted for")
    if summary.oldest_in_flight is not None and summary.oldest_in_flight > check.standard:
        return critical(
            f"{summary.in_flight} in flight, the oldest unacknowledged for {show_duration(summary.oldest_in_flight)}"
        )
    limit, waiting = check.waiting_standard, summary.oldest_waiting
    if limit is not None and waiting is not None and waiting > limit:
        return warning(f"{summary.waiting} waiting to be sent, the oldest for {show_duration(waiting)}")
    return ok(f"{summary.sent} sent, {summary.in_flight} in flight")


def _age(moments: Iterable[datetime | None], now: datetime) -> timedelta | None:
    return max((now - at for at in moments if at is not None), default=None)
