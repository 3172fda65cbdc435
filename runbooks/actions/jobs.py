"""A job of another controller, launched once per key and followed to its end; found again by the key it carries.

AWX does not let its jobs be filtered by their variables, and Rundeck not by their options: both are found by
reading the latest runs of the job, newest first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, Problem
from runbooks.actions.arguments import JobArguments
from runbooks.actions.asking import Answer, Asker
from runbooks.actions.kinds import Call, Outcome, TransientError
from runbooks.actions.secrets import Secrets

LATEST = 200  # runs of a job that are looked through for a key


@dataclass(frozen=True, slots=True)
class Run:
    """A launched job as its controller tells it."""

    id: str
    status: str
    link: str = ""
    detail: str = ""


class Controller(Protocol):
    """What differs between controllers: how a job is launched, asked after and found by our key."""

    ended_well: frozenset[str]
    ended_badly: frozenset[str]

    async def launch(self) -> Run: ...

    async def look(self, run: Run) -> Run: ...

    async def find(self) -> Run | None: ...


@dataclass(frozen=True)
class JobAction:
    """Launches, unless a job with our key is there, and follows it."""

    systems: Callable[[], Mapping[str, str]]
    client: httpx.AsyncClient
    secrets: Secrets
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(JobArguments)
        controller = self._controller(call, given)
        return await self._follow(given, controller, await controller.find() or await controller.launch())

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(JobArguments)
        controller = self._controller(call, given)
        run = await controller.find()
        return None if run is None else await self._follow(given, controller, run)

    async def _follow(self, given: JobArguments, controller: Controller, run: Run) -> Outcome:
        while run.status not in controller.ended_well | controller.ended_badly:
            await self.pace.sleep_until(self.pace.now() + given.every)
            run = await controller.look(run)
        ok = run.status in controller.ended_well
        evidence = f"{given.controller} run {run.id}: {run.status}" + (
            f" ({run.detail})" if run.detail else ""
        )
        return Outcome(ok=ok, evidence=evidence, link=run.link, result={"id": run.id, "status": run.status})

    def _controller(self, call: Call, given: JobArguments) -> Controller:
        asker = Asker(self.systems, self.client, self.pace)
        return _CONTROLLERS[given.controller](_Http(asker, call, given, self.secrets(given.token)))


@dataclass(frozen=True)
class _Http:
    """One controller's API, with the token that opens it."""

    asker: Asker
    call: Call
    given: JobArguments
    token: str

    async def ask(self, header: tuple[str, str], method: str, path: str, body: Any = None) -> Answer:
        url = self.asker.at(self.given.system, path)
        headers = {header[0]: header[1], "Accept": "application/json"}
        return await self.asker.ask(self.call, method, url, body, headers, once=method == "POST")

    def accepted(self, answer: Answer) -> Mapping[str, Any]:
        """The answer's object. Raises Invalid for a refusal: nothing was started."""
        if not answer.is_accepted:
            said = self.call.shorten(answer.text, 300)
            raise Invalid(
                Problem(f"{self.given.system} answered {answer.status}: {said}", field=self.call.task.id)
            )
        return answer.tree()

    def told(self, answer: Answer) -> Mapping[str, Any]:
        """The same of a question: an answer that says nothing leaves it open."""
        if not answer.is_accepted:
            raise TransientError(
                f"{self.given.system} answered {answer.status}: {self.call.shorten(answer.text, 200)}"
            )
        return answer.tree()

    @property
    def variables(self) -> dict[str, Any]:
        return {**self.given.variables, self.given.key_name: self.call.key}


@dataclass(frozen=True)
class Awx:
    """AWX and Ansible Automation Controller, API v2."""

    http: _Http
    ended_well = frozenset({"successful"})
    ended_badly = frozenset({"failed", "error", "canceled"})

    async def launch(self) -> Run:
        """Raises Invalid where the template would drop our variables: then nobody could find the job again."""
        path = f"/api/v2/{self._templates}/{await self._template()}/launch/"
        before = self.http.accepted(await self._ask("GET", path))
        if not before.get("ask_variables_on_launch"):
            name = self.http.given.key_name
            raise Invalid(
                Problem(
                    f"the template {self.http.given.job} does not take variables on launch",
                    field=self.http.call.task.id,
                    expected=f"`Prompt on launch` for its variables, so that the job can carry {name}",
                )
            )
        return self._run(
            self.http.accepted(await self._ask("POST", path, {"extra_vars": self.http.variables}))
        )

    async def look(self, run: Run) -> Run:
        return self._run(self.http.told(await self._ask("GET", f"/api/v2/{self._jobs}/{run.id}/")))

    async def find(self) -> Run | None:
        path = f"/api/v2/{self._templates}/{await self._template()}/{self._jobs}/?order_by=-id&page_size={LATEST}"
        found = self.http.told(await self._ask("GET", path))
        mine = (one for one in found.get("results", []) if self._carries_key(one))
        return next((self._run(one) for one in mine), None)

    def _carries_key(self, job: Mapping[str, Any]) -> bool:
        given = job.get("extra_vars") or "{}"
        try:
            variables = json.loads(given) if isinstance(given, str) else given
        except ValueError:
            return False
        return isinstance(variables, dict) and variables.get(self.http.given.key_name) == self.http.call.key

    async def _template(self) -> str:
        """The template's number: as given, or looked up by its name."""
        name = self.http.given.job
        if name.isdigit():
            return name
        answer = await self._ask("GET", f"/api/v2/{self._templates}/?name={quote(name, safe='')}")
        found = self.http.told(answer).get("results", [])
        if len(found) != 1:
            what = f"{self.http.given.system} knows {len(found)} templates named '{name}'"
            raise Invalid(Problem(what, field=self.http.call.task.id, expected="the number of one"))
        return str(found[0]["id"])

    async def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.http.ask(("Authorization", f"Bearer {self.http.token}"), method, path, body)

    def _run(self, found: Mapping[str, Any]) -> Run:
        number = str(found.get("id", found.get("job", "")))
        page = "workflow" if self.http.given.workflow else "playbook"
        link = f"{self.http.asker.base(self.http.given.system)}/#/jobs/{page}/{number}"
        return _told(number, str(found.get("status", "")), link, str(found.get("job_explanation") or ""))

    @property
    def _templates(self) -> str:
        return "workflow_job_templates" if self.http.given.workflow else "job_templates"

    @property
    def _jobs(self) -> str:
        return "workflow_jobs" if self.http.given.workflow else "jobs"


@dataclass(frozen=True)
class Rundeck:
    """Rundeck, API 41 (Rundeck 4 and newer)."""

    http: _Http
    ended_well = frozenset({"succeeded"})
    ended_badly = frozenset(
        {"failed", "aborted", "timedout", "failed-with-retry", "incomplete", "missed", "other"}
    )

    async def launch(self) -> Run:
        options = {name: str(value) for name, value in self.http.variables.items()}
        answer = await self._ask("POST", f"/api/41/job/{self._job}/run", {"options": options})
        return _execution(self.http.accepted(answer))

    async def look(self, run: Run) -> Run:
        return _execution(self.http.told(await self._ask("GET", f"/api/41/execution/{run.id}")))

    async def find(self) -> Run | None:
        """The job's latest executions; each tells the options it was run with."""
        found = self.http.told(await self._ask("GET", f"/api/41/job/{self._job}/executions?max={LATEST}"))
        return next((_execution(one) for one in self._mine(found.get("executions", []))), None)

    def _mine(self, executions: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
        name, key = self.http.given.key_name, self.http.call.key
        return (one for one in executions if ((one.get("job") or {}).get("options") or {}).get(name) == key)

    async def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.http.ask(("X-Rundeck-Auth-Token", self.http.token), method, path, body)

    @property
    def _job(self) -> str:
        return quote(self.http.given.job, safe="")


def _execution(found: Mapping[str, Any]) -> Run:
    detail = str(found.get("customStatus") or "")
    return _told(
        str(found.get("id", "")), str(found.get("status", "")), str(found.get("permalink") or ""), detail
    )


def _told(number: str, status: str, link: str, detail: str) -> Run:
    """Raises TransientError for a run without number or status: it would be followed for ever."""
    if not number or not status:
        raise TransientError("the controller told of a run without number or status")
    return Run(number, status, link, detail)


_CONTROLLERS: Mapping[str, Callable[[_Http], Controller]] = {"awx": Awx, "rundeck": Rundeck}
