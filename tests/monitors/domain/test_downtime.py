"""A downtime silences what it names, when it says so, on the wall clock, and nothing else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.core.errors import Refused
from cutover.core.event import Command, Event
from cutover.core.refusal_words import spoken
from monitors.domain import downtime_events
from monitors.domain.check import HttpCheck
from monitors.domain.downtime import Downtime, silenced_by
from monitors.domain.downtime_events import DOWNTIME, DOWNTIMES, AnnounceDowntime, DowntimeStage, EndDowntime

LONDON = "Europe/London"
START = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHECK = HttpCheck.model_validate(
    {
        "kind": "http",
        "id": "custody",
        "title": "C",
        "owner": "asha",
        "system": "custody",
        "component": "cells",
    }
)


def downtime(**more: Any) -> Downtime:
    return Downtime.model_validate({"checks": ["custody"], "note": "patching"} | more)


def silenced(one: Downtime, at: str) -> bool:
    return bool(silenced_by(CHECK, [one], datetime.fromisoformat(at), LONDON))


def test_a_fixed_one_holds_from_its_beginning_until_its_end() -> None:
    one = downtime(begins="2026-10-24T22:00", ends="2026-10-24T23:00")
    assert [silenced(one, f"2026-10-24T{t}+00:00") for t in ("20:59", "21:00", "21:59", "22:00")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_recurring_one_keeps_its_hours_when_the_clocks_change() -> None:
    """Sunday 25 October 2026 has 01:00 to 02:00 twice in London: silent both times."""
    one = downtime(hours=[{"days": "sun", "opens": "01:00", "closes": "02:00"}])
    found = [silenced(one, f"2026-10-{day}T{t}+00:00") for day, t in
             (("18", "00:30"), ("25", "00:30"), ("25", "01:30"), ("25", "02:30"), ("26", "01:30"))]  # fmt: skip
    assert found == [True, True, True, False, False]


def test_it_names_checks_or_components_and_leaves_others_alone() -> None:
    week = [{"opens": "00:00", "closes": "00:00"}]
    assert silenced(downtime(checks=[], components=["cells"], hours=week), "2026-10-25T12:00+00:00")
    assert not silenced(downtime(checks=["other"], hours=week), "2026-10-25T12:00+00:00")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"checks": []}, "names checks or components"),
        ({}, "either `begins` and `ends`, or `hours`"),
        ({"begins": "2026-10-24T22:00"}, "either `begins` and `ends`, or `hours`"),
        ({"begins": "soon", "ends": "later"}, "'soon' is no moment"),
    ],
)
def test_what_makes_no_sense_is_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        downtime(**wrong)


def announce(**more: Any) -> AnnounceDowntime:
    fields = {"by": "Asha", "checks": ("custody",), "begins": START, "ends": START + HOUR, "note": "patching"}
    return AnnounceDowntime.model_validate(fields | more)


def test_the_table_is_sound_and_refuses_the_rest() -> None:
    assert DOWNTIMES.faults() == []
    events: tuple[type[Event], ...] = downtime_events.EVENTS
    assert {event for _, event in DOWNTIMES.moves} == set(events)
    for stage, event in itertools.product(DowntimeStage, events):
        if not DOWNTIMES.allows(stage, event):
            with pytest.raises(Refused, match=f"A downtime that is {spoken(stage)} cannot "):
                DOWNTIMES.next(stage, event)


def test_an_announced_one_can_be_ended_once() -> None:
    state, _ = DOWNTIME.apply(DOWNTIME.start, announce(), START)
    ended, _ = DOWNTIME.apply(state, EndDowntime(by="Asha"), START + HOUR / 2)
    assert (state.by, ended.stage, ended.ends) == ("Asha", DowntimeStage.ENDED, START + HOUR / 2)
    with pytest.raises(Refused, match="no such downtime"):
        DOWNTIME.decide(ended, EndDowntime(by="Asha"), START + HOUR / 2)


def test_one_without_an_end_in_reach_is_refused_with_every_reason() -> None:
    with pytest.raises(Refused) as caught:
        DOWNTIME.decide(DOWNTIME.start, announce(checks=(), ends=START - HOUR), START)
    assert len(caught.value.reasons) == 2
    with pytest.raises(Refused, match="within 7 days"):
        DOWNTIME.decide(DOWNTIME.start, announce(ends=START + 200 * HOUR), START)


def test_a_command_it_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        DOWNTIME.decide(DOWNTIME.start, Command(by="Dev"), START)
