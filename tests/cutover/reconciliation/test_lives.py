"""The life of a finding: claimed is not verified."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.reconciliation import evidence
from cutover.reconciliation.lives import (
    FINDING,
    FINDINGS,
    ExplainFindings,
    FindingLives,
    JudgeFindings,
    Life,
    RepairFindings,
    finding_id,
)
from tests.cutover.reconciliation.world import World, crime

NOW = datetime(2026, 10, 24, tzinfo=UTC)
ONE, TWO = finding_id("missing", ["A", "1"]), finding_id("missing", ["A", "2"])
EXPLAIN = ExplainFindings(by="Asha", findings=(ONE, TWO), code="selection", reason="never selected")
REPAIR = RepairFindings(by="Bo", findings=(ONE, TWO), how="loaded again")


def _after(*commands: Command) -> FindingLives:
    state = FINDING.start
    for command in commands:
        state, _ = FINDING.apply(state, command, NOW)
    return state


def test_its_table_is_whole() -> None:
    assert FINDINGS.faults() == []


def test_a_repair_is_a_claim_until_a_run_no_longer_finds_it() -> None:
    claimed = _after(EXPLAIN, REPAIR)
    assert (claimed.of(ONE).stage, claimed.of(ONE).repaired_by, claimed.of(ONE).verified_by_run) == (
        Life.REPAIRED,
        "Bo",
        None,
    )
    judged = _after(EXPLAIN, REPAIR, JudgeFindings(by="Bo", run=2, still=(TWO,)))
    assert (judged.of(ONE).stage, judged.of(ONE).verified_by_run) == (Life.VERIFIED, 2)
    assert (judged.of(TWO).stage, judged.of(TWO).repaired, judged.of(TWO).code) == (
        Life.OPEN,
        "",
        "selection",
    )


def test_what_was_verified_and_is_seen_again_is_open_again() -> None:
    seen = _after(
        REPAIR, JudgeFindings(by="Bo", run=2, still=()), JudgeFindings(by="Bo", run=3, still=(ONE,))
    )
    assert (seen.of(ONE).stage, seen.of(TWO).stage) == (Life.OPEN, Life.VERIFIED)


def test_a_run_says_nothing_of_findings_nobody_touched() -> None:
    assert _after(JudgeFindings(by="Bo", run=1, still=(ONE,))).lives == {}


def test_what_is_said_to_be_repaired_is_not_repaired_twice_and_each_is_named() -> None:
    with pytest.raises(Refused) as refused:
        _after(REPAIR, REPAIR)
    assert refused.value.reasons == (f"{ONE} is repaired", f"{TWO} is repaired")
    with pytest.raises(Refused, match="none is named"):
        _after(RepairFindings(by="Bo", findings=(), how="?"))


def test_findings_are_known_by_the_same_words_in_a_file_and_in_the_journal(world: World) -> None:
    world.agree(key=["crime_id", "offence"])
    world.write([crime(1), crime(2, offence=None), crime(3, crime_id="a / b:c 'd'")], [crime(4)])
    world.run()
    told = {finding_id(one["class"], list(one["key"].values())) for one in world.service.findings("crimes")}
    file = world.service._findings_file("crimes")
    assert set(evidence.ids(file)) == told
    assert evidence.among(file, [*told, "missing:nobody / x"]) == told
    assert {one.partition(":")[0] for one in world.service.finding_ids("crimes", "extra")} == {"extra"}
