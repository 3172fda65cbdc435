"""The range as processes: it comes up, keeps its files and ports, ends with its parent, and says why it cannot start."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.core.errors import Unavailable
from cutover.range import processes
from cutover.range.processes import RangeProcesses
from tests.cutover.range.conftest import World, until

pytestmark = pytest.mark.real

PARENT = """
import sys, time
from pathlib import Path
from cutover.range.processes import RangeProcesses
with RangeProcesses(Path(sys.argv[1]), systems=["command_and_control"]) as running:
    print(*running.urls.values(), flush=True)
    time.sleep(600)
"""


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_second_start_finds_the_same_files_and_ports(tmp_path: Path) -> None:
    first = RangeProcesses(tmp_path, systems=["command_and_control"])
    with first:
        urls = first.urls
    assert not answers(port_of(urls["command_and_control"]))
    recorded = json.loads((tmp_path / "range.json").read_text())["systems"]["command_and_control"]
    assert recorded["url"] == urls["command_and_control"]

    async def again() -> dict[str, str]:
        async with RangeProcesses(tmp_path, systems=["command_and_control"]) as running:
            return running.urls

    assert asyncio.run(again()) == urls


def test_a_port_that_was_taken_meanwhile_is_exchanged_for_another(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        (tmp_path / "range.json").write_text(
            json.dumps({"systems": {"command_and_control": {"port": taken}}})
        )
        with RangeProcesses(tmp_path, systems=["command_and_control"]) as running:
            assert port_of(running.urls["command_and_control"]) != taken


def test_a_port_taken_between_the_choice_and_the_start_is_exchanged_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = processes._free_port
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        choices = iter([squatter.getsockname()[1]])
        monkeypatch.setattr(processes, "_free_port", lambda: next(choices, 0) or free())
        with RangeProcesses(tmp_path, systems=["command_and_control"]) as running:
            assert answers(port_of(running.urls["command_and_control"]))


def test_a_stand_in_that_was_switched_off_comes_back_switched_off(world: World) -> None:
    world.break_("custody", down=True)
    os.kill(world.processes.pids["custody"], signal.SIGKILL)
    world.processes._running["custody"].wait()
    world.processes.start()
    assert world.get("custody", "/health").status_code == 503


def test_the_stand_ins_end_with_their_parent_even_when_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = port_of(parent.stdout.readline().strip())
        assert answers(port)
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not answers(port))


def test_a_stand_in_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "range" / "custody.db").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"custody ended while starting: .*unable to open database file"):
        RangeProcesses(tmp_path, systems=["custody"]).start()


def test_every_stand_in_stays_small(world: World) -> None:
    for system, pid in world.processes.pids.items():
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        assert peak is not None
        assert int(peak[1]) < 48_000, system
