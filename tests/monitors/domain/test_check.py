"""What a check asks, and what its answer means."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitors.domain.check import (
    Answer,
    Expect,
    HttpCheck,
    NoAnswer,
    Reason,
    Result,
    Status,
    interpret,
    question,
    unmet,
)
from monitors.domain.reading import look_up


def http(**more: Any) -> HttpCheck:
    return HttpCheck.model_validate(
        {"kind": "http", "id": "c", "title": "C", "owner": "asha", "system": "custody"} | more
    )


def answer(body: object, status: int = 200, latency: float = 0.1) -> Answer:
    return Answer(status, json.dumps(body).encode(), latency)


def test_an_expected_status_and_body_is_ok() -> None:
    check = http(expect={"body": {"status": "ok", "queues.0.depth": 0}})
    result = interpret(check, answer({"status": "ok", "queues": [{"depth": 0}]}))
    assert (result.status, result.latency) == (Status.OK, 0.1)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (answer({"status": "ok"}, status=503), "answered 503, expected 200"),
        (answer({"status": "degraded"}), "status is 'degraded', expected 'ok'"),
        (answer(["ok"]), "status is None, expected 'ok'"),
        (Answer(200, b"<html>", 0.1), "the body is not JSON"),
        (Answer(200, b"[" * 100_000, 0.1), "the body is not JSON"),
        (Answer(200, b"", 0.1), "the body is not JSON"),
        (NoAnswer("no answer within 10 s", 10.0), "no answer within 10 s"),
    ],
)
def test_anything_else_is_critical_and_says_what(given: Answer | NoAnswer, why: str) -> None:
    result = interpret(http(expect={"body": {"status": "ok"}}), given)
    assert (result.status, result.detail) == (Status.CRITICAL, why)


def test_a_good_answer_that_is_slow_is_a_warning() -> None:
    slow = interpret(http(slow_after=2), answer({}, latency=2.5))
    assert (slow.status, slow.detail) == (Status.WARNING, "answered in 2.50 s, slower than 2 s")


def test_a_mentioned_value_may_stand_anywhere_in_the_answer_but_must_be_whole() -> None:
    body = {"bookings": [{"reference": "B-000017", "released": False}]}
    assert unmet(Expect(mentions=("B-000017",)), answer(body)) == ""
    assert unmet(Expect(mentions=("B-0000",)), answer(body)) == "'B-0000' is not in the answer"


def test_a_path_leads_nowhere_rather_than_failing() -> None:
    assert look_up({"a": [1, {"b": 2}]}, "a.1.b") == 2
    assert look_up({"a": [1]}, "a.7.b") is None
    assert look_up("text", "a") is None


def test_a_check_asks_its_path_or_its_whole_url() -> None:
    assert question(http(path="/ready")).path == "/ready"
    assert question(http(system="", url="https://partner.example/health")).path == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://partner.example"},
        {"system": ""},
        {"url": "ftp://partner.example", "system": ""},
        {"interval": "5m", "retry_interval": "6m"},
        {"retry_interval": "0m"},
        {"interval": "5m", "stale_after": "5m"},
        {"parents": ["c"]},
        {"timeout": 0},
        {"max_attempts": 0},
        {"intervall": "5m"},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        http(**wrong)


def test_a_result_is_believed_for_three_intervals_unless_told_otherwise() -> None:
    assert http(interval="5m").fresh_for == timedelta(minutes=15)
    assert http(interval="5m", stale_after="20m").fresh_for == timedelta(minutes=20)


@pytest.mark.parametrize("wrong", [{"status": "UNKNOWN"}, {"status": "OK", "reason": "stale"}])
def test_unknown_has_a_reason_and_nothing_else_has_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Result.model_validate(wrong)
    assert Result(status=Status.UNKNOWN, reason=Reason.ERROR).reason is Reason.ERROR
