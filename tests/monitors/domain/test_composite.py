"""Green probes above a red flow are the gravest class; a quiet chart is no pass until it could have shown the fall."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.domain.check import Reason, Status
from monitors.domain.composite import Class, Sign, Verdict, composite, composites, exit_verdict

PROBE = Sign("custody", "Custody answers", "custody", Status.OK)


def sign(status: Status = Status.OK, **more: Any) -> Sign:
    more = {"reason": Reason.NO_DATA if status is Status.UNKNOWN else None, "is_outcome": True} | more
    return Sign("referrals", "Referrals", "custody", status, detail="as found", **more)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ([PROBE, sign(Status.CRITICAL)], Class.SILENT_FAILURE),
        ([sign(Status.CRITICAL)], Class.OUTAGE),
        ([sign(Status.CRITICAL, is_outcome=False), sign(Status.CRITICAL)], Class.OUTAGE),
        ([sign(Status.WARNING, is_outcome=False), sign(Status.CRITICAL)], Class.OUTAGE),
        ([PROBE, sign(Status.UNKNOWN)], Class.BLIND),
        ([PROBE, sign(Status.UNKNOWN, reason=Reason.NOT_DUE)], Class.WELL),
        ([PROBE, sign(Status.WARNING)], Class.DEGRADED),
        ([PROBE, sign()], Class.WELL),
    ],
)
def test_a_component_is_classed_by_what_its_probes_and_its_work_say_together(
    signs: list[Sign], expected: Class
) -> None:
    assert composite("custody", signs).of is expected


def test_a_silent_failure_says_that_the_probes_are_green_and_what_does_not_flow() -> None:
    assert (
        composite("custody", [PROBE, sign(Status.CRITICAL)]).says
        == "its probe is green, and the work does not flow: Referrals"
    )


def test_the_gravest_component_stands_first() -> None:
    well = Sign("x", "X", "records", Status.OK)
    assert [c.component for c in composites([well, PROBE, sign(Status.CRITICAL)])] == ["custody", "records"]


@pytest.mark.parametrize(
    ("signs", "gaps", "expected"),
    [
        ([], [], Verdict.ERROR),
        ([sign()], [], Verdict.PASS),
        ([sign(enough=False)], [], Verdict.INCONCLUSIVE),
        ([sign(Status.UNKNOWN, reason=Reason.STALE)], [], Verdict.INCONCLUSIVE),
        ([sign(Status.UNKNOWN, reason=Reason.ERROR)], [], Verdict.ERROR),
        ([sign(), sign(Status.UNKNOWN, reason=Reason.ERROR)], [], Verdict.ERROR),
        ([sign(Status.WARNING)], [], Verdict.FAIL),
        ([sign(Status.CRITICAL), sign(Status.UNKNOWN, reason=Reason.ERROR)], [], Verdict.FAIL),
        ([sign()], ["Returns: nothing watches it"], Verdict.FAIL),
    ],
)
def test_hypercare_ends_only_on_a_pass(signs: list[Sign], gaps: list[str], expected: Verdict) -> None:
    assert exit_verdict(signs, gaps).verdict is expected


statuses = st.sampled_from(tuple(Status))


@given(st.lists(st.tuples(statuses, st.booleans()), min_size=1, max_size=6))
def test_a_pass_has_no_reason_and_everything_else_has(found: list[tuple[Status, bool]]) -> None:
    """And nothing passes while anything is not OK or could not have shown the fall."""
    said = exit_verdict([sign(status, enough=enough) for status, enough in found])
    assert (said.verdict is Verdict.PASS) == (not said.reasons)
    assert (said.verdict is Verdict.PASS) == all(s is Status.OK and enough for s, enough in found)
