"""Reconciliation as a Prefect flow: a task run a contract, the outcome in our journal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # Prefect leaves a socket to the collector
]
CONTRACT = """
id: crimes
title: Every crime
entity: crime
source: {path: old.csv}
target: {path: new.csv}
key: crime_id
columns: {crime_id: text}
"""


def test_the_flow_fails_while_a_contract_does_not_pass_and_the_journal_has_why(
    tmp_path: Path, prefect_server: str
) -> None:
    from flows import reconciliation

    (tmp_path / "programme.yaml").write_text(
        "title: Small\nwindow: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}\n"
    )
    (tmp_path / "reconciliation").mkdir()
    (tmp_path / "reconciliation" / "crimes.yaml").write_text(CONTRACT)
    (tmp_path / "old.csv").write_text("crime_id\nC1\nC2\n")
    (tmp_path / "new.csv").write_text("crime_id\nC1\n")
    state = asyncio.run(reconciliation(str(tmp_path), return_state=True))
    assert (state.is_failed(), state.message) == (True, "crimes: FAIL: 1 missing")
    (tmp_path / "new.csv").write_text("crime_id\nC1\nC2\n")
    assert asyncio.run(reconciliation(str(tmp_path), return_state=True)).is_completed()
    due = asyncio.run(reconciliation(str(tmp_path), only_due=True, return_state=True))
    assert (due.is_completed(), due.message) == (True, "nothing was to be compared")
    world = build_world(tmp_path)
    try:
        assert [str(o.verdict) for o in world.reconciliation.history("crimes")] == ["FAIL", "PASS"]
    finally:
        world.engine.dispose()
