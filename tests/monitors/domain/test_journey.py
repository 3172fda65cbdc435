"""A journey goes step by step, remembers what it learns, stops at trouble and clears up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from monitors.domain.check import Answer, JourneyCheck, NoAnswer, Request, Status
from monitors.domain.journey import after, next_request, pause, set_out, verdict

AT = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
STEPS: list[dict[str, Any]] = [
    {"name": "book", "method": "POST", "path": "/bookings", "body": {"name": "Zofia {run}", "synthetic": True}, "expect": {"status": 201}, "keep": {"reference": "reference"}},
    {"name": "find", "path": "/bookings", "query": {"name": "Zofia {run}", "near": 1}, "expect": {"mentions": ["{reference}"]}},
    {"name": "release", "method": "POST", "path": "/bookings/{reference}/release", "always": True},
]  # fmt: skip
RUN = "custody-journey-20261023T210000Z"


def journey(steps: list[dict[str, Any]] = STEPS) -> JourneyCheck:
    fields = {"kind": "journey", "id": "custody-journey", "title": "J", "owner": "asha", "system": "custody"}
    return JourneyCheck.model_validate(fields | {"steps": steps})


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), 0.5)


def walk_through(check: JourneyCheck, answers: Mapping[str, Answer | NoAnswer]) -> tuple[list[Request], Any]:
    asked = []
    walk, request = next_request(check, set_out(check, AT))
    while request is not None:
        asked.append(request)
        walk = after(check, walk, answers[check.steps[walk.at_step].name])
        walk, request = next_request(check, walk)
    return asked, verdict(check, walk)


def test_every_step_passes_and_uses_what_was_learnt() -> None:
    found = answer({"bookings": [{"reference": "B-7"}]})
    asked, result = walk_through(
        journey(), {"book": answer({"reference": "B-7"}, 201), "find": found, "release": answer({})}
    )
    assert asked == [
        Request("POST", "/bookings", {}, {"name": f"Zofia {RUN}", "synthetic": True}, f"{RUN}-1"),
        Request("GET", "/bookings", {"name": f"Zofia {RUN}", "near": 1}),
        Request("POST", "/bookings/B-7/release", {}, {}, f"{RUN}-3"),
    ]
    assert (result.status, result.detail, result.latency) == (Status.OK, "3 steps passed", 1.5)


def test_a_step_in_trouble_names_itself_and_the_booking_is_still_released() -> None:
    answers = {
        "book": answer({"reference": "B-7"}, 201),
        "find": answer({"bookings": []}),
        "release": answer({}),
    }
    asked, result = walk_through(journey(), answers)
    assert [request.path for request in asked] == ["/bookings", "/bookings", "/bookings/B-7/release"]
    assert (result.status, result.detail) == (Status.CRITICAL, "step 'find': 'B-7' is not in the answer")


@pytest.mark.parametrize(
    ("book", "why"),
    [
        (NoAnswer("no answer within 10 s", 10.0), "step 'book': no answer within 10 s"),
        (answer({}, 503), "step 'book': answered 503, expected 201"),
        (answer({"number": 7}, 201), "step 'book': the answer has no reference"),
    ],
)
def test_what_was_never_booked_is_not_released(book: Answer | NoAnswer, why: str) -> None:
    asked, result = walk_through(journey(), {"book": book})
    assert len(asked) == 1
    assert (result.status, result.detail) == (Status.CRITICAL, why)


def test_the_first_trouble_is_the_verdict() -> None:
    answers = {"book": answer({"reference": "B-7"}, 201), "find": answer({}, 500), "release": answer({}, 502)}
    assert walk_through(journey(), answers)[1].detail == "step 'find': answered 500, expected 200"


def test_a_journey_without_steps_leads_nowhere() -> None:
    with pytest.raises(ValidationError, match="the list is empty"):
        journey([])


def test_a_step_that_refers_to_something_unknown_by_then_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"step 'release' refers to \['reference'\]"):
        journey([STEPS[2]])


TRANSFER: list[dict[str, Any]] = [
    {"name": "send", "method": "POST", "path": "/files", "body": {"case": "marked {run}"}, "expect": {"status": 202}, "keep": {"reference": "reference"}},
    {"name": "acknowledged", "path": "/files/{reference}", "expect": {"body": {"state": "accepted"}}, "within": 5, "again_every": 0.01},
]  # fmt: skip


def test_a_step_is_asked_again_until_it_is_as_expected_or_its_time_is_over() -> None:
    """Each question took half a second: nine of them fit into five seconds."""
    check = journey(TRANSFER)
    walk = after(check, set_out(check, AT), answer({"reference": "F-1"}, 202))
    for _ in range(3):
        walk = after(check, walk, answer({"state": "received"}))
        assert (walk.at_step, pause(check, walk)) == (1, 0.01)
    done = after(check, walk, answer({"state": "accepted"}))
    assert verdict(check, done).status is Status.OK
    asked = 3
    while walk.at_step == 1:
        walk, asked = after(check, walk, answer({"state": "received"})), asked + 1
    assert (asked, verdict(check, walk).detail[:20]) == (10, "step 'acknowledged':")


def test_what_writes_is_not_asked_again() -> None:
    with pytest.raises(ValidationError, match="only a GET may be asked again"):
        journey([TRANSFER[0] | {"within": 5}])
