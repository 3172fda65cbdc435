"""An error of the Prefect layer is not a failure of the step: whenever it comes, the step is done once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from runbooks.actions import Outcome
from runbooks.steps import Step

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


class Broken:
    """Stands where the generic task stands and fails before, during or after the work."""

    def __init__(self, when: str) -> None:
        self.when = when

    async def __call__(self, _name: str, work: Callable[[], Awaitable[str]]) -> str:
        if self.when == "before":
            raise ConnectionError("no server")
        if self.when == "during":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work(), 0.01)
            raise TimeoutError("the engine gave up")
        await work()
        raise ConnectionError("the server is gone")


@pytest.mark.parametrize(("when", "inline"), [("before", 1), ("during", 0), ("after", 0)])
@pytest.mark.parametrize("ok", [True, False])
def test_the_step_is_performed_once(
    monkeypatch: pytest.MonkeyPatch, when: str, inline: int, ok: bool
) -> None:
    import flows.executor

    performed: list[int] = []

    async def perform() -> Outcome:
        performed.append(1)
        await asyncio.sleep(0.03)
        return Outcome(ok=ok, evidence="as it went")

    monkeypatch.setattr(flows.executor, "as_task_run", Broken(when))
    executor = flows.executor.PrefectExecutor()
    executor._seen = float("inf")  # the server seems to be there
    outcome = asyncio.run(executor.execute(Step("small-1", "A", "Load", perform)))
    assert (outcome.ok, performed, executor.inline) == (ok, [1], inline)


def test_with_nobody_listening_the_step_is_done_inline(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    import flows.executor

    async def perform() -> Outcome:
        return Outcome(ok=True, evidence="inline")

    executor = flows.executor.PrefectExecutor()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        outcome = asyncio.run(executor.execute(Step("small-1", "A", "Load", perform)))
    assert (outcome.evidence, executor.inline, executor.sent) == ("inline", 1, 0)


def test_a_step_whose_run_is_stopped_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import flows.executor

    ends: list[str] = []

    async def perform() -> Outcome:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        return Outcome(ok=True, evidence="")

    async def stopped() -> None:
        executor = flows.executor.PrefectExecutor()
        executor._seen = float("inf")
        work = asyncio.create_task(executor.execute(Step("small-1", "A", "Load", perform)))
        await asyncio.sleep(0.05)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.01)

    monkeypatch.setattr(flows.executor, "as_task_run", Broken("after"))
    asyncio.run(stopped())
    assert ends == ["cancelled"]


def test_a_line_says_at_once_that_the_other_end_has_hung_up_and_is_made_anew() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.line import Line

    async def asked() -> list[bool]:
        server, line = socket.create_server(("127.0.0.1", 0)), Line()
        port = server.getsockname()[1]
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
            said = [await line.is_up(), await line.is_up()]
            server.settimeout(0)
            server.accept()[0].close()
            with pytest.raises(BlockingIOError):
                server.accept()  # there was one connection only
            server.close()
            said.append(await line.is_up())
            with socket.create_server(("127.0.0.1", port)):
                said.append(await line.is_up())
        line.hang_up()
        return said

    assert asyncio.run(asked()) == [True, True, False, True]


def test_a_step_that_was_called_off_before_it_began_never_begins() -> None:
    import flows.executor

    performed: list[int] = []

    async def perform() -> Outcome:
        performed.append(1)
        return Outcome(ok=True, evidence="")

    async def called_off() -> None:
        once = flows.executor.Once(perform)
        once.cancel()
        once.begin()
        with pytest.raises(asyncio.CancelledError):
            await once.awaited()

    asyncio.run(called_off())
    assert performed == []
