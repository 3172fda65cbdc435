"""What ran before has a monitor and an owner, or a waiver that somebody else signed until a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cutover.core.errors import Refused
from monitors.domain.register import (
    WAIVER,
    WAIVERS,
    Expectation,
    SignWaiver,
    WaiverState,
    WithdrawWaiver,
    decide,
    gaps,
    read_register,
)

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(days=30)


def one(**more: object) -> Expectation:
    return Expectation.model_validate({"id": "return", "title": "Monthly return", "owner": "bo", "monitors": ["referrals"]} | more)  # fmt: skip


def lacks(of: Expectation, waiver: WaiverState | None = None, now: datetime = NOW) -> list[str]:
    return gaps(read_register([of], {"referrals"}, {"return": waiver} if waiver else {}, now))


def signed(**more: object) -> WaiverState:
    command = SignWaiver.model_validate({"by": "chen", "reason": "ends in May", "until": UNTIL, "owner": "bo"} | more)  # fmt: skip
    return WAIVER.apply(WaiverState(), command, NOW)[0]


def test_the_table_has_no_faults() -> None:
    assert WAIVERS.faults() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        ({"owner": ""}, ["Monthly return: nobody owns it"]),
        ({"monitors": []}, ["Monthly return: nothing watches it"]),
        ({"monitors": ["refferals"]}, ["Monthly return: its monitor refferals does not exist"]),
        ({"owner": "", "monitors": []}, ["Monthly return: nobody owns it; nothing watches it"]),
    ],
)
def test_each_line_says_all_that_it_lacks(more: dict[str, object], said: list[str]) -> None:
    assert lacks(one(**more)) == said


@pytest.mark.requirement("R19")
def test_a_signed_waiver_opens_the_gate_until_its_day_and_no_longer() -> None:
    bare, waiver = one(monitors=[]), signed()
    assert lacks(bare, waiver) == []
    assert lacks(bare, waiver, UNTIL) == [
        "Monthly return: nothing watches it; the waiver of chen has run out"
    ]


def test_a_withdrawn_waiver_holds_no_longer() -> None:
    state, _ = WAIVER.apply(signed(), WithdrawWaiver(by="chen", reason="it is wanted"), NOW)
    assert not state.holds(NOW)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"by": "bo"}, "a waiver is signed by somebody else"),
        ({"until": NOW}, "must end in the future"),
        ({"until": NOW + timedelta(days=400)}, "ends within 183 days"),
    ],
)
def test_a_waiver_is_signed_by_another_and_has_an_end(more: dict[str, object], why: str) -> None:
    with pytest.raises(Refused, match=why):
        signed(**more)


def test_what_nobody_signed_cannot_be_withdrawn() -> None:
    with pytest.raises(Refused, match="A waiver that is unsigned cannot be withdrawn"):
        decide(WaiverState(), WithdrawWaiver(by="chen", reason="r"), NOW)


def test_what_lacks_something_stands_first() -> None:
    lines = read_register([one(), one(id="b", owner="")], {"referrals"}, {}, NOW)
    assert [line.expectation.id for line in lines] == ["b", "return"]
