"""What was declared before the window is checked as one, and every slip is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contingency.files import load_plays, shipped_clocks
from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from cutover.store.documents import read_yaml
from paper_capture.forms import load_forms
from tests.contingency.world import SCENARIO

GOOD = """\
triggers:
  - id: custody-down
    monitor: custody-health
    for: 15m
    play: on-paper
    decider: chen
plays:
  - id: on-paper
    title: On paper
    component: custody
    switch_to: paper
    stations: [central]
    blocks: {crime: 5}
"""


def problems(folder: Path, text: str, **known: object) -> list[str]:
    (folder / "custody.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as found:
        load_plays(folder, **known)  # type: ignore[arg-type]
    return [str(problem).removeprefix(f"{folder}/") for problem in found.value.problems]


def test_the_scenario_names_only_what_exists() -> None:
    """Its people, stations, component, forms and monitor are the programme's."""
    programme = read_yaml(SCENARIO / "programme.yaml", Programme)
    forms = load_forms(SCENARIO / "forms")
    book = load_plays(SCENARIO / "contingency", programme, monitors={"custody-health"}, forms=forms)
    assert book.triggers["custody-down"].decider == "chen"
    assert book.plays["custody-on-paper"].component == "custody"


def test_every_clock_a_scenario_form_names_is_a_rule_for_it() -> None:
    """A form that says it carries a clock has that clock in the shipped rules."""
    rules = {rule.id: rule for rule in shipped_clocks().rules}
    for form in load_forms(SCENARIO / "forms").values():
        assert all(form.id in rules[clock].form_types for clock in form.clocks)


def test_the_shipped_clocks_say_check_locally() -> None:
    """General knowledge is not legal advice."""
    assert "check locally" in shipped_clocks().note


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "play: on-paper",
            "play: on-papr",
            "custody.yaml:5: triggers.1.play: no play is named 'on-papr'; did you mean 'on-paper'?",
        ),
        (
            "monitor: custody-health",
            "monitor: custody-helth",
            "custody.yaml:3: triggers.1.monitor: no monitor is named 'custody-helth'; did you mean 'custody-health'?",
        ),
        (
            "stations: [central]",
            "stations: [centrl]",
            "custody.yaml:12: plays.1.stations.1: no station is named 'centrl'; did you mean 'central'?",
        ),
        (
            "crime: 5",
            "crme: 5",
            "custody.yaml:13: plays.1.blocks.crme: no form is named 'crme'; did you mean 'crime'?",
        ),
        (
            "decider: chen",
            "decidr: chen",
            "custody.yaml:6: triggers.1.decidr: unknown field 'decidr'; did you mean 'decider'?",
        ),
        ("for: 15m", "for: soon", "custody.yaml:4: triggers.1.for: 'soon' is not a duration"),
        ("switch_to: paper", "switch_to: papr", "custody.yaml:11: plays.1.switch_to"),
    ],
)
def test_each_slip_is_named_with_file_line_and_nearest(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    """One message a person can act on."""
    programme = read_yaml(SCENARIO / "programme.yaml", Programme)
    found = problems(
        tmp_path, GOOD.replace(old, new), programme=programme, monitors={"custody-health"}, forms={"crime"}
    )
    assert any(line.startswith(expected) for line in found), found


def test_the_same_id_in_two_files_is_named_in_the_second(tmp_path: Path) -> None:
    """Two plays of one name would leave it to chance."""
    (tmp_path / "again.yaml").write_text(GOOD, encoding="utf-8")
    found = problems(tmp_path, GOOD)
    assert found == [
        "custody.yaml:2: triggers.1: 'custody-down' is declared twice (first in again.yaml)",
        "custody.yaml:8: plays.1: 'on-paper' is declared twice (first in again.yaml)",
    ]


def test_all_files_problems_are_told_at_once(tmp_path: Path) -> None:
    """An empty file and a broken one: both, in one go."""
    (tmp_path / "a.yaml").write_text("", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("plays: []\n", encoding="utf-8")
    found = problems(tmp_path, "triggers: [\n")
    assert [line.split(":")[0] for line in found] == ["a.yaml", "b.yaml", "custody.yaml"]
    assert "declares nothing" in found[1]


def test_no_folder_declares_nothing(tmp_path: Path) -> None:
    """A programme without contingency still has the shipped clocks."""
    book = load_plays(tmp_path / "none")
    assert (book.triggers, book.clocks) == ({}, shipped_clocks())


def test_a_programme_replaces_the_clocks(tmp_path: Path) -> None:
    """Local rules stand instead of the shipped ones."""
    rule = "{id: x, title: X, form_types: [crime], starts_from: [reported_at], limit: 12h}"
    (tmp_path / "clocks.yaml").write_text(
        f"clocks:\n  zone: Europe/London\n  rules:\n    - {rule}\n", encoding="utf-8"
    )
    assert [rule.id for rule in load_plays(tmp_path).clocks.rules] == ["x"]


MAPPED = """\
target:
  fields: [crime.type, crime.place, reported]
  required: [reported]
  mappings:
    - form: crime
      fields:
        - {from: offense, to: crime.type}
        - {from: place, to: crime.plac}
    - form: crim
      fields:
        - {value: 1, to: reported}
"""


def test_a_mapping_to_a_missing_field_is_refused_at_check_time(tmp_path: Path) -> None:
    """A field the form does not ask for, one the target does not have, one it requires and nothing fills, no such form."""
    forms = load_forms(SCENARIO / "forms")
    assert problems(tmp_path, MAPPED, forms=forms) == [
        "custody.yaml:7: target.mappings.1.fields.1: form 'crime' has no field 'offense'; did you mean 'offence'?",
        "custody.yaml:8: target.mappings.1.fields.2: the target has no field 'crime.plac'; did you mean 'crime.place'?",
        "custody.yaml:5: target.mappings.1: the target requires 'reported' and nothing of form 'crime' fills it",
        "custody.yaml:9: target.mappings.2.form: no form is named 'crim'",
    ]


def test_no_kind_of_target_goes_by_a_slip(tmp_path: Path) -> None:
    """Neither ours nor an installed adapter's."""
    (problem,) = problems(tmp_path, "target: {kind: htpp}\n", forms={})
    assert "no kind of target is named 'htpp' (files, http, sql)" in problem
