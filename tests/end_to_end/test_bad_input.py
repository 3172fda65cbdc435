"""Bad input at the console script: exit 2, one message a line that says where and what instead, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.blackout import PROGRAMME
from tests.end_to_end.conftest import Said, Type

PLAN, PROGRAMME_FILE = "runbooks/blackout.yaml", "programme.yaml"
HEADER = "id,task,duration,predecessors,start\n"
DURATION = "expected a duration such as 45m, 1.5h, 2h 30m, 1:30 or 3d"
TASK = "expected the id of a task in this runbook"


@dataclass(frozen=True)
class Slip:
    """One slip in one file, on the line that then holds `at` (else `new`), and what it is told."""

    file: str
    old: str
    new: str
    told: str
    at: str = ""


SLIPS: Mapping[str, Slip] = {
    "a cycle": Slip(
        PLAN,
        "after: [G-START]",
        "after: [G-START, END]",
        "tasks.5.after: the tasks wait for each other: FRZ-01 -> FRZ-02 -> LOD-01 -> REC-01 -> G-REC -> OPN-01 -> OPN-02 -> COM-03 -> END -> FRZ-01",
    ),
    "an unknown predecessor": Slip(
        PLAN,
        "after: [G-START]",
        "after: [G-STRAT]",
        f"tasks.5.after: unknown task 'G-STRAT'; {TASK}; did you mean 'G-START'?",
    ),
    "a duplicate id": Slip(
        PLAN,
        "- id: END",
        "- id: COM-02",
        "tasks.18.id: id 'COM-02' is given twice (first at task 2); expected an id of its own",
        at='- id: COM-02\n    title: "The night',
    ),
    "a bad duration": Slip(
        PLAN,
        "duration: 15m",
        "duration: 15 bananas",
        f"tasks.10.duration: '15 bananas' is not a duration; {DURATION}",
    ),
    "an unknown repair": Slip(
        PLAN,
        "repairs: G-REC",
        "repairs: G-RCE",
        f"tasks.12.repairs: unknown task 'G-RCE'; {TASK}; did you mean 'G-REC'?",
    ),
    "an unknown field": Slip(
        PLAN, "team: stations", "taem: stations", "tasks.3.taem: unknown field 'taem'; did you mean 'team'?"
    ),
    "an unknown task type": Slip(
        PLAN,
        "type: validation",
        "type: validaton",
        "tasks.10.type: 'validaton' is not one of its values; expected 'normal', 'milestone', 'validation', 'approval', 'comms', 'automated' or 'wait'; "
        "did you mean 'validation'?",
    ),
    "a criterion that nothing answers": Slip(
        PLAN,
        "source: monitor:new-records-health",
        "source: monitor:new-record-health",
        "tasks.11.gate: G-REC: criterion health: nothing is named 'new-record-health'; did you mean 'new-records-health'?",
        at="gate:\n      criteria:\n        - {id: reconciled",
    ),
    "a window that closes before it opens": Slip(
        PROGRAMME_FILE,
        "closes: 2026-10-25T04:00",
        "closes: 2026-10-24T22:00",
        "window.closes: 2026-10-24T21:00Z is not after window.opens 2026-10-24T22:00Z; expected a later time",
    ),
    "a key given twice": Slip(
        PROGRAMME_FILE,
        "zone: Europe/London",
        "zone: Europe/London\ntitle: Again",
        "title: is given twice",
        at="title: Again",
    ),
    "an unknown zone": Slip(
        PROGRAMME_FILE,
        "zone: Europe/London",
        "zone: Europe/Lodnon",
        "zone: 'Europe/Lodnon' is not an IANA zone; did you mean 'Europe/London'?",
    ),
    "an unknown stand-in": Slip(
        "faults.yaml",
        "at: 3h, system: custody",
        "at: 3h, system: custdoy",
        "faults.6.system: no stand-in is named 'custdoy'; did you mean 'custody'?",
    ),
    "a typo in the cast": Slip(
        "cast.yaml", "seed: 604", "sede: 604", "sede: unknown field 'sede'; did you mean 'seed'?"
    ),
    "an unknown monitor in a trigger": Slip(
        "contingency/custody.yaml",
        "monitor: custody-health",
        "monitor: custdy-health",
        "triggers.1.monitor: no monitor is named 'custdy-health'; did you mean 'custody-health'?",
    ),
}
CSV_SLIPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a cycle": (
        "1,Freeze,30m,3,\n2,Load,1h,1,\n3,Open,5m,2,\n",
        ("2: predecessors: the tasks wait for each other: 1 -> 2 -> 3 -> 1",),
    ),
    "an unknown predecessor": (
        "frz,Freeze,30m,,\nlod,Load,1h,frx,\n",
        (f"3: predecessors: unknown task 'frx'; {TASK}; did you mean 'frz'?",),
    ),
    "a duplicate id": (
        "1,Freeze,30m,,\n1,Load,1h,,\n",
        ("3: id: id '1' is given twice (first in this file, row 2); expected an id of its own",),
    ),
    "two slips in one file": (
        "1,Freeze,soonish,,\n2,Load,1h,,32/13/2026\n",
        (
            f"2: duration: 'soonish' is not a duration; {DURATION}",
            "3: start: '32/13/2026' is not a date; expected a date and time such as 2026-10-23 22:00 or 23 Oct 2026 22:00",
        ),
    ),
}
WORDS: Mapping[tuple[str, ...], str] = {
    ("run", "strat"): 'Unknown command "strat". Did you mean "start"?',
    ("run", "start", "--sped", "3"): "Unknown option: --sped. Did you mean --speed?",
    ("run", "start", "--type", "liv"): 'Invalid value "liv" for --type. Choose from: "rehearsal", "live".',
    ("run", "start", "--runbook", "blackuot"): "no runbook named 'blackuot'; did you mean 'blackout'?",
    ("run", "start", "--type", "live", "--auto"): "--auto, --scenario and --speed are for rehearsals",
    ("run", "start", "--auto", "--scenario"): "choose one",
    ("run", "start", "--speed", "-1"): "--speed -1 runs backwards; expected 0 (step) or more",
    ("runbook", "import"): "name the files to read",
    ("runbook", "lint", "blackuot"): "no runbook named 'blackuot'; did you mean 'blackout'?",
    ("chek",): 'Unknown command "chek". Did you mean "check"?',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROGRAMME, tmp_path / "blackout", ignore=shutil.ignore_patterns("state")))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder; folders themselves, too."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in sorted(folder.rglob("*"))
    }


def slip(folder: Path, made: Slip) -> str:
    """Make a slip; returns the file and line where it now stands, as messages name them."""
    file = folder / made.file
    text = file.read_text(encoding="utf-8")
    assert made.old in text
    text = text.replace(made.old, made.new, 1)
    file.write_text(text, encoding="utf-8")
    return f"{file}:{text[: text.index(made.at or made.new)].count(chr(10)) + 1}"


def is_told(said: Said, *messages: str) -> Iterator[str]:
    """What is wrong with an answer that should be exit 2 and these messages on stderr, one a line, and no more."""
    if said.code != 2:
        yield f"exit {said.code}"
    if "Traceback" in said.err or '"exception"' in said.err:
        yield said.err
    if said.err.splitlines() != [f"invalid: {message}" for message in messages]:
        yield said.err


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_a_file_is_named_by_file_line_field_and_the_nearest_valid_word(
    name: str, folder: Path, say: Type
) -> None:
    place = slip(folder, SLIPS[name])
    checked = say("check", folder)
    assert (checked.code, checked.out.splitlines()) == (2, [f"{place}: {SLIPS[name].told}"])


@pytest.mark.parametrize("name", SLIPS)
def test_no_run_begins_in_a_folder_with_a_slip(name: str, folder: Path, say: Type) -> None:
    place = slip(folder, SLIPS[name])
    before = tree(folder)
    said = say("run", "start", "--scenario", "--no-prefect", "--programme", folder)
    assert list(is_told(said, f"{place}: {SLIPS[name].told}")) == []
    assert tree(folder) == before


@pytest.mark.parametrize("name", CSV_SLIPS)
def test_a_slip_in_a_csv_plan_is_named_by_line_and_column_and_nothing_is_imported(
    name: str, folder: Path, say: Type, tmp_path: Path
) -> None:
    rows, messages = CSV_SLIPS[name]
    plan = tmp_path / "plan.csv"
    plan.write_text(HEADER + rows, encoding="utf-8")
    (tmp_path / "good.csv").write_text(HEADER + "1,Freeze,30m,,\n", encoding="utf-8")
    before = tree(folder)
    said = say("runbook", "import", tmp_path / "good.csv", plan, "--programme", folder)
    assert list(is_told(said, *(f"{plan}:{message}" for message in messages))) == []
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ": the file is empty"),
        (b"  \n\n", ": the file is empty"),
        (HEADER.encode() + b"1,Fr\xe9eze,1h,,\n", ":2: byte 0xe9 is not UTF-8; expected a UTF-8 file: save it again as CSV UTF-8"),
        (b'id,task\n1,"Freeze\n', ":2: not CSV: unexpected end of data; expected quotes closed and doubled within a text"),
        (b"id,tsk\n1,Freeze\n", ":1: header: no column holds the tasks' titles; expected a column named one of: title, task, "),
    ],
    ids=["empty", "blank", "not UTF-8", "an open quote", "no titles"],
)  # fmt: skip
def test_a_file_that_is_no_plan_leaves_the_runbook_of_the_same_name_alone(
    content: bytes, told: str, folder: Path, say: Type, tmp_path: Path
) -> None:
    plan = tmp_path / "blackout.csv"
    plan.write_bytes(content)
    before = tree(folder)
    for again in ([], ["--replace"]):
        said = say("runbook", "import", plan, *again, "--programme", folder)
        assert said.code == 2
        assert said.err.startswith(f"invalid: {plan}{told}")
        assert len(said.lines) == 1
    assert tree(folder) == before


@pytest.mark.parametrize(
    "file", [PLAN, PROGRAMME_FILE, "faults.yaml", "forms/custody.yaml", "monitors/health.yaml"]
)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ": the file is empty"),
        (b"# nothing but a remark\n", ":1: the document is empty"),
        (b"id: x\ntitle: [open\n", ":3: not YAML: while parsing a flow sequence did not find expected ',' or ']'"),
        (b"id: x\ntitle: caf\xe9\n", ":2: byte 0xe9 is not UTF-8; expected a UTF-8 file: save it again as UTF-8"),
        (b"id: x\n\ttitle: y\n", ":2: not YAML: while scanning a plain scalar found a tab character that violates indentation"),
        (b"just words\n", ":1: "),
    ],
    ids=["empty", "only remarks", "broken syntax", "not UTF-8", "a tab", "no fields"],
)  # fmt: skip
def test_a_file_that_is_no_document_is_named_with_its_line(
    file: str, content: bytes, told: str, folder: Path, say: Type
) -> None:
    (folder / file).write_bytes(content)
    checked = say("check", folder)
    assert checked.code == 2
    assert f"{folder / file}{told}" in checked.out
    assert "Traceback" not in checked.out + checked.err


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_wrong_word_is_told_the_nearest_one(words: tuple[str, ...], folder: Path, say: Type) -> None:
    before = tree(folder)
    said = say(*words, *(() if len(words) == 1 else ("--programme", folder)))
    assert said.code == 2
    assert WORDS[words] in said.err
    assert len(said.lines) == 1
    assert tree(folder) == before


@pytest.mark.parametrize(
    "words",
    [("run", "start", "--auto"), ("run", "resume"), ("run", "status"), ("runbook", "lint"), ("journal", "verify"), ("backlog", "status")],
    ids=" ".join,
)  # fmt: skip
def test_a_folder_that_is_no_programme_is_named_and_stays_as_it_is(
    words: tuple[str, ...], say: Type, tmp_path: Path
) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        said = say(*words, "--programme", place)
        assert (
            list(
                is_told(
                    said,
                    f"{place}: no programme.yaml here; expected a programme folder; run `cutover init NAME` to make one, or name it with --programme DIR",
                )
            )
            == []
        )
    assert tree(tmp_path) == {}


def test_a_checkpoint_that_is_none_and_a_file_that_is_no_journal_are_bad_input(
    folder: Path, say: Type, tmp_path: Path
) -> None:
    (tmp_path / "strange.jsonl").write_text('{"position": 1}\nnot json\n', encoding="utf-8")
    said = say("journal", "verify", "--file", tmp_path / "strange.jsonl", "--checkpoint", "12")
    assert list(is_told(said, "'12' is not a checkpoint; expected <position>:<64 hex digits>")) == []
    said = say("journal", "verify", "--file", tmp_path / "no.jsonl")
    assert list(is_told(said, f"{tmp_path / 'no.jsonl'}: no such file")) == []
    said = say("journal", "export", tmp_path / "nowhere" / "out.jsonl", "--programme", folder)
    assert (
        list(
            is_told(
                said,
                f"{tmp_path / 'nowhere' / 'out.jsonl'}: no file can be written there; expected a file name in a folder that exists",
            )
        )
        == []
    )


@pytest.mark.real
@pytest.mark.parametrize("name", ["a cycle", "an unknown field"])
def test_the_console_script_itself_says_the_same(name: str, folder: Path, types: Type) -> None:
    place = slip(folder, SLIPS[name])
    before = tree(folder)
    said = types("run", "start", "--auto", "--programme", folder)
    assert list(is_told(said, f"{place}: {SLIPS[name].told}")) == []
    assert said.out == ""
    assert tree(folder) == before
