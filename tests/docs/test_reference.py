"""The reference pages are what docs/generate.py would write now, and leave nothing out."""

from __future__ import annotations

import pytest
from from_code.commands import arguments_of, typed
from from_code.facts import slugs, tables
from from_code.requirements import demonstrations, wanted

from cutover.app.facts import catalogue
from cutover.app.settings import PREFIX, Settings
from cutover.main import GROUPS
from tests.docs.pages import DOCS, anchors


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    import generate

    return generate.pages()


def reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def test_the_pages_are_up_to_date(made: dict[str, str]):
    """Whatever the code says now is what stands in docs/reference; docs/generate.py writes it."""
    stale = [name for name, text in made.items() if reference(name) != text]
    assert stale == [], "run docs/generate.py"


def test_nothing_else_is_in_the_folder(made: dict[str, str]):
    """A page whose source is gone goes too; the glossary alone is written by hand."""
    assert {path.name for path in (DOCS / "reference").iterdir()} == {*made, "glossary.md"}


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_is_documented(group: str):
    """Each command as it is typed has its heading and its usage."""
    page = reference("commands.md")
    for words, _ in typed(group):
        assert f"# cutover {words}\n" in page
        assert f"`cutover {words}" in page


@pytest.mark.parametrize("group", GROUPS)
def test_every_argument_says_what_it_means(group: str):
    """No option of any command is left without a word, in a terminal as little as here."""
    page = reference("commands.md")
    for words, app in typed(group):
        section = page.split(f"# cutover {words}\n", 1)[1].split("\n#", 1)[0]
        for argument in arguments_of(app):
            assert argument.parameter.help or argument.get_choices(), f"{words} {argument.names[0]}"
            assert argument.names[0].removeprefix("--").upper() in section or argument.names[0] in section


def test_every_setting_is_documented():
    """Each field of the settings stands under its variable, with its description."""
    page = reference("settings.md")
    for name, field in Settings.model_fields.items():
        assert f"`{PREFIX}{name.upper()}`" in page
        assert field.description
        assert field.description in page


def test_every_event_kind_has_an_anchor():
    """A link to a kind of fact leads to what it carries."""
    assert {kind.lower() for kind in catalogue().kinds} <= anchors(DOCS / "reference" / "events.md")


def test_every_error_slug_has_an_anchor():
    """The word before the colon of a message leads to its page."""
    assert {kind.slug for kind in slugs()} <= anchors(DOCS / "reference" / "errors.md")


def test_every_table_has_a_diagram():
    """Each machine is drawn from the literal that the code applies."""
    page = reference("state-machines.md")
    assert len(tables()) == page.count("```mermaid")
    for _, table in tables():
        assert table.mermaid() in page


def test_check_names_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """With --check nothing is written: the exit code is 1 and each stale page is named."""
    import generate

    monkeypatch.setattr(generate, "PAGES", tmp_path)
    said: list[str] = []
    assert generate.main(["--check"], said.append) == 1
    assert len(said) == len(generate.pages())
    assert list(tmp_path.iterdir()) == []


def test_every_requirement_has_a_test_that_shows_it():
    """And no test shows one that nobody asked for."""
    assert set(demonstrations()) == set(wanted())
