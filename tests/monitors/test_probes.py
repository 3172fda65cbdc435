"""Whatever goes wrong on the way is an answer too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from monitors.domain.check import Answer, HttpCheck, JourneyCheck, NoAnswer, Reason, Request, Status
from monitors.http_wire import LARGEST_ANSWER
from monitors.probes import ask, probe_http, probe_journey
from monitors.session import Session, open_session
from tests.conftest import START
from tests.monitors.conftest import CHECKS, Target
from tests.monitors.domain.test_journey import STEPS, TRANSFER, journey

pytestmark = pytest.mark.real
T = TypeVar("T")
HEALTH = HttpCheck.model_validate(CHECKS[0].model_dump())


def with_session(use: Callable[[Session], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_session() as session:
            return await use(session)

    return asyncio.run(run())


def test_a_healthy_system_is_ok_and_its_latency_known(target: Target) -> None:
    result = with_session(lambda s: probe_http(s, HEALTH, {"custody": target.url}))
    assert result.status is Status.OK
    assert result.latency is not None
    assert target.asked == ["GET /health"]


def test_nobody_listening_is_critical(target: Target) -> None:
    gone = target.url
    target.close()
    result = with_session(lambda s: probe_http(s, HEALTH, {"custody": gone}))
    assert (result.status, result.detail[:9]) == (Status.CRITICAL, "no answer")


def test_a_system_without_an_address_is_unknown() -> None:
    result = with_session(lambda s: probe_http(s, HEALTH, {}))
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.ERROR)


def test_silence_ends_at_the_deadline(target: Target) -> None:
    target.gate.clear()
    answer = with_session(lambda s: ask(s, target.url, Request("GET", "/health"), 0.05))
    assert isinstance(answer, NoAnswer)
    assert answer.why == "no answer within 0.05 s"


def test_an_endless_answer_is_cut_off(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "answer", lambda *_: (200, "x" * (LARGEST_ANSWER + 1)))
    answer = with_session(lambda s: ask(s, target.url, Request("GET", "/health"), 10))
    assert isinstance(answer, NoAnswer)
    assert answer.why == f"the answer is larger than {LARGEST_ANSWER} bytes"


@pytest.mark.parametrize("base", ["http://", "not a url", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_no_answer(base: str) -> None:
    answer = with_session(lambda s: ask(s, base, Request("GET", "/health"), 5))
    assert isinstance(answer, NoAnswer)


def test_a_redirect_is_not_followed(target: Target) -> None:
    target.health = lambda: 302
    answer = with_session(lambda s: ask(s, target.url, Request("GET", "/health"), 5))
    assert isinstance(answer, Answer)
    assert (answer.status, len(target.asked)) == (302, 1)


def test_a_journey_books_finds_and_releases_and_asked_again_books_nothing_more(target: Target) -> None:
    near = STEPS[1] | {"name": "find near", "query": {"name": "Sofia {run}", "near": 1}}
    walked: JourneyCheck = journey([STEPS[0], STEPS[1], near, STEPS[2]])
    for _ in range(2):
        result = with_session(lambda s: probe_journey(s, walked, {"custody": target.url}, START))
        assert (result.status, result.detail) == (Status.OK, "4 steps passed")
    assert len(target.bookings) == 1
    assert set(target.released) == set(target.bookings)


@pytest.mark.requirement("R13")
def test_a_search_that_needs_the_exact_spelling_is_critical_though_it_finds_what_is_spelt_right(
    target: Target,
) -> None:
    target.needs_exact_spelling = True
    near = STEPS[1] | {"name": "find near", "query": {"name": "Sofia {run}", "near": 1}}
    walked: JourneyCheck = journey([STEPS[0], STEPS[1], near, STEPS[2]])
    result = with_session(lambda s: probe_journey(s, walked, {"custody": target.url}, START))
    assert result.status is Status.CRITICAL
    assert result.detail.startswith("step 'find near'")


def test_a_journey_into_a_failing_system_is_critical_at_its_first_step(target: Target) -> None:
    target.health = lambda: 503
    result = with_session(lambda s: probe_journey(s, journey(), {"custody": target.url}, START))
    assert (result.status, result.detail) == (Status.CRITICAL, "step 'book': answered 503, expected 201")


def test_a_marked_file_is_sent_and_its_acknowledgement_waited_for(target: Target) -> None:
    answers = iter(["received", "received", "accepted"])
    target.health = lambda: target.verdict.update(state=next(answers, "accepted")) or 200  # type: ignore[func-returns-value]
    result = with_session(lambda s: probe_journey(s, journey(TRANSFER), {"custody": target.url}, START))
    assert (result.status, result.detail) == (Status.OK, "2 steps passed")
    assert len(target.files) == 1
    assert target.asked.count("GET /files/F-1") == 2  # the first of the three states was that of the sending
