"""The command line as a whole: every group is there, help stays light, exit codes are what the docs say."""

import subprocess
import sys

import pytest

from cutover.cli.border import BAD_INPUT
from cutover.main import GROUPS, build_app, run_command

HEAVY = ("prefect", "sqlalchemy", "numpy", "duckdb", "httpx", "alembic", "jinja2", "structlog")
OTHER_ROOMS = (
    "contingency.tables", "contingency.service", "monitors.tables", "monitors.service", "paper_capture.tables",
    "paper_capture.service", "cutover.reconciliation.service", "runbooks.performer", "httpx", "duckdb", "numpy",
    "alembic",
)  # fmt: skip
SMALL = """
title: A small one
zone: UTC
window: {opens: 2026-10-23T21:00, closes: 2026-10-24T21:00, backout: 2h}
"""


def cutover(*words, **kwargs):
    script = "import sys; from cutover.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False, **kwargs
    )


def test_help_names_every_group_and_loads_nothing_heavy_and_a_run_loads_no_other_room(tmp_path):
    (tmp_path / "programme.yaml").write_text(SMALL, encoding="utf-8")
    script = (
        "import sys; from cutover.main import build_app, run_command; build_app()(['--help'], result_action='return_value'); "
        f"print('HEAVY', [m for m in {HEAVY} if m in sys.modules]); from pathlib import Path; "
        "from cutover.app.bootstrap import build_world; "
        f"build_world(Path({str(tmp_path)!r})).engine.dispose(); build_world(Path({str(tmp_path)!r})).runs.run_ids(); "
    )
    first = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(name in first for name in GROUPS)
    assert first.strip().endswith("HEAVY []")
    again = script + f"print('ROOMS', [m for m in {OTHER_ROOMS} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True).stdout
    assert said.strip().endswith("ROOMS []")


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_group_builds_its_commands(group):
    app = build_app(group)
    assert group in list(app)


def test_a_wrong_word_exits_2_without_a_trace():
    done = cutover("runn")
    assert done.returncode == BAD_INPUT
    assert "Traceback" not in done.stderr + done.stdout


def test_prefect_is_not_loaded_by_a_command_that_does_not_need_it(tmp_path):
    script = (
        "import sys; from pathlib import Path; from cutover.main import run_command; "
        f"run_command(['init', {str(tmp_path / 'mine')!r}]); print('prefect' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip().endswith("False")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_every_group_of_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in GROUPS)
