"""A run performed in a test: to its end, or until a person does something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runbooks.domain.execution import run_stream
from runbooks.domain.run_state import RunState
from tests.runbooks.conftest import Room


def run(room: Room, name: str, **more: object) -> RunState:
    return asyncio.run(room.performer(name, **more).run())


def run_until(
    room: Room, name: str, there: Callable[[RunState], bool], then: Callable[[], object]
) -> RunState:
    """Perform; once the state is `there`, a person does `then`; to the end of the run."""

    async def both() -> RunState:
        work = asyncio.create_task(room.performer(name).run())
        await until(lambda: there(room.service.state(name)), work)
        then()
        return await asyncio.wait_for(work, 10)

    return asyncio.run(both())


async def until(there: Callable[[], bool], work: asyncio.Task[RunState]) -> None:
    """Let the runner work until something is so; it must not end before."""
    while not there():
        assert not work.done()
        await asyncio.sleep(0.01)


def kinds(room: Room, name: str) -> list[str]:
    return [
        f.event.kind() for f in room.desk.journal.read(run_stream(name)) if f.event.kind() != "ForecastMoved"
    ]
