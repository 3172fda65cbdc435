"""Which files hold a runbook: real plans as they are, round trips, and every fault named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid, Problem
from runbooks.domain.lint import lint, summary
from runbooks.domain.plan import Effect, Estimate, Link, LinkKind, Runbook, Stream, Task, TaskGate, TaskType
from runbooks.domain.timing.network import schedule
from runbooks.formats.files import import_runbook, read_runbook, write_runbook
from runbooks.formats.table import Imported

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "runbooks"


def real(name: str) -> Imported:
    """A real plan, read in place."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"SHARED PLAN MISSING: {name}")
    return import_runbook(path)


def problems(path: Path, text: str | bytes) -> list[Problem]:
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())
    with pytest.raises(Invalid) as caught:
        read_runbook(path)
    assert all(p.file == str(path) for p in caught.value.problems)
    return list(caught.value.problems)


# --- real plans ---


def test_the_launch_of_vagov_is_read_as_it_is() -> None:
    book = real("vagov_2018_launch_tasks.csv").runbook
    plan = book.by_id()
    assert (len(plan), book.phases) == (31, ("pre-launch", "launch-day", "hypercare"))
    assert plan["V17"].not_before == datetime(2018, 11, 7, 15, 0, tzinfo=UTC), (
        "10:00 Eastern is 15:00 UTC in November"
    )
    assert plan["V02"].not_before == datetime(2018, 10, 4, 4, 0, tzinfo=UTC), (
        "midnight Eastern is 04:00 UTC in October"
    )
    assert (plan["V17"].type, plan["V17"].team, plan["V17"].after) == (
        TaskType.APPROVAL,
        "product_owner",
        (Link(task="V16"),),
    )
    assert plan["V25"].type is TaskType.VALIDATION
    assert plan["V31"].custom == {"checked_in_source": "no", "kind": "technical"}
    assert schedule(book.tasks, datetime(2018, 10, 1, tzinfo=UTC)).finish == datetime(
        2018, 11, 10, 5, 0, tzinfo=UTC
    )


def test_a_gitlab_migration_wave_is_a_checklist_of_144_tasks() -> None:
    read = real("gitlab_migration_wave_tasks.csv")
    plan = read.runbook.by_id()
    assert (len(plan), len(read.runbook.streams), read.kept) == (144, 15, ())
    assert all(plan[str(n)].after == (Link(task=str(n - 1)),) for n in range(2, 145))
    assert (plan["6"].parent, plan["5"].optional, plan["6"].conditional) == ("5", True, True)
    assert "warning: 144 of 144 tasks have no duration" in summary(read.runbook, lint(read.runbook))


def test_the_wikimedia_switchover_keeps_the_columns_it_does_not_know() -> None:
    read = real("wikimedia_switchover.csv")
    assert read.kept == ("exclusive", "read_only_window", "rehearsal_behaviour")
    assert [t.phase for t in read.runbook.tasks][:5] == ["00", "00", "00", "00", "01"]
    assert read.runbook.tasks[5].custom["read_only_window"] == "start"
    assert read.runbook.tasks[0].title == "Lock deployments"


@pytest.mark.parametrize(
    "name", ["vagov_2018_launch_tasks", "gitlab_migration_wave_tasks", "wikimedia_switchover"]
)
def test_a_real_plan_survives_being_written_and_read_again(name: str, tmp_path: Path) -> None:
    book = real(f"{name}.csv").runbook
    write_runbook(tmp_path / "plan.yaml", book)
    assert read_runbook(tmp_path / "plan.yaml") == book


# --- YAML ---

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,8}", fullmatch=True)
spans = st.integers(0, 400_000).map(lambda seconds: timedelta(seconds=seconds))
texts = st.text(max_size=20) | st.sampled_from(
    ["no", "1:30", "1.5e3", "0x1F", "null", "~", "2026-10-23", "- a", "a: b", "#", "=", "<<"]
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))


@st.composite
def books(draw: st.DrawFn) -> Runbook:
    ids = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    made = []
    for i, name in enumerate(ids):
        links = (
            draw(
                st.lists(
                    st.builds(Link, task=st.sampled_from(ids[:i]), kind=st.sampled_from(LinkKind), lag=spans),
                    max_size=2,
                )
            )
            if i
            else []
        )
        low, likely, high = sorted(draw(st.tuples(spans, spans, spans)))
        made.append(
            Task(
                id=name,
                title=draw(texts.filter(bool)),
                description=draw(texts),
                stream=draw(names),
                type=draw(st.sampled_from(TaskType)),
                after=links,
                duration=draw(st.none() | spans),
                estimate=draw(st.none() | st.just(Estimate(low=low, likely=likely, high=high))),
                not_before=draw(st.none() | moments),
                start_offset=draw(st.none() | spans),
                effect=draw(st.none() | st.sampled_from(Effect)),
                action=draw(
                    st.none()
                    | st.fixed_dictionaries(
                        {
                            "kind": names,
                            "with": st.dictionaries(names, texts | st.integers() | st.booleans(), max_size=3),
                        }
                    )
                ),
                gate=draw(
                    st.none()
                    | st.builds(TaskGate, deciders=st.just(("chen",)), decide_within=st.none() | spans)
                ),
                optional=draw(st.booleans()),
                custom=draw(st.dictionaries(texts, texts, max_size=3)),
            )
        )
    return Runbook(
        id=draw(names),
        title=draw(texts),
        streams=(Stream(id="s", title=draw(texts)),),
        phases=draw(st.lists(texts, max_size=2)),
        tasks=made,
    )


@settings(max_examples=25)
@given(books())
def test_any_runbook_that_is_written_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    path = tmp_path_factory.mktemp("round") / "plan.yaml"
    write_runbook(path, book)
    assert read_runbook(path) == book


def test_nothing_is_left_beside_a_written_file(tmp_path: Path) -> None:
    book = Runbook(id="b", title="b", tasks=[Task(id="A", title="a")])
    write_runbook(tmp_path / "runbooks" / "b.yaml", book)
    write_runbook(tmp_path / "runbooks" / "b.yaml", book)
    assert [p.name for p in (tmp_path / "runbooks").iterdir()] == ["b.yaml"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").mkdir()
    with pytest.raises(Invalid, match="cannot be written"):
        write_runbook(tmp_path / "b.yaml", Runbook(id="b", title="b", tasks=[Task(id="A", title="a")]))
    assert [p.name for p in tmp_path.iterdir()] == ["b.yaml"]


def test_wall_times_of_a_yaml_plan_are_those_of_the_programme(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        "id: p\ntitle: P\ntasks:\n- {id: A, title: a, not_before: 2026-10-24T09:00}\n", encoding="utf-8"
    )
    assert read_runbook(path, zone="Europe/London").tasks[0].not_before == datetime(
        2026, 10, 24, 8, 0, tzinfo=UTC
    )


HEAD = "id: plan\ntitle: Plan\ntasks:\n"


def test_every_fault_of_a_yaml_plan_stands_on_its_line(tmp_path: Path) -> None:
    text = HEAD + dedent(
        """\
        - id: freeze
          title: Freeze
        - id: drain
          title: Drain
          after: [freze]
        - id: freeze
          title: Again
          parent: nobody
        """
    )
    assert [(p.line, p.field, p.nearest) for p in problems(tmp_path / "plan.yaml", text)] == [
        (8, "tasks.2.after", "freeze"),
        (9, "tasks.3.id", ""),
        (11, "tasks.3.parent", ""),
    ]


def test_a_cycle_of_a_yaml_plan_is_one_problem(tmp_path: Path) -> None:
    text = HEAD + "- {id: A, title: a, after: B}\n- {id: B, title: b, after: A}\n"
    (found,) = problems(tmp_path / "plan.yaml", text)
    assert found.field in ("tasks.1.after", "tasks.2.after")
    assert "the tasks wait for each other: " in found.message


def test_a_bad_duration_and_a_typo_are_each_named(tmp_path: Path) -> None:
    text = HEAD + "- id: A\n  title: a\n  duration: 45x\n- id: B\n  titel: b\n  title: b\n"
    duration, typo = problems(tmp_path / "plan.yaml", text)
    assert (duration.line, "45m" in str(duration)) == (6, True)
    assert (typo.line, typo.nearest) == (8, "title")


def test_a_wall_time_that_a_clock_change_repeats_is_refused_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(HEAD + "- id: A\n  title: a\n  not_before: 2026-10-25T01:30\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_runbook(path, zone="Europe/London")
    (found,) = caught.value.problems
    assert (found.line, found.field, found.expected) == (
        6,
        "tasks.1.not_before",
        "2026-10-25T00:30Z or 2026-10-25T01:30Z",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "# nothing\n",
        "id: plan\ntitle: Plan\n",
        "- a\n- b\n",
        "id: [\n",
        "{\\rtf1 plan}",
        b"id: caf\xe9\n",
    ],
)
def test_a_file_that_holds_no_plan_is_refused(text: str | bytes, tmp_path: Path) -> None:
    assert problems(tmp_path / "plan.yaml", text)


def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "go-live.yaml").write_text("x", encoding="utf-8")
    with pytest.raises(Invalid, match=r"did you mean 'go-live\.yaml'"):
        read_runbook(tmp_path / "golive.yaml")


# --- CSV ---


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_and_a_byte_order_mark_are_seen(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "My Plan_v2.csv"
    rows = [["ID", "Task", "Depends On"], ["1", "Freeze", ""], ["2", '"Drain, then; tell"', "1"]]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(mark.join(row) for row in rows).encode())
    book = read_runbook(path)
    assert (book.id, book.title) == ("my-plan-v2", "My Plan v2")
    assert [(t.id, t.title) for t in book.tasks] == [("1", "Freeze"), ("2", "Drain, then; tell")]


def test_a_cell_of_several_lines_does_not_shift_the_lines_below(tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "plan.csv", 'ID,Task,Notes,Duration\n1,A,"one\ntwo\nthree",\n2,B,,1x\n')
    assert (found.line, found.field) == (5, "Duration")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"ID,Task\n1,caf\xe9\n", "not UTF-8"),
        (b"{\\rtf1 ID,Task}", "RTF"),
        (b'ID,Task\n1,"open\n', "not CSV"),
        (b"ID,Task\n", "no tasks below the header"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(text: bytes, said: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "plan.csv", text)
    assert said in found.message


@pytest.mark.parametrize("name", ["plan.docx", "plan.mpp", "plan"])
def test_other_kinds_of_file_are_refused_with_the_list_of_those_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"one of \.csv, \.tsv, \.xlsx, .*\.yaml, \.yml"):
        read_runbook(tmp_path / name)
