"""One unhurried run of the short blackout for all of these tests, measured once and shared by every worker."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cutover import main
from tests.end_to_end.blackout import Blackout, End, ending, environment


@dataclass(frozen=True)
class Said:
    """What the console script answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Type = Callable[..., Said]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session share."""
    mine = tmp_path_factory.getbasetemp()
    return mine.parent if os.environ.get("PYTEST_XDIST_WORKER") else mine


@pytest.fixture(scope="session")
def finished(shared: Path) -> Blackout:
    """The short blackout, run to its end by the console script and never killed."""
    with (shared / "unhurried.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        done = shared / "unhurried"
        if done.exists():
            return Blackout(done)
        blackout = Blackout(shared / "unhurried.partial")
        assert blackout.start() == 0, blackout.said
        blackout.path.rename(done)
        return Blackout(done)


@pytest.fixture(scope="session")
def unhurried(finished: Blackout) -> End:
    """How that run ended: every killed one must end the same."""
    return ending(finished.path)


@pytest.fixture
def types(tmp_path: Path) -> Type:
    """`types("check", cwd=…)`: the console script as a process of its own, in an empty folder unless told otherwise."""

    def run(*words: str | Path, cwd: Path = tmp_path) -> Said:
        command: Sequence[str | Path] = [Path(sys.executable).with_name("cutover"), *words]
        done = subprocess.run(
            command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Type:
    """The console script's own function in this process: the same words, seconds faster."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["cutover", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return run
