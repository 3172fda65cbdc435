"""The seven scenarios are played by their names, into a new folder, and say where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core.errors import Invalid, NotFound
from cutover.stories import names, place_of, play_story

SEVEN = [
    "first_62_hours", "no_acknowledgement", "seventy_two_hours", "silent_halving", "six_hundred_and_eighty_six",
    "six_hundred_and_four", "upgrade_tuesday",
]  # fmt: skip


def test_there_are_seven_and_each_has_its_page() -> None:
    assert names() == SEVEN
    for name in SEVEN:
        page = (place_of(name) / "README.md").read_text(encoding="utf-8")
        assert f"cutover demo {name}" in page or "cutover demo\n" in page


@pytest.mark.real
def test_a_story_is_played_by_its_name_and_says_where_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With hyphens or without; and never into a folder that holds something."""
    assert play_story("no-acknowledgement", tmp_path / "one") == 0
    assert f"cutover serve --programme {tmp_path / 'one'}" in capsys.readouterr().out.replace("\n", "")
    with pytest.raises(Invalid, match="not empty"):
        play_story("no_acknowledgement", tmp_path / "one")


def test_a_story_that_is_none_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="six_hundred_and_four"):
        place_of("six-hundred-and-for")
