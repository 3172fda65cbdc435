"""A programme's checks are read as one, and what is wrong is named where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from cutover.domain.programme import Hours, Programme
from monitors.definitions import load_checks

EXAMPLE = Path(__file__).parents[2] / "examples" / "seventy_two_hours" / "monitors"
CHECK = "  - {{id: {id}, kind: http, title: T, owner: asha, system: custody{more}}}\n"
PROGRAMME = Programme.model_validate(
    {
        "title": "P",
        "window": {"opens": "2026-10-23T21:00Z", "closes": "2026-10-26T21:00Z"},
        "components": [{"id": "custody", "title": "Custody"}],
        "systems": {"custody": "http://127.0.0.1:1"},
    }
)


def write(folder: Path, name: str, *checks: tuple[str, str]) -> None:
    (folder / name).write_text("checks:\n" + "".join(CHECK.format(id=i, more=more) for i, more in checks))


def problems(folder: Path, programme: Programme | None = None) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load_checks(folder, programme)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_the_shipped_example_has_its_seven_checks() -> None:
    ids = [check.id for check in load_checks(EXAMPLE)]
    assert ids == [
        "case-transfer-health",
        "case-transfer-ledger",
        "custody-health",
        "custody-journey",
        "command-and-control-health",
        "new-records-health",
        "legacy-records-health",
    ]


def test_a_programme_without_monitors_has_no_checks(tmp_path: Path) -> None:
    assert load_checks(tmp_path / "monitors") == ()


def test_an_id_given_twice_is_named_in_both_files(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ("one", ""))
    write(tmp_path, "b.yaml", ("two", ""), ("one", ""))
    assert problems(tmp_path) == ["b.yaml:3: checks.2.id: 'one' is given twice (first in a.yaml)"]


def test_an_unknown_parent_is_named_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ("custody", ""), ("cells", ", parents: [custdy]"))
    assert problems(tmp_path) == ["a.yaml:3: checks.2.parents: no check 'custdy'; did you mean 'custody'?"]


def test_parents_that_go_round_would_silence_one_another(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ("one", ", parents: [two]"), ("two", ", parents: [one]"))
    assert problems(tmp_path) == [
        "a.yaml:2: checks.1.parents: 'one' is an ancestor of itself",
        "a.yaml:3: checks.2.parents: 'two' is an ancestor of itself",
    ]


def test_the_programme_must_know_the_component_and_the_system(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ("one", ", component: custdy"), ("two", ", component: custody"))
    assert problems(tmp_path, PROGRAMME) == [
        "a.yaml:2: checks.1.component: no component 'custdy'; did you mean 'custody'?"
    ]
    strange = PROGRAMME.model_copy(update={"systems": {"custody_new": "http://127.0.0.1:1"}})
    assert "a.yaml:3: checks.2.system: no system 'custody'; did you mean 'custody_new'?" in problems(
        tmp_path, strange
    )


def test_a_file_that_declares_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("checks: []")
    assert problems(tmp_path) == [
        "a.yaml:1: the file declares nothing: give it checks, flows, expected or hypercare"
    ]


def test_every_wrong_file_is_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", ("one", ", intervall: 5m"))
    write(tmp_path, "b.yaml", ("two", ", interval: soon"))
    (tmp_path / "c.yaml").write_text("")
    first, second, third = problems(tmp_path)
    assert first == "a.yaml:2: checks.1.intervall: unknown field 'intervall'; did you mean 'interval'?"
    assert second.startswith("b.yaml:2: checks.1.interval: 'soon' is not a duration")
    assert third == "c.yaml: the file is empty"


def test_the_programme_must_know_the_calendar_of_an_age(tmp_path: Path) -> None:
    lists = "upstream: {kind: csv, path: a.csv}, done: {kind: csv, path: b.csv}, standard: 2 working days"
    (tmp_path / "a.yaml").write_text(
        f"checks:\n  - {{id: triage, kind: ageing, title: T, owner: bo, calendar: ofice, {lists}}}\n"
    )
    office = Hours.model_validate({"days": "mon-fri", "opens": "09:00", "closes": "17:00"})
    programme = PROGRAMME.model_copy(update={"calendars": {"office": (office,)}})
    assert problems(tmp_path, programme) == [
        "a.yaml:2: checks.1.calendar: no calendar 'ofice'; did you mean 'office'?"
    ]
