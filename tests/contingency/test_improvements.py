"""Actions and station reports through the journal: numbered, idempotent, each with its state and answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from contingency.domain.improvements import ActionStage, ReportStage
from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Refused
from tests.conftest import MakeDesk
from tests.contingency.assured import Assured


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


def test_an_action_goes_from_raised_to_verified(assured: Assured) -> None:
    """The tracker shows who claimed it with what and who looked."""
    action = assured.learnt()
    (view,) = assured.actions.actions()
    assert (view.id, view.stage, view.claimed_by, view.verified_by) == (
        action,
        ActionStage.VERIFIED,
        "halina",
        "petra",
    )
    assert (view.prevents, view.evidence) == ("statuses never selected", "map v2 lists all nine statuses")
    assert assured.actions.reopen(action, by="asha", reason="a tenth").stage is ActionStage.REOPENED


def test_actions_are_numbered_and_a_key_enters_one_once(assured: Assured) -> None:
    """A1, A2; the same key gives the number it gave before."""
    raise_ = assured.actions.raise_action
    assert [raise_("Print packs", by="asha", owner="bo", key=k) for k in ("a", "b", "a")] == [
        "A1",
        "A2",
        "A1",
    ]
    assert len(assured.actions.actions()) == 2


def test_a_refused_action_says_why_and_leaves_nothing(assured: Assured) -> None:
    """The command's own refusal is not taken for a lost race."""
    with pytest.raises(Refused, match="has an owner"):
        assured.actions.raise_action("Print packs", by="asha", owner="")
    assert assured.actions.actions() == []
    with pytest.raises(NotFound, match="no action named 'A9'"):
        assured.actions.claim("A9", by="bo", evidence="done")


@pytest.mark.requirement("R15")
def test_two_hundred_reports_each_have_a_state_and_an_answer(assured: Assured) -> None:
    """Nobody signs in, everybody is answered."""
    stations = [s.id for s in assured.programme.stations]
    for n in range(200):
        report = assured.feedback.report(stations[n % 24], f"trouble {n}", 1 + n % 5, key=f"r{n}")
        if n % 4:
            assured.feedback.answer(report, "mended", by="gwen")
        else:
            assured.feedback.known_issue(report, "KI-1", "write it on paper", by="gwen")
    reports = assured.feedback.reports()
    assert len(reports) == 200
    assert {r.stage for r in reports} == {ReportStage.ANSWERED, ReportStage.KNOWN_ISSUE}
    assert all(r.answer for r in reports)


def test_the_pulse_is_by_station_the_worst_first(assured: Assured) -> None:
    """The mean of one station never hides another."""
    for station, pulse in (("central", 5), ("bolton", 1), ("central", 4), ("bolton", 2)):
        assured.feedback.report(station, "how it is", pulse)
    found = [(p.station, p.reports, p.mean, p.latest) for p in assured.feedback.pulse()]
    assert found == [("bolton", 2, 1.5, 2), ("central", 2, 4.5, 4)]


@pytest.mark.parametrize("pulse", [0, 6, -1])
def test_a_pulse_is_one_to_five(assured: Assured, pulse: int) -> None:
    """Anything else is bad input."""
    with pytest.raises(Invalid, match="is no pulse"):
        assured.feedback.report("central", "how it is", pulse)


def test_a_station_that_does_not_exist_is_named_with_the_nearest(assured: Assured) -> None:
    """A slip of the keyboard is no new station."""
    with pytest.raises(NotFound, match="did you mean 'bolton'"):
        assured.feedback.report("boltn", "how it is", 3)
    with pytest.raises(NotFound, match="report"):
        assured.feedback.answer("F9", "mended", by="gwen")


def test_whoever_gives_a_name_is_named(assured: Assured) -> None:
    """Without one the station itself speaks."""
    assured.feedback.report("central", "one", 3)
    assured.feedback.report("central", "two", 3, said_by="sam")
    actors = [fact.actor for fact in assured.desk.journal.all(["StationReported"])]
    assert actors == ["station central", "sam"]
