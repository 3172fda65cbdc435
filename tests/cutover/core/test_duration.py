"""Durations: one meaning for each spelling, and nothing read that was not meant."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.duration import parse_duration, show_duration, spell_duration
from cutover.core.errors import Invalid

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("45m", 45),
        ("1.5h", 90),
        ("2h 30m", 150),
        ("2 hours 30 minutes", 150),
        ("1:30", 90),
        ("1:30:30", 90.5),
        ("72:00", 4320),
        ("90", 90),
        (" 3D ", 4320),
        (90, 90),
        (0.5, 0.5),
        ("0", 0),
        ("30 secs", 0.5),
        (timedelta(hours=1), 60),
    ],
)
def test_every_spelling_has_one_meaning(text, minutes):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        ",",
        "soon",
        "1h2",
        "4x",
        "1:60",
        "-5m",
        "5 m5",
        "1e3",
        "٣m",
        -1,
        float("nan"),
        float("inf"),
    ],
)
def test_anything_else_is_invalid(text):
    with pytest.raises(Invalid):
        parse_duration(text)


@pytest.mark.parametrize("text", ["9" * 30 + "d", "9" * 400, 1e300, timedelta(minutes=-1)])
def test_a_length_that_no_calendar_holds_is_invalid(text):
    with pytest.raises(Invalid):
        parse_duration(text)


@given(SPANS)
def test_what_files_and_facts_keep_is_exact(span):
    assert parse_duration(spell_duration(span)) == span


@given(SPANS)
def test_what_people_read_is_right_to_the_second(span):
    assert abs(parse_duration(show_duration(span)) - span) <= timedelta(seconds=0.5)


def test_a_negative_span_is_shown_with_its_sign():
    assert show_duration(timedelta(minutes=-90)) == "-1h 30m"
    assert show_duration(timedelta(0)) == "0m"
