"""Store and forward: send each case file that waits, ask after each that is in flight, write down what came of it.

A file that the receiver does not take stays here and goes next time, under the same key: a receiver that took
it and could not say so will not take it twice. One that took a file and has not acknowledged it for long is
asked again under that key: an acknowledgement may be dropped, a file must not be doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.domain.check import Answer, NoAnswer, Request, read_body
from monitors.domain.ledger import FileStage, FileState
from monitors.domain.reading import look_up
from monitors.ledger_service import LedgerService
from monitors.probes import ask
from monitors.session import Session

FORWARDER = "forwarder"
ASK_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """What one cycle did; `kept` files wait on because the receiver did not take them."""

    sent: int
    kept: int
    acknowledged: int


class Forwarder:
    """Moves case files to the receiver `system` and follows them until they are accepted or rejected."""

    def __init__(
        self,
        ledger: LedgerService,
        systems: Callable[[], Mapping[str, str]],
        system: str = "case_transfer",
        timeout: float = 10.0,
    ) -> None:
        self._ledger = ledger
        self._systems = systems
        self._system = system
        self._timeout = timeout

    async def cycle(self, session: Session, now: datetime) -> Moved:
        """Send what waits, then ask after what is out; oldest first."""
        base = self._systems().get(self._system, "")
        waiting = self._ledger.files(FileStage.BUILT)
        if not base:
            return Moved(sent=0, kept=len(waiting), acknowledged=0)
        sent = [await self._send(session, base, name, file) for name, file in waiting.items()]
        out = self._ledger.files(FileStage.SENT, FileStage.ACKNOWLEDGED)
        followed = [await self._follow(session, base, name, file, now) for name, file in out.items()]
        return Moved(sent=sum(sent), kept=len(sent) - sum(sent), acknowledged=sum(followed))

    async def _send(self, session: Session, base: str, file_id: str, file: FileState) -> bool:
        reference = _field(await self._offer(session, base, file_id, file), "reference", 200, 202)
        if reference:
            self._ledger.send(file_id, reference, FORWARDER)
        return bool(reference)

    async def _offer(self, session: Session, base: str, file_id: str, file: FileState) -> Answer | NoAnswer:
        content = {"case": file.case, "content_sha256": file.content_sha256}
        return await ask(session, base, Request("POST", "/files", body=content, key=file_id), self._timeout)

    async def _follow(
        self, session: Session, base: str, file_id: str, file: FileState, now: datetime
    ) -> bool:
        """True when the file was in flight and is so no longer."""
        answer = await ask(session, base, Request("GET", f"/files/{file.reference}"), self._timeout)
        match _field(answer, "state", 200):
            case "acknowledged" if file.stage is FileStage.SENT:
                self._ledger.acknowledge(file_id, FORWARDER)
            case "accepted":
                self._ledger.accept(file_id, FORWARDER)
            case "rejected":
                self._ledger.reject(file_id, _field(answer, "reason", 200) or "no reason given", FORWARDER)
            case "received" if file.sent_at is not None and now - file.sent_at > ASK_AGAIN_AFTER:
                await self._offer(session, base, file_id, file)
                return False
            case _:
                return False
        return file.stage is FileStage.SENT


def _field(answer: Answer | NoAnswer, name: str, *good: int) -> str:
    if isinstance(answer, NoAnswer) or answer.status not in good:
        return ""
    return str(look_up(read_body(answer), name) or "")
