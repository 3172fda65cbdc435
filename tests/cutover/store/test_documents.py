"""Whatever is wrong with a document is said with its file, line, field, what was expected and what was meant."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from cutover.core.errors import Invalid
from cutover.domain.programme import Programme, Span
from cutover.store.documents import read_text, read_yaml

GOOD = """\
title: Seventy-two hours
zone: Europe/London
window: {opens: 2026-10-23 22:00, closes: 2026-10-26T21:00:00, backout: 1:30:00}
components:
  - id: custody
    title: Custody
    depends_on: [records]
  - id: records
    title: Records
"""


class Colour(StrEnum):
    AMBER = "amber"
    RED = "red"


class Wait(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["wait"]
    minutes: int


class Call(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["call"]
    url: str


class Alarm(BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: Colour = Colour.AMBER
    after: Span | None = None
    sound: Literal["bell", "horn"] = "bell"
    loud: bool = False
    steps: tuple[Annotated[Wait | Call, Field(discriminator="kind")], ...] = ()
    words: dict[str, str] = Field(default_factory=dict)


@pytest.fixture
def write(tmp_path):
    def write(text, name="programme.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problems(path, model=Programme):
    with pytest.raises(Invalid) as refused:
        read_yaml(path, model)
    assert all(problem.file == str(path) for problem in refused.value.problems)
    assert all("\n" not in str(problem) for problem in refused.value.problems)
    return refused.value.problems


def only(path, model=Programme):
    (problem,) = problems(path, model)
    return problem


def test_a_good_document_is_read(write):
    programme = read_yaml(write(GOOD), Programme)
    assert (programme.closes - programme.opens).total_seconds() == 72 * 3600
    assert programme.window.backout.total_seconds() == 5400  # 1:30:00 is no sexagesimal number
    assert read_yaml(write(b"\xef\xbb\xbf" + GOOD.encode()), Programme) == programme


def test_a_word_is_a_word_and_a_nought_is_kept(write):
    alarm = read_yaml(write("words: {no: off, a: on, b: 'yes'}\nloud: yes\n"), Alarm)
    assert alarm.words == {"no": "off", "a": "on", "b": "yes"}
    assert alarm.loud
    assert read_yaml(
        write("words: {serial: 0012, day: 2026-10-23, odd: 2026-99-99, n: 1_000}\n"), Alarm
    ).words == {
        "serial": "0012",
        "day": "2026-10-23",
        "odd": "2026-99-99",
        "n": "1_000",
    }


def test_a_missing_file_names_the_nearest(write):
    path = write(GOOD)
    problem = only(path.with_name("programm.yaml"))
    assert (problem.message, problem.nearest) == ("no such file", "programme.yaml")
    assert only(path.parent / "no" / "folder.yaml").nearest == ""
    assert "cannot be read" in only(path.parent).message


@pytest.mark.parametrize(
    ("raw", "message", "line"),
    [
        (b"", "the file is empty", None),
        (b" \n\n", "the file is empty", None),
        (b"# nothing yet\n", "the document is empty", 1),
        (b"{\\rtf1 programme}", "this is RTF, not text", None),
        (b"title: a\nzone: \xe9\n", "byte 0xe9 is not UTF-8", 2),
        (b"title: a\nzone: \x00\n", "character #x0000 has no place in text", 2),
        (b"title: [a\nzone: b\n", "not YAML", 2),
        (b"title: a\n\tzone: b\n", "not YAML", 2),
        (b"title: a\n---\ntitle: b\n", "not YAML", 2),
        (b"a: 1\ntitle: !!python/object:os.system x\n", "not YAML", 2),
        (b"? [a, b]\n: c\n", "not YAML", 1),
        (b"title: *nowhere\n", "not YAML", 1),
        (b"[" * 5000, "nested too deeply", 1),
        (b"[" * 50 + b"]" * 50, "valid dictionary", 1),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(write, raw, message, line):
    problem = only(write(raw))
    assert message in problem.message
    assert problem.line == line


def test_an_unknown_field_names_the_nearest(write):
    problem = only(write(GOOD.replace("    depends_on:", "    depend_on:")))
    assert (problem.line, problem.field, problem.nearest) == (7, "components.1.depend_on", "depends_on")


def test_a_field_given_twice_is_refused_at_both_depths(write):
    problem = only(write(GOOD + "zone: Europe/Paris\n"))
    assert (problem.line, problem.field, problem.message) == (10, "zone", "is given twice")
    assert only(write(GOOD.replace("    title: Records", "    title: A\n    title: B"))).line == 10


def test_every_problem_is_named_in_one_go(write):
    found = problems(write(GOOD.replace("title: Custody", "titel: Custody").replace("zone:", "zonne:")))
    assert [(p.line, p.field, p.nearest) for p in found] == [
        (5, "components.1.title", ""),
        (6, "components.1.titel", "title"),
        (2, "zonne", "zone"),
    ]


def test_a_missing_field_stands_where_it_should(write):
    problem = only(write(GOOD.replace("title: Seventy-two hours\n", "")))
    assert (problem.line, problem.field, problem.message) == (1, "title", "is missing")


def test_a_value_outside_its_list_names_the_list_and_the_nearest(write):
    problem = only(write("loud: true\ncolour: ambr\n"), Alarm)
    assert (problem.line, problem.field, problem.expected, problem.nearest) == (
        2,
        "colour",
        "'amber' or 'red'",
        "amber",
    )
    assert only(write("sound: hornn\n"), Alarm).nearest == "horn"


def test_a_bad_duration_says_what_one_looks_like(write):
    problem = only(write(GOOD.replace("1:30:00", "soon")))
    assert (problem.line, problem.field) == (3, "window.backout")
    assert problem.message == "'soon' is not a duration"
    assert problem.expected.startswith("a duration such as 45m")


def test_a_value_of_the_wrong_sort_is_shown(write):
    problem = only(write(GOOD + "teams: [{id: a, title: A, capacity: many}]\n"))
    assert (problem.line, problem.field) == (10, "teams.1.capacity")
    assert "(found 'many')" in problem.message
    assert only(write("- a\n- b\n")).line == 1


def test_faults_of_the_whole_stand_at_the_part_they_name(write):
    found = problems(
        write(
            GOOD.replace("closes: 2026-10-26T21:00:00", "closes: 2026-10-22 21:00").replace(
                "[records]", "[recods]"
            )
            + "people:\n  - {id: asha, name: Asha}\n  - {id: bo, name: Bo, team: keyers}\n"
        )
    )
    assert [(p.line, p.field, p.nearest) for p in found] == [
        (3, "window.closes", ""),
        (12, "people.bo.team", ""),
        (7, "components.custody.depends_on", "records"),
    ]
    assert found[0].message == "2026-10-22T20:00Z is not after window.opens 2026-10-23T21:00Z"


def test_a_wall_time_that_happens_twice_names_both_candidates(write):
    problem = only(write(GOOD.replace("opens: 2026-10-23 22:00", "opens: 2026-10-25 01:30")))
    assert (problem.line, problem.field) == (3, "window")
    assert problem.expected == "2026-10-25T00:30Z or 2026-10-25T01:30Z"


def test_a_part_of_several_kinds_is_named_without_its_tag(write):
    problem = only(
        write("steps:\n  - {kind: wait, minutes: 5}\n  - kind: call\n    urll: http://x\n    url: y\n"), Alarm
    )
    assert (problem.line, problem.field) == (4, "steps.2.urll")


def test_a_document_that_includes_itself_is_refused_and_not_followed(write):
    assert problems(write("title: &a [*a]\n"))


def test_text_is_read_with_any_line_ends(write):
    assert read_text(write(b"a\r\nb\n")) == "a\r\nb\n"


@pytest.mark.parametrize("deep", ["[" * 50_000 + "]" * 50_000, "- " * 5_000 + "x", "{a: " * 300 + "}" * 300])
def test_a_document_nested_without_end_is_refused_and_does_not_end_the_process(tmp_path, deep):
    path = tmp_path / "deep.yaml"
    path.write_text(deep, encoding="utf-8")
    with pytest.raises(Invalid, match="nested too deeply"):
        read_yaml(path, Programme)
