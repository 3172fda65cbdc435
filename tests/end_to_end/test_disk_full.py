"""The disk fills up while stations send: told plainly, nothing that was told is lost, and it goes on when there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cutover.app.bootstrap import build_world
from cutover.store.fitness import ROOM
from cutover.web.tokens import station_scope
from tests.end_to_end.disks import fill
from tests.paper_capture.offline import log_order, programme, served

pytestmark = pytest.mark.real
SIZE = ROOM + 16 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only who may mount a disk can fill one of its own")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_nothing_that_was_told_and_is_outlived(disk: Path) -> None:
    world = programme(disk / "go")
    serials = world.paper.issue(station="north", form_type="crime", count=400, by="viktor")
    head = {"Authorization": f"Bearer {world.tokens.issue(station_scope('north'))}"}
    told: list[str] = []
    with served(world) as address, httpx.Client(base_url=address, headers=head) as pc:
        assert pc.get("/readyz").json() == {"ready": True, "why": []}
        filler = disk / "filler"
        fill(filler)
        refused = _sent(pc, serials, told)
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert ("disk is full" in refused.json()["detail"], refused.headers["retry-after"]) == (True, "5")
        assert pc.get("/api/v1/stations/north").status_code == 200
        assert (pc.get("/readyz").status_code, "is full" in pc.get("/readyz").text) == (503, True)
        filler.unlink()
        assert _sent(pc, serials[len(told) :], told).status_code == 201
        assert pc.get("/readyz").status_code == 200
    assert (log_order(world), told) == (list(serials), list(serials))
    assert world.journal.verify().holds
    world.engine.dispose()


def test_a_disk_that_can_only_be_read_is_said_at_the_start_and_harms_nothing(disk: Path) -> None:
    world = programme(disk / "go")
    before = world.journal.head()
    world.engine.dispose()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    command = [Path(sys.executable).with_name("cutover"), "serve", "--port", "0", "--programme", disk / "go"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (started.returncode, "Traceback" in started.stderr) == (3, False), started.stderr
    assert started.stderr.startswith("unavailable: ")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    again = build_world(disk / "go")
    assert (again.journal.head(), again.journal.verify().holds) == (before, True)
    again.engine.dispose()


def _sent(pc: httpx.Client, serials: list[str], told: list[str]) -> httpx.Response:
    """One form after the other until one is refused, or all are in; the last answer."""
    now = datetime.now(UTC)
    answer = None
    for serial in serials:
        at = (now - timedelta(minutes=9)).isoformat()
        move = {
            "key": f"{serial}.used", "serial": serial, "move": "used", "by": "PC 412", "writer": "PC 412", "saved_at": at,
            "sent_at": now.isoformat(), "occurred_at": at, "written_at": at,
        }  # fmt: skip
        answer = pc.put(f"/api/v1/stations/north/moves/{serial}.used", json=move)
        if answer.status_code not in (200, 201):
            return answer
        told.append(serial)
    assert answer is not None
    return answer
