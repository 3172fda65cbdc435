"""Jobs of AWX and Rundeck, over real HTTP: launched once per key, followed to their end, found again by the key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from runbooks.actions import Outcome, Secrets
from runbooks.actions.jobs import JobAction
from runbooks.domain.plan import Effect
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, call, trial
from tests.runbooks.actions.controllers import Awx, Controller, Rundeck, served

pytestmark = pytest.mark.real
JOBS = {"awx": "Load crimes", "rundeck": "0a1b"}


class Place:
    """A controller, its address, and how it is asked."""

    def __init__(self, name: str, controller: Controller, url: str) -> None:
        self.name, self.controller, self.url = name, controller, url
        self.secrets = Secrets(
            {"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken", "CUTOVER_SECRET_WRONG": "wr0ng-t0ken"}
        )
        self.clock = FixedClock(START)

    def given(self, **more: Any) -> dict[str, Any]:
        job = JOBS[self.name]
        return {"controller": self.name, "system": "jobs", "token": "token", "job": job, **more}

    def do(self, verb: str = "perform", key: str = KEY, **more: Any) -> Outcome | None:
        async def once() -> Outcome | None:
            async with httpx.AsyncClient(timeout=5) as client:
                return await getattr(self.kind(client), verb)(call(self.secrets, key, **self.given(**more)))

        return asyncio.run(once())

    def tried(self, **of_task: Any) -> Outcome:
        async def once() -> Outcome:
            async with httpx.AsyncClient(timeout=5) as client:
                return await trial("job", self.kind(client), self.given(), self.secrets, **of_task).perform()

        return asyncio.run(once())

    def kind(self, client: httpx.AsyncClient) -> JobAction:
        return JobAction(lambda: {"jobs": self.url}, client, self.secrets, self.clock)


@pytest.fixture(params=["awx", "rundeck"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    controller = Awx() if request.param == "awx" else Rundeck()
    with served(controller) as url:
        yield Place(request.param, controller, url)


@pytest.fixture
def awx() -> Iterator[Place]:
    controller = Awx()
    with served(controller) as url:
        yield Place("awx", controller, url)


def test_a_job_is_launched_with_our_key_and_followed_to_its_end(place: Place) -> None:
    outcome = place.do(variables={"source": "legacy"})
    assert outcome is not None
    assert outcome.ok
    assert outcome.evidence in ("awx run 40: successful", "rundeck run 900: succeeded")
    assert outcome.link.startswith(("http://127.0.0.1", "http://rundeck/"))
    carried = str(place.controller.jobs[0])
    assert KEY in carried
    assert "legacy" in carried


def test_the_same_key_is_one_job_however_often_it_is_asked_for(place: Place) -> None:
    place.do()
    place.do()
    assert len(place.controller.jobs) == 1
    place.do(key="small-1.A.2")
    assert len(place.controller.jobs) == 2


def test_a_job_that_failed_fails_the_task_with_what_it_says(place: Place) -> None:
    place.controller.script[-1] = "failed"
    outcome = place.do()
    assert outcome is not None
    assert not outcome.ok
    assert "failed" in outcome.evidence


def test_after_a_crash_it_is_found_by_its_key_or_known_not_to_be_there(place: Place) -> None:
    assert place.do("settle") is None
    place.do()
    found = place.do("settle")
    assert found is not None
    assert found.ok
    assert place.do("settle", key="another") is None


def test_a_launch_that_is_not_answered_is_found_and_not_repeated(place: Place) -> None:
    """The controller does not know our key: a request sent twice would be two jobs."""
    place.controller.cut_launches = 1
    assert place.tried(effect=Effect.PROBE, retry="quick").ok
    assert len(place.controller.jobs) == 1


def test_a_wrong_token_is_refused_without_being_shown(place: Place) -> None:
    with pytest.raises(Exception, match="answered 401") as refused:
        place.do(token="wrong")
    assert "wr0ng" not in str(refused.value)
    assert place.controller.jobs == []


def test_awx_must_prompt_for_variables_or_nobody_could_find_the_job_again(awx: Place) -> None:
    awx.controller.answer = _no_prompt(awx.controller)  # type: ignore[method-assign]
    with pytest.raises(Invalid, match="does not take variables on launch; expected `Prompt on launch`"):
        awx.do(job="8")
    assert awx.controller.jobs == []


def _no_prompt(controller: Controller) -> Any:
    usual = controller.answer

    def answer(method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        if path.endswith("/8/jobs/"):
            return 200, {"count": 0, "results": []}
        return usual(method, path, query, body)

    return answer


def test_awx_knows_a_template_by_its_name(awx: Place) -> None:
    with pytest.raises(Invalid, match="knows 0 templates named 'Load cases'; expected the number of one"):
        awx.do(job="Load cases")


def test_awx_workflows_are_launched_as_such(awx: Place) -> None:
    outcome = awx.do(workflow=True, job="7")
    assert outcome is not None
    assert outcome.ok
    assert "POST /api/v2/workflow_job_templates/7/launch/" in awx.controller.asked


def test_no_controller_of_another_kind_is_known(awx: Place) -> None:
    with pytest.raises(Invalid, match="A: controller: input should be 'awx' or 'rundeck'"):
        awx.do(controller="jenkins")
