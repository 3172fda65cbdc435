"""A shell offers the programme's own names, from the files as they lie, and leaves no trace of having looked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from cutover.main import run_command
from tests.runbooks.folders import write_programme

MONITORS = "checks:\n  - {id: search-answers, title: Search answers, kind: heartbeat}\nflows:\n  - {id: referrals, title: Referrals}\n"
FORM = "id: custody\ntitle: Custody record\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small programme with a run, a check, a flow and a form."""
    made = write_programme(tmp_path / "prog")
    world = build_world(made)
    world.runs.start(world.folder.runbook(), by="asha")
    world.engine.dispose()
    for name, text in (("monitors/search.yaml", MONITORS), ("forms/custody.yaml", FORM)):
        (made / name).parent.mkdir()
        (made / name).write_text(text, encoding="utf-8")
    return made


def offered(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    command = 1 if words[0] == "watch" else 2
    run_command(["__complete", *words[:command], "--programme", str(folder), *words[command:]])
    said = capsys.readouterr().out
    return [line.partition("\t")[0] for line in said.partition("\x1fbegin\n")[2].splitlines()]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((["run", "status", "--run", ""]), ["small-1"]),
        (["run", "claim", ""], ["A", "M", "G", "fix", "O"]),
        (["run", "claim", "A", "--by", ""], ["asha", "bo", "chen", "dev"]),
        (["gate", "show", ""], ["G"]),
        (["paper", "issue", ""], ["central"]),
        (["paper", "issue", "central", ""], ["custody"]),
        (["monitor", "ack", ""], ["search-answers"]),
        (["monitor", "take", ""], ["referrals"]),
        (["watch", "--run", ""], ["small-1"]),
    ],
)
def test_each_name_is_offered_where_it_is_asked_for(
    words: list[str], names: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert offered(folder, capsys, *words) == names


def test_looking_writes_nothing_and_a_folder_that_cannot_be_read_offers_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _seen(folder)
    for words in (("run", "status", "--run", ""), ("run", "claim", "")):
        offered(folder, capsys, *words)
    assert _seen(folder) == before
    (folder / "runbooks" / "small.yaml").write_text("tasks: [", encoding="utf-8")
    assert offered(folder, capsys, "run", "claim", "") == []
    assert offered(tmp_path / "nowhere", capsys, "run", "status", "--run", "") == []


def test_a_run_that_is_only_in_the_log_of_an_open_database_is_offered_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = build_world(folder)
    world.runs.start(world.folder.runbook(), by="asha")
    assert offered(folder, capsys, "run", "status", "--run", "") == ["small-2", "small-1"]
    world.engine.dispose()


def _seen(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*")}


# What key presses do: the words so far, each press on a line, and what bash then offers on a line of its own.
PRESSES = """\
source <(cutover completion bash)
while read -ra COMP_WORDS; do
  [[ ${COMP_WORDS[-1]} == . ]] && COMP_WORDS[-1]=""
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  _cutover
  echo "${COMPREPLY[*]}"
done
"""
OFFERED = {
    "cutover run cl": "claim",
    "cutover run claim fi": "fix",
    "cutover run claim A --by a": "asha",
    "cutover run status --ru": "--run",
    "cutover run status --run .": "small-1",
}


@pytest.mark.real
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_a_real_bash_completes_commands_options_and_names(folder: Path) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-c", PRESSES],
        input="".join(f"{line}\n" for line in OFFERED), cwd=folder, capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stdout.splitlines() == list(OFFERED.values())
