"""An HTTP action against a real server: one key, repeated until answered, followed to its end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound
from runbooks.actions import Call, HttpAction, Outcome, TransientError
from tests.conftest import START
from tests.runbooks.plans import HOUR, auto

KEY = "small-1.A.1"
CUT = "cut the connection"
Answer = tuple[int, object] | str


class System:
    """A system on a real socket: answers each path as scripted (the last entry for ever) and writes down the requests."""

    def __init__(self) -> None:
        self.script: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, str, object]] = []
        self.applied: set[str] = set()
        handler = type("Handler", (_Handler,), {"system": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> Answer:
        script = self.script.get(path, [(404, {"error": "unknown"})])
        return script.pop(0) if len(script) > 1 else script[0]


class _Handler(BaseHTTPRequestHandler):
    system: System

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        self.system.requests.append((self.path, self.headers["Idempotency-Key"], body))
        if self.command == "POST":
            self.system.applied.add(self.headers["Idempotency-Key"])
        answer = self.system.answer(self.path)
        if isinstance(answer, str):
            self.close_connection = True
            self.connection.close()
            return
        code, found = answer
        raw = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        """The test's output stays quiet."""

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True


@pytest.fixture
def system() -> Iterator[System]:
    system = System()
    yield system
    system.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


Ask = Callable[..., Outcome | None]


@pytest.fixture
def ask(system: System, clock: FixedClock) -> Ask:
    """`ask("perform", path=…)`: one call of the action; `ask.said` holds the progress it reported."""
    said: list[tuple[datetime, str]] = []

    async def progress(end: datetime, detail: str) -> None:
        said.append((end, detail))

    def run(verb: str = "perform", **arguments: Any) -> Outcome | None:
        async def once() -> Outcome | None:
            async with httpx.AsyncClient(timeout=5) as client:
                action = HttpAction(lambda: {"new_records": system.url}, client, clock)
                given = {"system": "new_records", "path": "/loads", **arguments}
                wanted = {name: value for name, value in given.items() if value is not None}
                return await getattr(action, verb)(Call(KEY, auto("A"), wanted, progress))

        return asyncio.run(once())

    run.said = said  # type: ignore[attr-defined]
    return run


@pytest.mark.real
def test_a_request_carries_its_key_and_body_and_its_answer_is_the_evidence(system: System, ask: Ask) -> None:
    system.script["/loads"] = [(202, {"id": KEY, "state": "done", "loaded": 25_000, "rejects": []})]
    outcome = ask(body={"minutes": 30}, evidence="{loaded} loaded, {failed} failed")
    assert system.requests == [("/loads", KEY, {"minutes": 30})]
    assert outcome == Outcome(
        ok=True, evidence="25000 loaded, ? failed", result={"id": KEY, "state": "done", "loaded": 25_000}
    )


@pytest.mark.real
def test_a_started_job_is_followed_to_its_end_and_its_progress_reported_when_it_moves(
    system: System, ask: Ask, clock: FixedClock
) -> None:
    def running(end: timedelta) -> Answer:
        return 200, {"id": KEY, "state": "running", "ready_at": (START + end).isoformat()}

    system.script["/loads"] = [running(HOUR)]
    system.script[f"/loads/{KEY}"] = [
        running(HOUR), running(HOUR + timedelta(minutes=5)), running(2 * HOUR), (200, {"id": KEY, "state": "done"}),
    ]  # fmt: skip
    outcome = ask(poll="/loads")
    assert outcome is not None
    assert outcome.ok
    assert [at for at, _ in ask.said] == [START + HOUR, START + 2 * HOUR]  # type: ignore[attr-defined]
    assert clock.now() == START + timedelta(minutes=40)


@pytest.mark.real
def test_a_job_that_gives_no_time_or_is_past_its_own_is_asked_after_at_decent_intervals(
    system: System, ask: Ask, clock: FixedClock
) -> None:
    system.script["/loads"] = [(202, {"id": KEY, "state": "running"})]
    overdue = {"id": KEY, "state": "running", "ready_at": START.isoformat()}
    system.script[f"/loads/{KEY}"] = [(200, overdue), (200, overdue), (200, {"state": "done"})]
    ask(poll="/loads")
    assert clock.now() == START + timedelta(minutes=12)


@pytest.mark.real
def test_a_job_that_failed_fails_with_its_reason(system: System, ask: Ask) -> None:
    system.script["/loads"] = [(202, {"id": KEY, "state": "failed", "reason": "disk full"})]
    outcome = ask()
    assert outcome is not None
    assert (outcome.ok, outcome.certain, outcome.evidence) == (False, True, "failed: disk full")


@pytest.mark.real
@pytest.mark.parametrize("trouble", [(503, {}), (429, {}), CUT], ids=["503", "429", "cut"])
def test_trouble_on_the_way_is_repeated_under_the_same_key(system: System, ask: Ask, trouble: Answer) -> None:
    system.script["/loads"] = [trouble, trouble, (202, {"id": KEY, "state": "done"})]
    outcome = ask()
    assert outcome is not None
    assert outcome.ok
    assert [key for _, key, _ in system.requests] == [KEY] * 3
    assert system.applied == {KEY}


@pytest.mark.real
@pytest.mark.parametrize(("trouble", "error"), [((503, {}), TransientError), (CUT, httpx.TransportError)])
def test_trouble_that_stays_is_raised_after_five_tries(
    system: System, ask: Ask, trouble: Answer, error: type[Exception]
) -> None:
    system.script["/loads"] = [trouble]
    with pytest.raises(error):
        ask()
    assert len(system.requests) == 5


@pytest.mark.real
def test_a_refusal_fails_with_the_answer_and_is_not_repeated(system: System, ask: Ask) -> None:
    system.script["/loads"] = [(422, {"error": "no such source"})]
    outcome = ask()
    assert outcome is not None
    assert (outcome.ok, outcome.evidence) == (False, 'new_records answered 422: {"error": "no such source"}')
    assert len(system.requests) == 1


@pytest.mark.real
@pytest.mark.parametrize("answer", [(404, {"error": "?"}), (500, {}), (200, b"<html>"), (200, [1])], ids=str)
def test_a_job_that_nobody_can_tell_about_is_not_taken_for_done(
    system: System, ask: Ask, answer: Answer
) -> None:
    system.script["/loads"] = [(202, {"id": KEY, "state": "running"})]
    system.script[f"/loads/{KEY}"] = [answer]
    with pytest.raises(TransientError):
        ask(poll="/loads")


@pytest.mark.real
def test_an_effect_that_is_not_there_did_not_happen(system: System, ask: Ask) -> None:
    assert ask("settle") is None
    assert system.requests == [(f"/effects/{KEY}", KEY, None)]


@pytest.mark.real
def test_an_effect_that_is_there_is_followed_to_its_end(system: System, ask: Ask, clock: FixedClock) -> None:
    system.script[f"/effects/{KEY}"] = [(200, {"key": KEY, "applied": 1})]
    system.script[f"/loads/{KEY}"] = [(200, {"id": KEY, "state": "done", "loaded": 7})]
    outcome = ask("settle", poll="/loads", evidence="{loaded} loaded")
    assert outcome is not None
    assert (outcome.ok, outcome.evidence, clock.now()) == (True, "7 loaded", START)


@pytest.mark.real
def test_a_probe_that_does_not_say_leaves_it_open(system: System, ask: Ask) -> None:
    system.script[f"/effects/{KEY}"] = [(500, {})]
    outcome = ask("settle")
    assert outcome is not None
    assert (outcome.ok, outcome.certain) == (False, False)


@pytest.mark.real
def test_an_unknown_system_is_named_with_the_nearest(system: System, ask: Ask) -> None:
    with pytest.raises(NotFound, match="did you mean 'new_records'"):
        ask(system="new_record")


@pytest.mark.real
def test_arguments_that_are_missing_are_named(ask: Ask) -> None:
    with pytest.raises(Invalid, match="A: path: field required"):
        ask(path=None)


@pytest.mark.real
def test_an_answer_larger_than_we_can_hold_is_no_answer(system: System, ask: Ask) -> None:
    system.script["/loads"] = [(200, b"{" + b" " * 1_100_000 + b"}")]
    with pytest.raises(TransientError, match="larger than 1048576 bytes"):
        ask()


@pytest.mark.real
def test_a_field_of_the_evidence_is_a_name_and_reaches_for_nothing(system: System, ask: Ask) -> None:
    system.script["/loads"] = [(202, {"id": KEY, "state": "done"})]
    outcome = ask(evidence="{state} {state.__class__} {state:>1000000000}")
    assert outcome is not None
    assert outcome.evidence == "done {state.__class__} {state:>1000000000}"
