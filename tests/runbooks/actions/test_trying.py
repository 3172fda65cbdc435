"""How a task is tried: again only where that can do no harm, in its time, each failed try told, every secret masked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from cutover.core.errors import Invalid
from runbooks.actions import Call, Outcome, Secrets, TransientError
from runbooks.domain.plan import Effect
from tests.runbooks.actions.calling import tried

WORKED = Outcome(ok=True, evidence="done")
FAILED = Outcome(ok=False, evidence="disk full")


@dataclass
class Scripted:
    """Brings back what is scripted, the last for ever; `found` is what its probe finds."""

    script: list[Outcome | Exception | Callable[[], object]]
    found: Outcome | None = None
    asked: int = field(default=0)

    async def perform(self, call: Call) -> Outcome:
        self.asked += 1
        what = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(what, Exception):
            raise what
        if isinstance(what, Outcome):
            return what
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def settle(self, call: Call) -> Outcome | None:
        return self.found


def never() -> None: ...


def test_without_a_policy_there_is_one_try() -> None:
    kind = Scripted([FAILED, WORKED])
    assert tried("world", kind, {}) == FAILED
    assert kind.asked == 1


def test_what_may_be_repeated_is_tried_again_and_each_failure_is_told() -> None:
    told: list[tuple[int, str]] = []
    kind = Scripted([FAILED, TransientError("no answer"), WORKED])
    assert tried("world", kind, {}, told=told, retry="quick") == WORKED
    assert told == [(1, "disk full"), (2, "TransientError: no answer")]


def test_a_policy_is_used_up_and_the_last_failure_stands() -> None:
    kind = Scripted([FAILED])
    assert tried("world", kind, {}, retry="quick") == FAILED
    assert kind.asked == 3


def test_what_is_to_be_probed_is_tried_again_only_when_it_is_not_there() -> None:
    kind = Scripted([TransientError("no answer"), WORKED])
    assert tried("world", kind, {}, retry="quick", effect=Effect.PROBE) == WORKED
    there = Scripted([TransientError("no answer")], found=Outcome(ok=True, evidence="it is there"))
    assert tried("world", there, {}, retry="quick", effect=Effect.PROBE).evidence == "it is there"
    assert there.asked == 1


def test_a_failure_of_what_may_not_be_repeated_is_not_tried_again() -> None:
    for effect in (Effect.PROBE, Effect.MANUAL_VERIFY):
        kind = Scripted([FAILED, WORKED])
        assert tried("world", kind, {}, retry="stubborn", effect=effect) == FAILED
        assert kind.asked == 1


def test_no_answer_of_what_a_person_verifies_leaves_it_open() -> None:
    outcome = tried(
        "world", Scripted([TransientError("cut")]), {}, retry="quick", effect=Effect.MANUAL_VERIFY
    )
    assert (outcome.ok, outcome.certain) == (False, False)


def test_a_wrong_argument_is_not_tried_again() -> None:
    kind = Scripted([Invalid("no such thing")])
    assert tried("world", kind, {}, retry="stubborn").evidence == "Invalid: no such thing"
    assert kind.asked == 1


@pytest.mark.parametrize(("effect", "certain"), [(Effect.IDEMPOTENT, True), (Effect.MANUAL_VERIFY, False)])
def test_what_never_ends_is_ended_when_its_time_is_over(effect: Effect, certain: bool) -> None:
    outcome = tried("world", Scripted([never]), {}, timeout="0.05s", effect=effect)
    assert (outcome.ok, outcome.evidence, outcome.certain) == (False, "no end within 0.05s", certain)


def test_a_defect_fails_its_task_only_and_its_trace_shows_no_secret() -> None:
    secrets = Secrets({"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken"})
    kind = Scripted([RuntimeError("it choked on s3cr3t-t0ken")])
    with capture_logs() as logs:
        outcome = tried("world", kind, {"x": "{{ secret('token') }}"}, secrets)
    assert outcome.evidence == "RuntimeError: it choked on •••"
    assert logs[0]["event"] == "action_crashed"
    assert "s3cr3t" not in repr(logs)


def test_an_outcome_is_masked_in_every_part() -> None:
    secrets = Secrets({"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken"})
    leak = "s3cr3t-t0ken"
    kind = Scripted([Outcome(ok=True, evidence=leak, link=f"http://x/{leak}", result={leak: [leak], "n": 1})])
    outcome = tried("world", kind, {"x": "{{ secret('token') }}"}, secrets)
    assert outcome == Outcome(ok=True, evidence="•••", link="http://x/•••", result={"•••": ["•••"], "n": 1})
