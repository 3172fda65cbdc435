"""A Prefect deployment as a task, against a real Prefect server: run once per key, followed, found again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from runbooks.actions import Outcome, Secrets
from runbooks.actions.deployment import DeploymentAction
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, call

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


class Prefect:
    """A server with one deployment that nobody serves: its runs move when told to."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.clock = _Stepping(self)
        self.moves: list[dict[str, Any]] = []
        with httpx.Client(base_url=api) as client:
            flow = client.post("/flows/", json={"name": "reports"}).json()
            asked = {"name": "nightly", "flow_id": flow["id"], "enforce_parameter_schema": False}
            client.post("/deployments/", json=asked).raise_for_status()

    def do(self, verb: str = "perform", key: str = KEY, **more: Any) -> Outcome | None:
        async def once() -> Outcome | None:
            async with httpx.AsyncClient(timeout=30) as client:
                action = DeploymentAction(dict, lambda: self.api, client, self.clock)
                given = {"deployment": "reports/nightly", "parameters": {"day": "Friday"}, **more}
                outcome: Outcome | None = await getattr(action, verb)(call(Secrets(), key, **given))
                return outcome

        return asyncio.run(once())

    def runs(self, key: str) -> list[dict[str, Any]]:
        with httpx.Client(base_url=self.api) as client:
            wanted = {"flow_runs": {"idempotency_key": {"any_": [key]}}}
            found: list[dict[str, Any]] = client.post("/flow_runs/filter", json=wanted).json()
            return found

    def move(self, key: str, state: dict[str, Any]) -> None:
        with httpx.Client(base_url=self.api) as client:
            (run,) = self.runs(key)
            asked = {"state": state, "force": True}
            client.post(f"/flow_runs/{run['id']}/set_state", json=asked).raise_for_status()


class _Stepping(FixedClock):
    """Each wait of the action lets the next thing happen in Prefect."""

    def __init__(self, prefect: Prefect) -> None:
        super().__init__(START)
        self.prefect = prefect

    async def sleep_until(self, at: Any) -> None:
        self.set(at)
        move = self.prefect.moves.pop(0)
        self.prefect.move(move.pop("key", KEY), move)


@pytest.fixture
def prefect(prefect_server: str) -> Prefect:
    return Prefect(prefect_server)


def test_a_deployment_is_run_once_per_key_and_followed_to_its_end(prefect: Prefect) -> None:
    key = "small-1.once.1"
    prefect.moves = [
        {"type": "RUNNING", "key": key},
        {"type": "COMPLETED", "message": "7 reports", "key": key},
    ]
    outcome = prefect.do(key=key)
    assert outcome is not None
    assert outcome.ok
    assert outcome.evidence.endswith("COMPLETED: 7 reports")
    assert outcome.result["state"] == "COMPLETED"
    assert "/runs/flow-run/" in outcome.link
    again = prefect.do(key=key)
    assert again is not None
    assert again.ok
    (run,) = prefect.runs(key)
    assert run["parameters"] == {"day": "Friday"}


def test_a_flow_run_that_fails_fails_the_task(prefect: Prefect) -> None:
    key = "small-1.fails.1"
    prefect.moves = [{"type": "FAILED", "message": "no source", "key": key}]
    outcome = prefect.do(key=key)
    assert outcome is not None
    assert (outcome.ok, outcome.certain) == (False, True)
    assert outcome.evidence.endswith("FAILED: no source")


def test_after_a_crash_it_is_found_by_its_key_or_known_not_to_be_there(prefect: Prefect) -> None:
    key = "small-1.crash.1"
    assert prefect.do("settle", key=key) is None
    prefect.moves = [{"type": "COMPLETED", "key": key}]
    prefect.do(key=key)
    found = prefect.do("settle", key=key)
    assert found is not None
    assert found.ok


def test_a_deployment_that_prefect_does_not_know_is_named(prefect: Prefect) -> None:
    with pytest.raises(Invalid, match="Prefect has no deployment 'reports/weekly'"):
        prefect.do(deployment="reports/weekly")
