"""Words for readers: spans to the minute, chances without certainty, links that lead nowhere bad."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.web.words import lasting, safe_link, share, spelled


def test_a_span_is_told_to_the_minute() -> None:
    assert [lasting(timedelta(seconds=s)) for s in (0, 59, 61, -90, 100_000)] == [
        "under a minute", "under a minute", "1m", "1m", "1d 3h 46m",
    ]  # fmt: skip


def test_a_chance_never_rounds_to_certainty() -> None:
    assert [share(chance) for chance in (0, 0.004, 0.35, 0.996, 1)] == [
        "under 1 %", "under 1 %", "35 %", "over 99 %", "over 99 %",
    ]  # fmt: skip


def test_the_name_of_a_fact_is_spelled_as_words() -> None:
    assert spelled("PointOfNoReturnPassed") == "Point of no return passed"


@pytest.mark.parametrize("link", ["/journal?stream=a", "#L5", "https://example.org/x", "http://intranet/y"])
def test_a_link_to_a_page_is_kept(link: str) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    "link", ["", "javascript:alert(1)", "//elsewhere/x", "/\\elsewhere", "data:text/html,x"]
)
def test_a_link_to_anything_else_is_dropped(link: str) -> None:
    assert safe_link(link) == ""
