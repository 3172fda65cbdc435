"""Which real parts this machine has: a missing one is a loud, named skip here and a failure in CI."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

_LIST = Path(__file__).parents[1] / "scripts" / "real_parts"


@dataclass(frozen=True, slots=True)
class RealPart:
    """A program that is not Python's: its Debian package and where its executable may stand."""

    name: str
    package: str
    programs: tuple[str, ...]

    def program(self) -> Path | None:
        """The first of its programs that this machine has; the newest version of a pattern."""
        for program in self.programs:
            if program.startswith("/"):
                found = sorted(
                    Path("/").glob(program.lstrip("/")), key=lambda path: [len(str(path)), str(path)]
                )
                if found:
                    return found[-1]
            elif at := shutil.which(program):
                return Path(at).resolve()
        return None


def real_parts() -> dict[str, RealPart]:
    """The list that `./test` installs from and the tests look in."""
    lines = (
        line.split() for line in _LIST.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    )
    return {name: RealPart(name, package, tuple(programs.split(","))) for name, package, programs in lines}


def require_real(part: str) -> Path:
    """The program of a real part; without it the test is skipped loudly, or fails when CI=true."""
    wanted = real_parts()[part]
    if (program := wanted.program()) is not None:
        return program
    message = f"REAL PART MISSING: {part} (Debian package: {wanted.package}); ./test installs it where it may"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
