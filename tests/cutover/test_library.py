"""The same main job as a library user writes it, and the public names it stands on."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "as_a_library.py"
PUBLIC = (
    "runbooks",
    "monitors",
    "paper_capture",
    "contingency",
    "cutover.reconciliation",
    "cutover.api",
    "cutover.testing",
)


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_there(package):
    module = importlib.import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)


def test_the_example_is_under_sixty_lines():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.real
def test_a_library_user_rehearses_a_programme_and_every_identity_holds(tmp_path):
    short = Path(__file__).parents[1] / "programmes" / "short_blackout"
    folder = tmp_path / "short"
    folder.mkdir()
    for path in short.rglob("*"):
        if "state" not in path.parts and path.is_file():
            target = folder / path.relative_to(short)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(folder)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
