"""A new user's first hour: init and a rehearsal, by the console script alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runbooks.library import TEMPLATES

SCRIPT = "from cutover.main import main; main()"


def cutover(*words: str, at: Path) -> str:
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.real
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_rehearsed_unattended(template: str, tmp_path: Path):
    """Check, lint and forecast of each are asked in tests/runbooks/library."""
    cutover("init", "mine", "--template", template, at=tmp_path)
    said = cutover("run", "start", "--type", "rehearsal", "--auto", at=tmp_path / "mine")
    assert "is complete" in said
