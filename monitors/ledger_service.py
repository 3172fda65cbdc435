"""The door to the case-transfer ledger: every file from its building to its end, and the sum of them all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cutover.core.event import Command, Recorded
from cutover.store.desk import Desk
from cutover.store.engine import reading
from monitors.domain.ledger import (
    CASE_FILE,
    AcceptFile,
    AcknowledgeFile,
    BuildFile,
    FileStage,
    FileState,
    HandDeliverFile,
    RejectFile,
    SendFile,
    Summary,
    file_stream,
    summarise,
)
from monitors.tables import file_states


class LedgerService:
    """Takes what happens to case files. Each step is taken once: saying it again changes nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def build(self, file_id: str, case: str, content_sha256: str, by: str) -> list[Recorded]:
        """A file is complete and waits here. Raises Refused when the id stands for other content."""
        command = BuildFile(by=by, case=case, content_sha256=content_sha256)
        return self._ask(file_id, command, f"built:{case}:{content_sha256}")

    def send(self, file_id: str, reference: str, by: str) -> list[Recorded]:
        """The receiver took it under `reference`. Raises Refused for a second sending under another one."""
        return self._ask(file_id, SendFile(by=by, reference=reference), f"sent:{reference}")

    def acknowledge(self, file_id: str, by: str) -> list[Recorded]:
        return self._ask(file_id, AcknowledgeFile(by=by), "acknowledged")

    def accept(self, file_id: str, by: str) -> list[Recorded]:
        """Accepted, and thereby acknowledged if the acknowledgement itself was lost."""
        return self._ask(file_id, AcceptFile(by=by), "accepted")

    def reject(self, file_id: str, reason: str, by: str) -> list[Recorded]:
        return self._ask(file_id, RejectFile(by=by, reason=reason), "rejected")

    def hand_deliver(self, file_id: str, receipt: str, to: str, by: str) -> list[Recorded]:
        """Carried over against a signed receipt: waiting or in flight no longer."""
        return self._ask(file_id, HandDeliverFile(by=by, receipt=receipt, to=to), f"handed:{receipt}")

    def file(self, file_id: str) -> FileState:
        return self._desk.state(CASE_FILE, file_stream(file_id))

    def files(self, *stages: FileStage) -> Mapping[str, FileState]:
        """The files by id, oldest first; only those in `stages` when any are named."""
        with reading(self._desk.journal.engine) as connection:
            known = file_states(connection)
        return {name: file for name, file in known.items() if not stages or file.stage in stages}

    def summary(self, now: datetime | None = None) -> Summary:
        """The ledger at `now`: the identity, what waits, what is in flight and how old it is."""
        return summarise(self.files().values(), now or self._desk.clock.now())

    def _ask(self, file_id: str, command: Command, step: str) -> list[Recorded]:
        stream = file_stream(file_id)
        return self._desk.ask(CASE_FILE, stream, command, key=f"{stream}:{step}")
