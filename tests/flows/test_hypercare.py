"""The watch as a Prefect flow: rounds that are seen in its server, results that are ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from monitors.domain.check import Status

PROGRAMME = """
title: Small
window: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}
"""
CHECK = "checks: [{id: export, kind: files, title: Exports come, owner: bo, folder: ., interval: 1m}]\n"


pytestmark = [
    pytest.mark.prefect,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # Prefect leaves a socket to the collector
]


def test_a_watch_of_two_rounds_is_two_task_runs_and_leaves_its_results(
    tmp_path: Path, prefect_server: str
) -> None:
    from flows import hypercare

    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "files.yaml").write_text(
        CHECK.replace("interval: 1m", "interval: 1s, retry_interval: 1s")
    )
    state = asyncio.run(hypercare(str(tmp_path), days=2.4 / 86_400, round_minutes=0.02, return_state=True))
    assert state.message.startswith("1 watched, none asks for somebody after")
    world = build_world(tmp_path)
    try:
        view = world.monitors.state("export", world.monitors.last("export").at)  # type: ignore[union-attr]
        assert (view.status, len(world.monitors.hours("export"))) == (Status.OK, 1)
    finally:
        world.engine.dispose()
