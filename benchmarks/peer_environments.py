"""Environments of their own for the tools that we are measured beside: none of them is among our dependencies.

Made once under build/peers, by pip, one folder for a set of packages.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import ROOT

PLACE = ROOT / "build" / "peers"


def python_of(packages: Sequence[str], place: Path = PLACE) -> Path:
    """The Python that has these packages; our own for none. Raises CalledProcessError with pip's words."""
    if not packages:
        return Path(sys.executable)
    home = place / "+".join(
        package.replace("==", "-").replace("[", "-").replace("]", "") for package in packages
    )
    done = home / "complete"
    if not done.exists():
        venv.create(home, with_pip=True, clear=True)
        command = [home / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *packages]
        subprocess.run(command, check=True, capture_output=True, text=True)
        done.touch()
    return home / "bin" / "python"


def why(error: subprocess.CalledProcessError) -> str:
    """The last line of what pip said."""
    return (str(error.stderr).strip().splitlines() or ["pip failed"])[-1][:160]
