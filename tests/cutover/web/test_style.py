"""One set of tokens: each colour that a rule uses is declared, and set again for the dark and for paper."""

import re
from pathlib import Path

from cutover.web import kit

STYLE = Path(kit.__file__).parent / "static" / "style.css"
FOR_THE_SCREEN_ONLY = {
    "--head",
    "--head-ink",
    "--focus",
}  # the bar has no ground on paper, and nothing is focused


def declared(after: str) -> set[str]:
    """The tokens of the first `:root` after a text."""
    block = STYLE.read_text("utf-8").partition(after)[2].partition(":root {")[2].partition("}")[0]
    return set(re.findall(r"(--[a-z-]+):", block))


def test_every_token_that_is_used_is_declared_and_every_one_that_is_declared_is_used():
    used = set(re.findall(r"var\((--[a-z-]+)\)", STYLE.read_text("utf-8")))
    assert used == declared("*/")


def test_the_dark_sets_every_token():
    assert declared("@media (prefers-color-scheme: dark)") == declared("*/")


def test_paper_is_white_whatever_the_screen_is_set_to():
    assert declared("@media print") == declared("*/") - FOR_THE_SCREEN_ONLY


def test_no_colour_is_written_outside_the_tokens_but_black_white_and_shadow():
    rules = re.sub(r":root \{[^}]*\}", "", STYLE.read_text("utf-8"))
    found = set(re.findall(r"#[0-9a-f]{3,8}\b(?![^{}]*\{)|rgb\([^)]*\)", rules))
    assert found <= {"#fff", "#000", "rgb(0 0 0 / .5)"}
