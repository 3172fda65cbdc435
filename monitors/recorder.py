"""Results land together: while some are being written the next ones gather, so a thousand cost a few transactions.

Writing happens in a thread: a database that is slow, or away, must not make the probes late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cutover.core.event import Recorded
from monitors.service import MonitorService, Told

MOST = 500  # results in one transaction


class Recorder:
    """Hands results to the service in the order they come."""

    def __init__(self, service: MonitorService) -> None:
        self._service = service
        self._waiting: list[tuple[Told, asyncio.Future[list[Recorded]]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, told: Told) -> list[Recorded]:
        """Returns once the result has landed, with what it changed. Raises what the writing raised."""
        landed: asyncio.Future[list[Recorded]] = asyncio.get_running_loop().create_future()
        self._waiting.append((told, landed))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await landed

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            told = [one for one, _ in batch]
            try:
                changes = await asyncio.to_thread(self._service.record_all, told)
            except Exception as error:  # noqa: BLE001  whatever it is, each of them raises it where it was asked
                for _, landed in batch:
                    _settle(landed, error)
            else:
                for one, landed in batch:
                    _settle(landed, _of(one, changes))


def _of(told: Told, changes: Sequence[Recorded]) -> list[Recorded]:
    return [change for change in changes if change.stream == f"check:{told.check_id}"]


def _settle(landed: asyncio.Future[list[Recorded]], what: list[Recorded] | Exception) -> None:
    if landed.done():  # whoever asked has gone
        return
    if isinstance(what, Exception):
        landed.set_exception(what)
    else:
        landed.set_result(what)
