"""Claimed by one, verified by another, closed only with a proving reference."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.backlog import (
    EVENTS,
    ITEM,
    ITEMS,
    ClaimItem,
    FindItem,
    ItemStage,
    ItemState,
    OpenItem,
    ReopenItem,
    VerifyItem,
    ageing,
)
from contingency.domain.triage import Grade
from cutover.core.errors import Refused
from cutover.core.event import Command
from tests.conftest import START

DAY = timedelta(days=1)
FIND = FindItem(
    by="asha", item_type="da_assessment", tier=Grade.HIGH, occurred_at=START - DAY, source="register"
)


def after(*commands: Command) -> ItemState:
    state = ItemState()
    for command in commands:
        state, _ = ITEM.apply(state, command, START)
    return state


def test_the_table_is_whole() -> None:
    """Every stage is reachable and none is a dead end: an item can always be reopened."""
    assert ITEMS.faults() == []


@pytest.mark.parametrize("stage", ItemStage)
@pytest.mark.parametrize("event", EVENTS)
def test_every_other_stage_and_event_is_refused(stage: ItemStage, event: type) -> None:
    """What the table does not list is refused."""
    if not ITEMS.allows(stage, event):
        with pytest.raises(Refused):
            ITEMS.next(stage, event)


def test_claimed_and_verified_are_two_people() -> None:
    """Bo claims, Bo cannot verify, Chen can."""
    claimed = after(FIND, ClaimItem(by="bo", done="assessed by telephone"))
    with pytest.raises(Refused, match="bo claimed it"):
        ITEM.apply(claimed, VerifyItem(by="bo", reference="DA-77"), START)
    closed, _ = ITEM.apply(claimed, VerifyItem(by="chen", reference="DA-77"), START)
    assert (closed.stage, closed.claimed_by, closed.verified_by, closed.reference) == (
        ItemStage.CLOSED,
        "bo",
        "chen",
        "DA-77",
    )


def test_closing_without_a_reference_is_refused() -> None:
    """Nothing leaves a list on somebody's word."""
    with pytest.raises(Refused, match="reference"):
        ITEM.apply(after(FIND, ClaimItem(by="bo", done="done")), VerifyItem(by="chen", reference="  "), START)


def test_an_unclaimed_item_cannot_be_verified() -> None:
    """Verified needs a claim to verify."""
    with pytest.raises(Refused, match="open"):
        ITEM.apply(after(FIND), VerifyItem(by="chen", reference="DA-77"), START)


@pytest.mark.parametrize("command", [ClaimItem(by="bo", done=" "), ReopenItem(by="bo", reason="")])
def test_words_are_needed(command: Command) -> None:
    """A claim without what was done, a reopening without why: refused."""
    with pytest.raises(Refused):
        ITEM.apply(
            after(FIND, *([ClaimItem(by="bo", done="x")] if isinstance(command, ReopenItem) else [])),
            command,
            START,
        )


def test_a_closed_item_found_open_after_all_is_reopened() -> None:
    """Its proof is gone with it, and it can be claimed again."""
    closed = after(FIND, ClaimItem(by="bo", done="arrested"), VerifyItem(by="chen", reference="CU-1"))
    state, _ = ITEM.apply(closed, ReopenItem(by="asha", reason="another person of that name"), START)
    assert (state.stage, state.reference, state.verified_by) == (ItemStage.REOPENED, "", "")
    assert after_claim(state).stage is ItemStage.CLAIMED


def after_claim(state: ItemState) -> ItemState:
    return ITEM.apply(state, ClaimItem(by="bo", done="arrested now"), START)[0]


def test_ageing_is_headed_by_the_oldest() -> None:
    """One line a kind and tier: how many, the oldest, how many are late; the oldest line first."""
    items = [
        OpenItem("a", "referral", Grade.STANDARD, START - 101 * DAY, START - 99 * DAY),
        OpenItem("b", "referral", Grade.STANDARD, START - 3 * DAY, START + DAY),
        OpenItem("c", "da_assessment", Grade.HIGH, START - 30 * DAY, None),
    ]
    lines = ageing(items, START)
    assert [(line.oldest, line.waiting, line.late) for line in lines] == [("a", 2, 1), ("c", 1, 0)]
    assert lines[0].oldest_age == 101 * DAY


def test_equally_old_the_gravest_leads() -> None:
    """Age first, then risk."""
    items = [OpenItem(tier, "x", tier, START) for tier in reversed(Grade)]
    assert [line.tier for line in ageing(items, START)] == list(Grade)


WISHES: list[Command] = [
    FIND,
    *(ClaimItem(by=p, done="done") for p in ("bo", "dev")),
    *(VerifyItem(by=p, reference=r) for p in ("bo", "chen") for r in ("", "DA-1")),
    ReopenItem(by="asha", reason="no"),
]


@given(st.lists(st.sampled_from(WISHES), max_size=15))
def test_no_history_closes_without_two_people_and_a_reference(wishes: list[Command]) -> None:
    """Whatever is asked: closed means claimed and verified by two people, with a reference; facts fold to it."""
    state, facts = ItemState(), []
    for wish in wishes:
        try:
            state, fresh = ITEM.apply(state, wish, START)
        except Refused:
            continue
        facts += fresh
        if state.stage is ItemStage.CLOSED:
            assert state.reference
            assert state.claimed_by != state.verified_by
    assert ITEM.fold(facts) == state
