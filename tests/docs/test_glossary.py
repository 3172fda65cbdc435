"""The public names speak the words of the glossary: what somebody types, reads or imports is explained there."""

from __future__ import annotations

import importlib
import re

import pytest
from from_code.commands import typed
from from_code.facts import tables

from cutover.app.facts import catalogue
from cutover.main import GROUPS
from tests.docs.pages import DOCS

LIBRARY = (
    "cutover.api", "cutover.testing", "cutover.reconciliation", "runbooks", "monitors", "paper_capture", "contingency", "flows",
)  # fmt: skip
# English in its ordinary meaning, and the furniture of every Python library.
PLAIN = """
    add again as ask assert assign attach became began begin book build calendar call comment confirm current db
    declare demo disable disarm dismiss enter entry export field finish found grew history http import init
    keep kind lift line list load log make next parse passwd person print public raise reason render
    renew repeat restate resume rule said seen serve setup show since sql state step stepped supply take taken to type
    given passed retried skipped undone up went why worsen write
""".split()  # noqa: SIM905  a list of a hundred quoted words reads worse
_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def stem(word: str) -> str:
    """Acknowledged and acknowledgement are one word to a reader."""
    return re.sub(r"(?<=..)(ing|ed|e|y)$", "", word.removesuffix("s"))[:5]


def terms() -> set[str]:
    """The first words of each row: what the page explains."""
    text = (DOCS / "reference" / "glossary.md").read_text("utf-8")
    named = re.findall(r"^\| (?:(\*\*.+?)|([a-z ]*?) ?\| (`.+?)) \|", text, re.MULTILINE)
    return {stem(word) for row in named for cell in row for word in words(cell.replace("_", " "))}


def unexplained(names: list[str]) -> dict[str, list[str]]:
    known = terms() | {stem(word) for word in PLAIN}
    found = {name: [word for word in words(name) if stem(word) not in known] for name in names}
    return {name: strange for name, strange in found.items() if strange}


def test_every_command_speaks_the_words_of_the_glossary():
    """Whoever reads `cutover --help` finds each verb explained, or it is plain English."""
    assert unexplained([line for group in GROUPS for line, _ in typed(group)]) == {}


def test_every_kind_of_event_speaks_the_words_of_the_glossary():
    """The journal is read by auditors."""
    assert unexplained(sorted(catalogue().kinds)) == {}


@pytest.mark.parametrize("module", LIBRARY)
def test_every_name_of_the_library_speaks_the_words_of_the_glossary(module: str):
    """Code and screens have one language."""
    assert unexplained(sorted(importlib.import_module(module).__all__)) == {}


def test_no_plain_word_is_listed_that_nobody_uses_or_that_is_explained():
    """The list of exceptions stays as short as it can be."""
    names = [
        *(line for group in GROUPS for line, _ in typed(group)),
        *catalogue().kinds,
        *(name for module in LIBRARY for name in importlib.import_module(module).__all__),
    ]
    used = {stem(word) for name in names for word in words(name)}
    assert [word for word in PLAIN if stem(word) not in used - terms()] == []


def test_every_stage_of_every_machine_is_explained_under_its_thing():
    """A stage that a screen shows has its sentence, beside the thing it is a stage of; none is there that is gone."""
    text = (DOCS / "reference" / "glossary.md").read_text("utf-8").partition("## Stages")[2]
    found: dict[str, set[str]] = {}
    thing = ""
    for first, stages in re.findall(r"^\| ([a-z ]*)\| (`[^|]+) \|", text, re.MULTILINE):
        thing = first.strip() or thing
        found.setdefault(thing, set()).update(re.findall(r"`([a-z_]+)`", stages))
    assert found == {table.name: {str(stage) for stage in table.stages} for _, table in tables()}


def test_a_word_that_nobody_explained_is_found():
    """The test can fail."""
    assert unexplained(["GateZonked", "gate show"]) == {"GateZonked": ["zonked"]}
