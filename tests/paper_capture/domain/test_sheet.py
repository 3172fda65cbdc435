"""The life of a sheet: the table is proven, every guard refuses with its reason, and any legal life keeps the books."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cutover.core.errors import Refused
from cutover.core.refusal_words import spoken
from paper_capture.domain.aside import EVENTS as ASIDE
from paper_capture.domain.aside import FreeSheet, GoOnLive, HoldSheet, SignOver
from paper_capture.domain.keeping import EVENTS as KEEPING
from paper_capture.domain.moves import EVENTS as MOVES
from paper_capture.domain.moves import (
    AdjudicateSheet,
    DeclareMissing,
    DisposeSheet,
    Disposition,
    EnterPass,
    HandBackUnused,
    IssueSheet,
    LogUsed,
    PrintSheet,
    ReturnSheet,
    SheetCommand,
    SpoilSheet,
)
from paper_capture.domain.passes import Value
from paper_capture.domain.register import Issued, Printed, Register, check
from paper_capture.domain.serial import Block, Serial
from paper_capture.domain.sheet import SHEET, SHEETS, SheetState, Stage
from tests.paper_capture.world import NOON, entry, used

ONE = str(Serial("CR", 1))
EVENTS = (*MOVES, *KEEPING, *ASIDE)


def life(*commands: SheetCommand, passes: int = 2) -> SheetState:
    """A sheet printed and issued to the north, and then moved by these commands."""
    state = SheetState()
    start = (
        PrintSheet(by="Asha", serial=ONE, form_type="crime", form_version=1, passes=passes),
        IssueSheet(by="Asha", serial=ONE, station="north"),
    )
    for command in (*start, *commands):
        state, _ = SHEET.apply(state, command, NOON)
    return state


def log(**changes: object) -> LogUsed:
    return LogUsed(by="Asha", serial=ONE, used=used(ONE, **changes))  # type: ignore[arg-type]


def key(values: dict[str, Value], pass_no: int = 1, keyer: str = "Bo", minutes: float = 20) -> EnterPass:
    return EnterPass(
        by=keyer, serial=ONE, entry=entry(ONE, values, pass_no=pass_no, keyer=keyer, minutes=minutes)
    )


LOST = DeclareMissing(by="Asha", serial=ONE, decided_by="Chen", reason="not in the van")
BACK = ReturnSheet(by="Bo", serial=ONE)
BLANK = HandBackUnused(by="Bo", serial=ONE)
TORN = SpoilSheet(by="Bo", serial=ONE, reason="torn")
DONE = DisposeSheet(by="Bo", serial=ONE, disposition=Disposition.CONVERTED, reference="N1")


def reasons(state: SheetState, command: SheetCommand) -> tuple[str, ...]:
    with pytest.raises(Refused) as refusal:
        SHEET.apply(state, command, NOON)
    assert all(reason.startswith(f"{ONE}: ") for reason in refusal.value.reasons)
    return tuple(reason.removeprefix(f"{ONE}: ") for reason in refusal.value.reasons)


def test_the_table_is_sound() -> None:
    assert SHEETS.faults() == []


def test_every_move_that_the_table_does_not_list_is_refused() -> None:
    for stage, event in product(Stage, EVENTS):
        if not SHEETS.allows(stage, event):
            with pytest.raises(Refused, match=f"A sheet that is {spoken(stage)} cannot"):
                SHEETS.next(stage, event)


def test_two_agreeing_passes_verify_a_sheet_and_its_times_stay_apart() -> None:
    state = life(log(), BACK, key({"a": 1}), key({"a": 1}, 2, "Chen", 15), DONE)
    assert state.stage is Stage.DISPOSED
    assert (state.written_at, state.logged_at, state.returned_at, state.disposed_at) == (
        NOON - timedelta(hours=3),
        NOON,
        NOON,
        NOON,
    )
    assert (state.keyers, state.minutes, state.reference) == (("Bo", "Chen"), 35, "N1")


def test_one_pass_verifies_a_form_that_asks_for_one() -> None:
    assert life(log(), BACK, key({"a": 1}), passes=1).stage is Stage.VERIFIED


def test_differing_passes_wait_for_a_third_person() -> None:
    state = life(log(), BACK, key({"a": 2}, 2, "Chen"), key({"a": 1, "b": 3}))
    assert state.stage is Stage.DISCREPANT
    assert [(d.field, d.first, d.second) for d in state.discrepancies] == [("a", 1, 2), ("b", 3, None)]
    decide = AdjudicateSheet(by="Bo", serial=ONE, values={"a": 2, "b": 3})
    assert reasons(state, decide) == ("Bo keyed this sheet and cannot adjudicate it",)
    state, _ = SHEET.apply(state, decide.model_copy(update={"by": "Dev"}), NOON)
    assert (state.stage, state.adjudicator, dict(state.values)) == (Stage.VERIFIED, "Dev", {"a": 2, "b": 3})


def test_what_only_one_pass_had_to_key_outlives_the_decision_between_them() -> None:
    second = key({"a": 1}, pass_no=2, keyer="Bo").model_copy(update={"once": ("o",)})
    first = key({"a": 2, "o": "kept"}, pass_no=1, keyer="Chen").model_copy(update={"once": ("o",)})
    state = life(log(), BACK, second, first, AdjudicateSheet(by="Dev", serial=ONE, values={"a": 2}))
    assert dict(state.values) == {"a": 2, "o": "kept"}


def test_a_false_log_is_refused_for_all_its_reasons_at_once() -> None:
    late = NOON + timedelta(minutes=1)
    said = reasons(
        life(), log(station="south", written_at=late, occurred_at=late + timedelta(hours=1), writer="")
    )
    assert said == (
        "nobody is named as its writer",
        "it was issued to north, not to south",
        "written 24 Oct 12:01+0000, before it occurred (24 Oct 13:01+0000)",
        "written in the future (24 Oct 2026 12:01+0000; now 24 Oct 2026 12:00+0000)",
    )


def test_missing_needs_a_named_decision_maker_and_a_reason() -> None:
    nobody = DeclareMissing(by="Asha", serial=ONE, decided_by="", reason="")
    assert reasons(life(), nobody) == ("missing without a named decision-maker", "missing without a reason")
    assert life(LOST).decided_by == "Chen"
    assert "a second person" in reasons(life(), LOST.model_copy(update={"decided_by": " asha"}))[0]


def test_a_missing_sheet_that_turns_up_goes_on_and_is_no_longer_missing_on_anybody_s_word() -> None:
    found = life(LOST, log())
    assert (found.stage, found.decided_by, found.reason) == (Stage.USED, "", "")
    assert life(LOST, BLANK).stage is Stage.UNUSED
    assert life(LOST, TORN).stage is Stage.SPOILED


def test_a_used_sheet_that_went_missing_can_only_come_back() -> None:
    gone = life(log(), LOST)
    assert reasons(gone, BLANK) == reasons(gone, TORN) == ("it was logged as used; return it instead",)
    assert reasons(gone, log()) == ("it was logged as used before it went missing; return it instead",)
    assert life(log(), LOST, BACK).stage is Stage.RETURNED


def test_a_missing_sheet_nobody_logged_cannot_be_returned_as_used() -> None:
    assert reasons(life(LOST), BACK) == ("nobody logged it as used: log it first, or hand it back unused",)


def test_void_and_rejection_need_a_reason_and_a_conversion_its_reference() -> None:
    ready = life(log(), BACK, key({}), passes=1)
    assert reasons(life(), TORN.model_copy(update={"reason": ""})) == ("spoiled without a reason",)
    assert reasons(ready, DONE.model_copy(update={"reference": ""})) == (
        "converted without the target's reference",
    )
    assert reasons(ready, DONE.model_copy(update={"disposition": Disposition.REJECTED})) == (
        "rejected without a reason",
    )


@pytest.mark.parametrize("minutes", [0, -1, 1440, float("nan"), float("inf")])
def test_a_pass_takes_a_time_that_a_person_can_take(minutes: float) -> None:
    assert "no time to key a sheet in" in reasons(life(log(), BACK), key({}, minutes=minutes))[0]


answers = st.fixed_dictionaries({}, optional={"a": st.integers(0, 1), "b": st.sampled_from(["x", "y"])})
people = st.sampled_from(["Asha", "Bo", "Chen", "Dev"])


class AnyLife(RuleBasedStateMachine):
    """Anybody tries anything on six sheets; what is granted keeps every identity, what is not changes nothing."""

    SHEETS = tuple(map(str, Block("CR", 1, 6)))
    STATIONS = ("north", "north", "north", "south", "south", "south")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.lives: dict[str, SheetState] = {}
        for serial, station in zip(self.SHEETS, self.STATIONS, strict=True):
            self.lives[serial] = SheetState()
            self.ask(PrintSheet(by="Asha", serial=serial, form_type="crime", form_version=1, passes=2))
            self.ask(IssueSheet(by="Asha", serial=serial, station=station))

    def ask(self, command: SheetCommand) -> None:
        before = self.lives[command.serial]
        try:
            state, facts = SHEET.apply(before, command, self.now)
        except Refused:
            return
        assert SHEET.fold(facts, before) == state
        self.lives[command.serial] = state

    sheet = st.sampled_from(SHEETS)

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(
        serial=sheet, station=st.sampled_from(["north", "south"]), values=answers, hours=st.integers(-1, 40)
    )
    def log_it(self, serial: str, station: str, values: dict[str, Value], hours: int) -> None:
        line = used(serial, station=station, values=values, written_at=self.now - timedelta(hours=hours))
        self.ask(LogUsed(by="Asha", serial=serial, used=line))

    @rule(serial=sheet, reason=st.sampled_from(["", "torn"]))
    def spoil_it(self, serial: str, reason: str) -> None:
        self.ask(SpoilSheet(by="Bo", serial=serial, reason=reason))

    @rule(serial=sheet)
    def hand_it_back(self, serial: str) -> None:
        self.ask(HandBackUnused(by="Bo", serial=serial))

    @rule(serial=sheet, decider=st.sampled_from(["", "Chen"]))
    def lose_it(self, serial: str, decider: str) -> None:
        self.ask(DeclareMissing(by="Bo", serial=serial, decided_by=decider, reason="not in the van"))

    @rule(serial=sheet)
    def return_it(self, serial: str) -> None:
        self.ask(ReturnSheet(by="Bo", serial=serial))

    @rule(serial=sheet, values=answers, pass_no=st.integers(1, 3), keyer=people)
    def key_it(self, serial: str, values: dict[str, Value], pass_no: int, keyer: str) -> None:
        self.ask(
            EnterPass(by=keyer, serial=serial, entry=entry(serial, values, pass_no=pass_no, keyer=keyer))
        )

    @rule(serial=sheet, values=answers, by=people)
    def adjudicate_it(self, serial: str, values: dict[str, Value], by: str) -> None:
        self.ask(AdjudicateSheet(by=by, serial=serial, values=values))

    @rule(serial=sheet, disposition=st.sampled_from(Disposition), reason=st.sampled_from(["", "not ours"]))
    def dispose_it(self, serial: str, disposition: Disposition, reason: str) -> None:
        self.ask(
            DisposeSheet(
                by="Bo", serial=serial, disposition=disposition, reference=f"N-{serial}", reason=reason
            )
        )

    @rule(serial=sheet, owner=st.sampled_from(["", "PC Okoro"]), answer=st.sampled_from(["", "the first"]))
    def keep_it_back(self, serial: str, owner: str, answer: str) -> None:
        held = self.lives[serial].held
        self.ask(
            FreeSheet(by="Bo", serial=serial, answer=answer)
            if held
            else HoldSheet(by="Bo", serial=serial, owner=owner, reason="which address?")
        )

    @rule(serial=sheet, signed_by=st.sampled_from(["", "Bo", "PS Hill"]))
    def hand_it_over_live(self, serial: str, signed_by: str) -> None:
        self.ask(GoOnLive(by="Bo", serial=serial, reason="still detained"))
        self.ask(SignOver(by="Bo", serial=serial, signed_by=signed_by, reference=f"N-{serial}"))

    @rule(serial=sheet, values=answers)
    def move_it_on(self, serial: str, values: dict[str, Value]) -> None:
        """The next step of an ordinary life, so that many lives come to their end."""
        line = used(serial, station=self.lives[serial].station, written_at=self.now, occurred_at=self.now)
        steps: dict[Stage, SheetCommand] = {
            Stage.ISSUED: LogUsed(by="Asha", serial=serial, used=line),
            Stage.USED: ReturnSheet(by="Bo", serial=serial),
            Stage.RETURNED: EnterPass(by="Bo", serial=serial, entry=entry(serial, values)),
            Stage.KEYED_ONCE: EnterPass(
                by="Dev", serial=serial, entry=entry(serial, values, pass_no=2, keyer="Dev")
            ),
            Stage.DISCREPANT: AdjudicateSheet(
                by="Chen", serial=serial, values={d.field: d.first for d in self.lives[serial].discrepancies}
            ),
            Stage.VERIFIED: DisposeSheet(
                by="Bo", serial=serial, disposition=Disposition.CONVERTED, reference=f"N-{serial}"
            ),
        }
        if step := steps.get(self.lives[serial].stage):
            self.ask(step)

    @invariant()
    def every_identity_holds(self) -> None:
        target: dict[str | None, list[str]] = {None: []}
        for serial, state in self.lives.items():
            if state.disposition is Disposition.CONVERTED:
                target[serial] = [state.reference]
            elif state.disposition is not None:
                target[None].append(state.reference)
        books = Register(
            printed=[Printed("crime", Block("CR", 1, 6))],
            issued=[Issued("crime", Block("CR", 1, 3), "north"), Issued("crime", Block("CR", 4, 3), "south")],
            sheets=self.lives,
            target=target,
            prefixes={"crime": "CR"},
        )
        assert [i for i in check(books) if not i.holds] == []


TestAnyLife = AnyLife.TestCase


def test_a_sheet_used_twice_or_voided_once_used_is_refused_in_words_that_say_what_to_do() -> None:
    twice = reasons(life(log()), log(writer="PC Nowak"))
    assert twice == ("it was logged as used before, by PC Okoro, written 24 Oct 2026 09:00+0000",)
    assert (
        reasons(life(log()), TORN)
        == reasons(life(log()), BLANK)
        == ("it was logged as used; return it instead",)
    )
