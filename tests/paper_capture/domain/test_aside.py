"""A sheet beside its way: kept back until somebody answers, live until it is handed over, corrected by a person's word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.errors import Refused
from paper_capture.domain.aside import (
    CorrectSheet,
    FreeSheet,
    GoOnLive,
    HoldSheet,
    SheetCorrected,
    SignOver,
)
from paper_capture.domain.moves import AdjudicateSheet, DisposeSheet, Disposition, Grade
from paper_capture.domain.sheet import SHEET, Stage
from tests.paper_capture.domain.test_sheet import BACK, LOST, ONE, TORN, key, life, log, reasons
from tests.paper_capture.world import NOON

KEEP = HoldSheet(by="Bo", serial=ONE, owner="PC Okoro 412", reason="which of the two addresses?")
ANSWERED = FreeSheet(by="Bo", serial=ONE, answer="the first")
OPEN = GoOnLive(by="Bo", serial=ONE, reason="still detained")
SIGNED = SignOver(by="Bo", serial=ONE, signed_by="PS Hill", reference="CU-77")


def test_what_is_kept_back_is_neither_keyed_nor_decided_until_its_owner_has_answered() -> None:
    kept = life(log(), BACK, KEEP)
    assert "kept back for PC Okoro 412" in reasons(kept, key({"a": 1}))[0]
    assert "which of the two addresses?" in reasons(kept, KEEP)[0]
    assert reasons(kept, ANSWERED.model_copy(update={"answer": " "})) == (
        "freed without the answer of PC Okoro 412",
    )
    freed, _ = SHEET.apply(kept, ANSWERED, NOON)
    assert SHEET.apply(freed, key({"a": 1}), NOON)[0].stage is Stage.KEYED_ONCE
    differs = life(log(), BACK, key({"a": 1}), key({"a": 2}, 2, "Chen"), KEEP)
    assert reasons(differs, AdjudicateSheet(by="Dev", serial=ONE, values={"a": 1}))[0].startswith("kept back")


def test_keeping_back_names_an_owner_and_a_reason_and_stops_no_paper() -> None:
    nobody = KEEP.model_copy(update={"owner": "", "reason": ""})
    assert reasons(life(log()), nobody) == ("kept back without who must answer", "kept back without a reason")
    assert life(log(), KEEP, BACK).stage is Stage.RETURNED
    assert life(log(), KEEP, LOST, ANSWERED).held is None
    assert reasons(life(log()), ANSWERED) == ("it is not kept back",)
    verified = life(log(), BACK, key({}), passes=1)
    assert "set its record aside" in reasons(verified, KEEP)[0]


def test_an_open_record_stays_at_its_station_until_somebody_else_signs_for_it() -> None:
    live = life(log(), OPEN)
    assert live.stage is Stage.LIVE
    assert "stays until the handover is signed" in reasons(live, BACK)[0]
    own = SIGNED.model_copy(update={"signed_by": "bo"})
    assert reasons(live, own) == ("Bo records it: somebody else signs that the live system has it",)
    over, _ = SHEET.apply(live, SIGNED, NOON)
    assert (over.stage, over.signed_over and over.signed_over.reference) == (Stage.USED, "CU-77")
    assert reasons(over, OPEN) == ("its record was handed over live before, as CU-77",)
    assert SHEET.apply(over, BACK, NOON)[0].stage is Stage.RETURNED


def test_a_record_already_brought_back_is_handed_over_where_it_is() -> None:
    keyed = life(log(), BACK, key({}), SIGNED, passes=1)
    assert keyed.stage is Stage.VERIFIED
    linked = DisposeSheet(by="Bo", serial=ONE, disposition=Disposition.LINKED, reference="CU-77")
    assert SHEET.apply(keyed, linked, NOON)[0].stage is Stage.DISPOSED


def test_a_correction_changes_what_it_names_and_nothing_else() -> None:
    written = NOON - timedelta(hours=2)
    event = SheetCorrected(
        move="used", why="as the paper says", writer="PC Nowak", written_at=written, grade=Grade.HIGH
    )
    told = life(log(), CorrectSheet(by="Chen", serial=ONE, correction=event))
    assert (told.writer, told.written_at, told.grade) == ("PC Nowak", written, Grade.HIGH)
    assert told.occurred_at == NOON - timedelta(hours=4)
    late = event.model_copy(update={"written_at": NOON + timedelta(minutes=1)})
    assert (
        "not in that order" in reasons(life(log()), CorrectSheet(by="Chen", serial=ONE, correction=late))[0]
    )
    torn = SheetCorrected(move="spoiled", why="as the paper says", reason="wet")
    assert life(TORN, CorrectSheet(by="Chen", serial=ONE, correction=torn)).reason == "wet"
    with pytest.raises(Refused, match="that is not what was told of it"):
        life(TORN, CorrectSheet(by="Chen", serial=ONE, correction=event))
