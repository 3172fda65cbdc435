"""A Prefect deployment, run once per key through Prefect's HTTP API and followed to its final state.

Prefect keeps the key of a flow run, so asking twice is one run, and it is found by its key after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, Problem
from runbooks.actions.arguments import DeploymentArguments
from runbooks.actions.asking import Answer, Asker
from runbooks.actions.kinds import Call, Outcome, TransientError

WELL, BADLY = "COMPLETED", frozenset({"FAILED", "CANCELLED", "CRASHED"})


@dataclass(frozen=True)
class DeploymentAction:
    """`api` is the Prefect API of this run, for tasks that name no system."""

    systems: Callable[[], Mapping[str, str]]
    api: Callable[[], str]
    client: httpx.AsyncClient
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(DeploymentArguments)
        flow, _, name = given.deployment.partition("/")
        path = f"/deployments/name/{quote(flow, safe='')}/{quote(name, safe='')}"
        deployment = self._accepted(call, given, await self._ask(call, given, "GET", path))
        asked = {
            "parameters": given.parameters,
            "idempotency_key": call.key,
            "tags": ["cutover", call.task.id],
        }
        path = f"/deployments/{deployment['id']}/create_flow_run"
        run = self._accepted(call, given, await self._ask(call, given, "POST", path, asked))
        return await self._follow(call, given, run)

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(DeploymentArguments)
        wanted = {"flow_runs": {"idempotency_key": {"any_": [call.key]}}, "limit": 1}
        answer = await self._ask(call, given, "POST", "/flow_runs/filter", wanted)
        if not answer.is_accepted:
            raise TransientError(f"Prefect answered {answer.status}")
        found = answer.rows()
        return await self._follow(call, given, found[0]) if found else None

    async def _follow(self, call: Call, given: DeploymentArguments, run: Mapping[str, Any]) -> Outcome:
        while (state := _state(run)) not in (WELL, *BADLY):
            await self.pace.sleep_until(self.pace.now() + given.every)
            answer = await self._ask(call, given, "GET", f"/flow_runs/{run['id']}")
            if not answer.is_accepted:
                raise TransientError(
                    f"asked after the flow run {run['id']}, Prefect answered {answer.status}"
                )
            run = answer.tree()
        said = str((run.get("state") or {}).get("message") or "")
        evidence = call.shorten(
            f"flow run {run.get('name', run['id'])}: {state}" + (f": {said}" if said else ""), 500
        )
        link = f"{self._base(given).removesuffix('/api')}/runs/flow-run/{run['id']}"
        return Outcome(
            ok=state == WELL, evidence=evidence, link=link, result={"id": str(run["id"]), "state": state}
        )

    def _accepted(self, call: Call, given: DeploymentArguments, answer: Answer) -> Mapping[str, Any]:
        if answer.status == httpx.codes.NOT_FOUND:
            what = f"Prefect has no deployment '{given.deployment}'"
            raise Invalid(Problem(what, field=call.task.id, expected="FLOW/DEPLOYMENT as Prefect lists it"))
        if not answer.is_accepted:
            said = call.shorten(answer.text, 300)
            raise Invalid(Problem(f"Prefect answered {answer.status}: {said}", field=call.task.id))
        return answer.tree()

    async def _ask(
        self, call: Call, given: DeploymentArguments, method: str, path: str, body: Any = None
    ) -> Answer:
        asker = Asker(self.systems, self.client, self.pace)
        return await asker.ask(call, method, self._base(given) + path, body)

    def _base(self, given: DeploymentArguments) -> str:
        """Raises Invalid where no Prefect is known."""
        base = Asker(self.systems, self.client, self.pace).base(given.system) if given.system else self.api()
        if not base:
            expected = "`system`, or CUTOVER_PREFECT_API_URL"
            raise Invalid(Problem("no Prefect API is known here", expected=expected))
        return base.rstrip("/")


def _state(run: Mapping[str, Any]) -> str:
    return str((run.get("state") or {}).get("type") or run.get("state_type") or "")
