"""One process performs in a programme folder, and its hold ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.core.errors import Refused
from cutover.store.hold import FILE, held

HOLDER = """
import sys
from pathlib import Path
from cutover.store.hold import held
with held(Path(sys.argv[1]), "the demo"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_at_once_and_told_who_holds_it_until_the_first_is_killed(
    tmp_path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "state")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin
    assert holder.stdout
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Refused, match=rf"in use by process {holder.pid} \(the demo\)"),
            held(tmp_path / "state", "another"),
        ):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with held(tmp_path / "state", "another"):
            assert f"process {os.getpid()} (another)" in (tmp_path / "state" / FILE).read_text(
                encoding="utf-8"
            )


def test_a_process_may_hold_what_it_holds_already(tmp_path: Path) -> None:
    with held(tmp_path, "the demo"), held(tmp_path, "the run in it"):
        pass
    assert (tmp_path / FILE).read_text(encoding="utf-8") == ""
