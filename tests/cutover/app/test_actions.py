"""What automated tasks do beyond HTTP: each effect once per key, however often it is repeated."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from cutover.app.actions import SimulatedAction
from cutover.app.bootstrap import World
from cutover.core.errors import Invalid, NotFound
from cutover.domain.modes import COMPONENT, Mode, component_stream
from runbooks.actions import Call, Outcome
from runbooks.domain.run_events import Comms
from tests.conftest import START
from tests.runbooks.plans import auto


async def _silent(_end: datetime, _detail: str) -> None: ...


def do(
    world: World,
    kind: str,
    key: str = "small-1.A.1",
    verb: str = "perform",
    comms: Comms = Comms.ON,
    **arguments: Any,
) -> Any:
    async def once() -> Outcome | None:
        async with httpx.AsyncClient() as client:
            action = world.actions(client).kinds[kind]
            call = Call(key, auto("A", duration="3h"), arguments, _silent, comms=comms)
            return await getattr(action, verb)(call)

    return asyncio.run(once())


def facts(world: World) -> int:
    return world.journal.head().position


def test_a_mode_is_switched_once_and_says_why(world: World) -> None:
    outcome = do(world, "mode", component="records", to="dark", reason="the freeze")
    assert (outcome.ok, outcome.evidence) == (True, "records is dark")
    before = facts(world)
    assert do(world, "mode", component="records", to="dark").ok
    assert facts(world) == before
    state = world.desk.state(COMPONENT, component_stream("records"))
    assert (state.mode, state.reason) == (Mode.DARK, "the freeze")


def test_a_mode_of_an_unknown_component_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="did you mean 'records'"):
        do(world, "mode", component="record", to="dark")


def test_a_snapshot_counts_what_it_froze(world: World) -> None:
    outcome = do(world, "snapshot", contract="crimes", side="source")
    assert (outcome.evidence, dict(outcome.result)) == ("2 rows of the source frozen", {"rows": 2})


def test_a_reconciliation_that_finds_something_is_no_failure_of_the_task(world: World) -> None:
    """The gate reads the verdict; the same key again is the same run."""
    (world.folder.path / "new.csv").write_text("crime_id,status\nC1,open\n", encoding="utf-8")
    outcome = do(world, "reconcile", contract="crimes")
    assert outcome.ok
    assert outcome.evidence.startswith("FAIL")
    before = facts(world)
    assert do(world, "reconcile", contract="crimes").evidence == outcome.evidence
    assert facts(world) == before


def test_paper_is_issued_to_every_station_once_per_key(world: World) -> None:
    outcome = do(world, "issue_paper", forms={"crime": 5})
    assert outcome.evidence == "5 sheets issued to 1 stations"
    do(world, "issue_paper", forms={"crime": 5})
    assert len(world.paper.sheets()) == 5
    do(world, "issue_paper", key="small-1.A.2", forms={"crime": 5}, stations=["central"])
    assert len(world.paper.sheets()) == 10


def test_paper_for_an_unknown_station_is_refused_before_any_is_issued(world: World) -> None:
    with pytest.raises(Invalid, match="unknown stations: nowhere"):
        do(world, "issue_paper", forms={"crime": 5}, stations=["central", "nowhere"])
    assert world.paper.sheets() == []


def test_partners_are_told_once(world: World) -> None:
    asked = {"subject": "Paper", "text": "We are on paper from 22:00"}
    assert do(world, "notify", **asked).evidence.startswith("told: prosecutor")
    before = facts(world)
    do(world, "notify", **asked)
    assert facts(world) == before


def test_with_comms_off_nobody_is_told_and_the_record_says_so(world: World) -> None:
    before = facts(world)
    outcome = do(world, "notify", comms=Comms.OFF, subject="Paper", text="We are on paper")
    assert (outcome.ok, outcome.evidence) == (True, "not sent: comms are off in this run (prosecutor)")
    assert facts(world) == before


def test_with_comms_on_test_no_partner_is_reached(world: World) -> None:
    outcome = do(world, "notify", comms=Comms.TEST, subject="Paper", text="We are on paper")
    assert outcome.evidence.startswith("told as a test")
    (notice,) = world.bulletins.status().notices
    assert (notice.channel, notice.address, notice.subject) == ("file", "prosecutor", "TEST: Paper")


@pytest.mark.parametrize("kind", ["mode", "snapshot", "reconcile", "notify", "issue_paper"])
def test_after_a_crash_ours_are_simply_repeated(world: World, kind: str) -> None:
    assert do(world, kind, verb="settle") is None


def test_a_walk_through_stands_for_every_kind_takes_the_planned_time_and_changes_nothing(
    world: World,
) -> None:
    world.simulated = True
    outcome = do(world, "mode", component="records", to="dark")
    assert outcome.ok
    assert world.pace.now() == START + timedelta(hours=3)
    assert facts(world) == 0
    assert do(world, "http", verb="settle") is None
    assert isinstance(world.actions(None).kinds["http"], SimulatedAction)  # type: ignore[arg-type]


def test_in_a_rehearsal_only_stand_ins_are_asked_and_scripts_only_take_their_time(world: World) -> None:
    world.systems_elsewhere = {"new_records": "http://127.0.0.1:1"}
    kinds = world.actions(None).kinds  # type: ignore[arg-type]
    simulated = {name for name, kind in kinds.items() if isinstance(kind, SimulatedAction)}
    assert {"shell", "ssh", "sql", "python", "deployment"} <= simulated
    assert not simulated & {"http", "job", "mode", "reconcile", "notify", "issue_paper", "wait", "runbook"}
