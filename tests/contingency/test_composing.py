"""Bulletins from templates: facts from the journal, words of people, and nothing a template was not given."""

from __future__ import annotations

from pathlib import Path

import pytest

from contingency.composing import Composer
from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Invalid, NotFound
from tests.conftest import MakeDesk
from tests.contingency.assured import Assured


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


@pytest.fixture
def composer(assured: Assured) -> Composer:
    return Composer(assured.folder / "bulletins", assured.sources)


def template(assured: Assured, text: str, name: str = "mine") -> None:
    (assured.folder / "bulletins").mkdir(exist_ok=True)
    (assured.folder / "bulletins" / f"{name}.txt").write_text(text, encoding="utf-8")


@pytest.mark.requirement("R18")
def test_the_shipped_template_tells_modes_plays_pile_and_their_count_beside_ours(
    assured: Assured, composer: Composer
) -> None:
    """R18: each partner reads its own count beside ours, and which notice to acknowledge."""
    assured.in_the_thick_of_it()
    drafts = composer.compose("situation", ["prosecutor", "ambulance"], "b1", {"say": "Ring us."})
    text = drafts["prosecutor"].text
    assert "- Custody and case transfer: paper since " in text
    assert "Custody on paper since " in text
    assert "What waits with us: 8, of them 3 of high risk. The oldest has waited 2d 12h 15m." in text
    assert "We count 3 (case files received); you told us 1, which differs" in text
    assert "name b1:prosecutor." in text
    assert "Ring us." in text
    assert "you told us" not in drafts["ambulance"].text


def test_the_programmes_own_template_stands_before_the_shipped_one(
    assured: Assured, composer: Composer
) -> None:
    assert composer.names() == {"situation": "shipped"}
    template(assured, "Subject: Ours\n\nDear {{ partner }} & co", "situation")
    assert composer.names() == {"situation": "the programme's"}
    draft = composer.compose("situation", ["prosecutor"], "k", {})["prosecutor"]
    assert (draft.subject, draft.text) == ("Ours", "Dear Crown prosecutor & co")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Subject: x\n\n{{ partner }}\n{{ parnter }}", r"mine\.txt:4.*'parnter' is undefined"),
        ("Subject: x\n\n{% if %}", r"mine\.txt:3"),
        ("Subject: x\n\n{{ partner.__class__.__mro__ }}", "unsafe"),
        ("Subject: x\n\n{% set _ = counts.append(1) %}x", "unsafe"),
        ("Subject: x\n\n{{ 1 // 0 }}", "cannot be written"),
        ("Hello {{ partner }}", "expected 'Subject: …' as its first line"),
        ("Subject: {{ say }}\n\ntext", "expected 'Subject: …' as its first line"),
        ("Subject: x\n", "expected 'Subject: …' as its first line"),
    ],
)
def test_a_template_that_cannot_be_written_says_where_and_tells_nobody(
    assured: Assured, composer: Composer, text: str, why: str
) -> None:
    template(assured, text)
    with pytest.raises(Invalid, match=why):
        composer.compose("mine", ["prosecutor"], "k", {})
    assert assured.bulletins.status().notices == ()


def test_names_that_are_not_there_are_told_with_the_near_miss(composer: Composer) -> None:
    with pytest.raises(NotFound, match="did you mean 'situation'"):
        composer.compose("situaton", ["prosecutor"], "k", {})
    with pytest.raises(NotFound, match="did you mean 'prosecutor'"):
        composer.compose("situation", ["prosecuter"], "k", {})
    with pytest.raises(NotFound):
        composer.compose("../programme", ["prosecutor"], "k", {})
    with pytest.raises(Invalid, match="'waiting' is told from the journal"):
        composer.compose("situation", ["prosecutor"], "k", {"waiting": "none"})


def test_each_partner_is_told_its_own_words_once(assured: Assured, composer: Composer) -> None:
    """The same key again tells nobody twice, and other words under it are refused."""
    drafts = composer.compose("situation", ["prosecutor", "ambulance"], "k", {})
    told = assured.bulletins.tell_each(drafts, by="rosa", key="k")
    assert assured.bulletins.tell_each(drafts, by="rosa", key="k") == told == ["k:prosecutor", "k:ambulance"]
    assert len(assured.bulletins.status().notices) == 2
    other = composer.compose("situation", ["prosecutor"], "k", {"say": "more"})
    with pytest.raises(Conflict, match="was used before for another text"):
        assured.bulletins.tell_each(other, by="rosa", key="k")
