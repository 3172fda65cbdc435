"""The watcher is killed, a second process that stood by goes on, and nobody hears of anything twice."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.blackout import environment
from tests.monitors.watchers import wait_until as waited
from tests.servers import Process
from tests.sinks import Webhook

pytestmark = pytest.mark.real
wait_until = partial(waited, patience=60.0)  # two processes start on a machine that may be busy
PROGRAMME = """
title: Small
window: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}
people: [{id: bo, name: Bo, notices: bo-chat}]
"""
MONITORS = """
checks:
  - {id: stuck, kind: files, title: Nothing is stuck, owner: bo, folder: stuck, count: {critical_above: 0},
     interval: 1s, retry_interval: 1s, stale_after: 1h, max_attempts: 1, recover_after: 1}
"""


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with Webhook() as hook:
        yield hook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "all.yaml").write_text(MONITORS)
    (tmp_path / "stuck").mkdir()
    (tmp_path / "stuck" / "case-1.xml").write_text("x")
    return tmp_path


def asked(folder: Path, query: str) -> list[tuple[object, ...]]:
    """What the database of the programme answers; nothing while it is not there yet."""
    try:
        with closing(
            sqlite3.connect(f"file:{folder / 'state' / 'cutover.db'}?mode=ro", uri=True)
        ) as database:
            return list(database.execute(query))
    except sqlite3.OperationalError:
        return []


@pytest.mark.requirement("R24")
def test_a_standby_goes_on_when_the_watch_is_killed_and_nothing_is_told_twice(
    folder: Path, hook: Webhook
) -> None:
    """What the first told is not told again by the second; what ends afterwards the second tells, once."""
    script = Path(sys.executable).with_name("cutover")
    env = environment() | {"CUTOVER_SECRET_BO_CHAT": f"json://127.0.0.1:{hook.port}/alarms"}
    command = [script, "monitor", "run", "--programme", folder]
    first = Process("first", command, env, folder)
    second = Process("second", [*command, "--standby"], env, folder)
    said = lambda: [str(one["title"]).split()[0] for one in hook.told]  # noqa: E731
    try:
        first.start()
        wait_until(lambda: bool(asked(folder, "SELECT 1 FROM leases WHERE epoch = 1")), "the first watch")
        second.start()
        wait_until(lambda: said() == ["FIRING"], "the notice of the first")
        count = "SELECT coalesce(sum(samples), 0) FROM check_samples"
        (heard,) = asked(folder, count)[0]
        first.kill()
        wait_until(
            lambda: bool(asked(folder, "SELECT 1 FROM leases WHERE name = 'watch' AND epoch = 2")),
            "the takeover",
        )
        wait_until(lambda: asked(folder, count)[0] > (int(str(heard)) + 2,), "results of the second")
        (folder / "stuck" / "case-1.xml").unlink()
        wait_until(lambda: "RESOLVED" in said(), "the notice of the second")
        sent = "SELECT count(*), count(sent_at) FROM outbox"
        wait_until(lambda: asked(folder, sent) == [(2, 2)], "what was told is written down")
    finally:
        first.kill()
        second.end()
    assert said() == ["FIRING", "RESOLVED"]
    assert asked(folder, sent) == [(2, 2)]
    assert second.code == 0
