"""How a plan was changed while it ran, told by what it was before and after."""

from __future__ import annotations

from datetime import timedelta

from cutover.core.event import Event, Fact
from runbooks.domain.edits import EditRejected
from runbooks.domain.reviewing.edits import edits
from tests.conftest import START
from tests.runbooks.plans import book, task


class PlanChanged(Event):
    """Any fact after which the plan is another."""

    version_number: int


def test_what_was_added_removed_and_changed_is_named() -> None:
    before = book(task("A"), task("B", "A"), task("C", "B"))
    after = book(task("A", duration="3h"), task("C", "A"), task("D", "C"))
    fact = Fact(PlanChanged(version_number=2), START, "asha")
    (one,) = edits([(fact, before, after)], [fact])
    assert (one.kind, one.by) == ("PlanChanged", "asha")
    assert one.words == "added D; removed B; A: duration 1h → 3h; C: after B → A"


def test_a_proposal_that_was_not_taken_is_told_too_in_its_place() -> None:
    changed = Fact(PlanChanged(version_number=2), START + timedelta(hours=1), "asha")
    rejected = Fact(EditRejected(number=1, reason="too late for that"), START, "chen")
    found = edits([(changed, book(task("A")), book(task("A", title="Do more")))], [rejected, changed])
    assert [(one.kind, one.words) for one in found] == [
        ("EditRejected", "number 1; reason too late for that"),
        ("PlanChanged", "A: title Do A → Do more"),
    ]


def test_many_changes_are_counted() -> None:
    before = book(*(task(f"t{n}") for n in range(20)))
    after = book(*(task(f"t{n}", duration="2h") for n in range(20)))
    (one,) = edits([(Fact(PlanChanged(version_number=2), START, "asha"), before, after)], [])
    assert one.words.endswith("and 12 more fields")
