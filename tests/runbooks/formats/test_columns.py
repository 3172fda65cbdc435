"""Which column of a sheet means what."""

from __future__ import annotations

import pytest

from runbooks.formats.columns import columns, key_of, missing_title


@pytest.mark.parametrize(
    "header",
    [
        "Predecessor IDs",
        "predecessor_ids",
        "PREDECESSOR-IDS",
        " Predecessor  IDs: ",
        "Predecessor IDs (comma separated)",
    ],
)
def test_headers_are_compared_without_case_space_and_punctuation(header: str) -> None:
    assert columns(["Title", header]).at["after"] == 1


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            "id,phase,planned_at,tz,role,task,depends_on,kind,checked",
            "id,phase,not_before,zone,team,title,after,type,",
        ),
        (
            "item,section,subsection,parent_item,optional,conditional,text",
            "id,phase,stream,parent,optional,conditional,title",
        ),
        ("seq,phase,step,exclusive", "id,phase,title,"),
        ("Step,Description,Owner", "id,title,owner"),
        ("Task Ref,Activity Name,Est. Duration,Backup", "id,title,duration,deputy"),
        ("#,Task,Description and Notes,Workstream,PREDECESSORA", "id,title,description,stream,after"),
        (
            "Activity,Start Time,End Time,PONR,Comments",
            "title,not_before,ends,point_of_no_return,description",
        ),
        ("Item,Owner", "title,owner"),
    ],
)
def test_words_that_mean_two_things_are_settled_by_their_neighbours(headers: str, fields: str) -> None:
    found = columns(headers.split(","))
    by_position = {at: name for name, at in found.at.items()}
    assert [by_position.get(i, "") for i in range(len(headers.split(",")))] == fields.split(",")


def test_unknown_columns_are_kept_under_their_own_names() -> None:
    assert columns(["Task", "Risk", "", "Risk"]).unknown == {"Risk": 1, "column 3": 2, "Risk 2": 3}


@pytest.mark.parametrize(
    ("header", "unit"),
    [("Duration (hours)", "h"), ("Est. Duration (mins)", "m"), ("duration_days", "d"), ("Duration", "")],
)
def test_the_unit_of_a_duration_may_stand_in_its_header(header: str, unit: str) -> None:
    found = columns(["Task", header])
    assert (found.at["duration"], found.duration_unit) == (1, unit)


def test_a_workstream_runs_beside_others_and_a_subsection_after_them() -> None:
    assert columns(["Task", "Workstream"]).runs_in_parallel
    assert not columns(["Task", "Subsection"]).runs_in_parallel
    assert not columns(["Task"]).runs_in_parallel


def test_a_field_has_the_sheets_own_name_in_messages() -> None:
    found = columns(["Task", "Depends On"])
    assert (found.header("after"), found.header("parent")) == ("Depends On", "parent")


def test_a_header_of_brackets_or_other_scripts_has_a_key() -> None:
    assert (key_of("Owner(s)"), key_of("Größe"), key_of("#"), key_of("Task #")) == (
        "owner",
        "grösse",
        "#",
        "tasknumber",
    )


def test_a_sheet_without_titles_is_told_the_nearest_it_has() -> None:
    assert missing_title(["Ref", "Tsk"])[1] == "task"


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ("Task,Start Date,Start Time,End Date,End Time", "title,not_before,start_clock,ends,end_clock"),
        ("Task,Start Time,End Time", "title,not_before,ends"),
        ("Task,Must Finish By,Status,Skill", "title,deadline,status,skill"),
        ("Lfd. Nr.,Vorgang,VORGÄNGER,Dauer,Zuständig", "id,title,after,duration,owner"),
        ("Tache,Duree,Debut,Predecesseurs", "title,duration,not_before,after"),
        ("Tarefa,Duração,Início,Responsável", "title,duration,not_before,owner"),
        ("Zadanie,Poprzednicy,Czas trwania", "title,after,duration"),
    ],
)
def test_dates_with_hours_and_headers_of_other_languages_are_known(headers: str, fields: str) -> None:
    found = columns(headers.split(","))
    by_position = {at: name for name, at in found.at.items()}
    assert [by_position.get(i, "") for i in range(len(headers.split(",")))] == fields.split(",")


@pytest.mark.parametrize(
    ("header", "unit"), [("Dauer (Stunden)", "h"), ("Durée (jours)", "d"), ("Duration [min]", "m")]
)
def test_the_unit_may_be_spelled_in_other_languages(header: str, unit: str) -> None:
    assert columns(["Task", header]).duration_unit == unit


def test_a_header_may_name_the_zone_of_its_times() -> None:
    assert columns(["Task", "Start (ET)", "Deadline (planned)"]).zones == {"not_before": "America/New_York"}


def test_no_word_of_another_language_means_two_fields() -> None:
    from runbooks.formats.header_words import ABROAD

    words = [(word.strip(), field) for field, text in ABROAD.items() for word in text.split(",")]
    twice = {word for word, _field in words if sum(other == word for other, _f in words) > 1}
    assert twice == set()
