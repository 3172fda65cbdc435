"""Every command is looked at for who must not do it alone, and each that takes two refuses the same person."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.app.four_eyes import ALONE, ORDINARY, TWO
from cutover.core.event import Command

HERE = Path(__file__).parents[2]
ROOMS = ("cutover.domain", "cutover.reconciliation", "runbooks.domain", "monitors.domain", "paper_capture.domain", "contingency.domain")  # fmt: skip
PROOFS = {
    "cutover.WaiveGate": "cutover/domain/test_gates.py::test_a_waiver_is_by_two_by_name_and_keeps_what_was_unmet",
    "cutover.CastVote": "cutover/domain/test_gates.py::test_who_opened_the_gate_cannot_decide_it",
    "runbooks.BackOut": "runbooks/domain/test_turning_back.py::test_past_the_point_of_no_return_two_others_sign",
    "runbooks.SignBackout": "runbooks/domain/test_turning_back.py::test_two_others_sign_each_for_themselves_and_for_what_is_turned_back",
    "runbooks.ApproveEdit": "runbooks/domain/test_edits.py::test_in_a_live_run_the_proposer_does_not_approve",
    "runbooks.SkipTask": "runbooks/domain/test_execution.py::test_in_a_live_run_nobody_leaves_out_what_is_their_own_unless_the_plan_calls_it_optional",
    "monitors.SignWaiver": "monitors/domain/test_register.py::test_a_waiver_is_signed_by_another_and_has_an_end",
    "monitors.FreezeBaseline": "monitors/domain/test_outcome.py::test_a_frozen_baseline_needs_a_reason_to_be_replaced_and_a_closed_alarm",
    "paper_capture.EnterPass": "paper_capture/domain/test_passes.py::test_every_reason_against_a_pass_is_given_at_once",
    "paper_capture.AdjudicateSheet": "paper_capture/domain/test_sheet.py::test_differing_passes_wait_for_a_third_person",
    "paper_capture.DeclareMissing": "paper_capture/domain/test_sheet.py::test_missing_needs_a_named_decision_maker_and_a_reason",
    "paper_capture.DestroySheet": "paper_capture/test_keeping.py::test_stock_is_destroyed_before_a_second_person_and_its_numbers_are_never_issued",
    "paper_capture.DestroyBlock": "paper_capture/test_keeping.py::test_stock_is_destroyed_before_a_second_person_and_its_numbers_are_never_issued",
    "paper_capture.ReceiveBatch": "paper_capture/test_keeping.py::test_a_batch_is_counted_again_by_another_person",
    "paper_capture.SignOver": "paper_capture/domain/test_aside.py::test_an_open_record_stays_at_its_station_until_somebody_else_signs_for_it",
    "contingency.VerifyItem": "contingency/domain/test_backlog.py::test_claimed_and_verified_are_two_people",
    "contingency.VerifyAction": "contingency/domain/test_improvements.py::test_whoever_claimed_it_cannot_verify_it",
    "contingency.VerifyCause": "contingency/domain/test_incidents.py::test_closing_takes_evidence_and_somebody_else",
}


def commands() -> set[str]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return {
        f"{one.__module__.partition('.')[0]}.{one.__name__}" for one in _beneath(Command) if _is_ours(one)
    }


def _beneath(kind: type[Command]) -> Iterator[type[Command]]:
    for one in kind.__subclasses__():
        yield one
        yield from _beneath(one)


def _is_ours(one: type[Command]) -> bool:
    return one.__module__.startswith(ROOMS) and not one.__subclasses__()


def test_every_command_is_in_the_table_once() -> None:
    known = commands()
    assert known == {*TWO, *ALONE, *ORDINARY}, "say in cutover/app/four_eyes.py who must not do it alone"
    assert len(TWO) + len(ALONE) + len(ORDINARY) == len(known)


@pytest.mark.parametrize("command", sorted(TWO))
def test_what_takes_two_is_tried_by_one(command: str) -> None:
    """The test that tries it is named here, is there, and expects to be refused."""
    file, _, name = PROOFS[command].partition("::")
    tree = ast.parse((HERE / file).read_text("utf-8"))
    found = [ast.unparse(one) for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name]
    assert len(found) == 1, PROOFS[command]
    assert any(word in found[0] for word in ("Refused", "reasons(", "why_not", "match=")), found[0]
