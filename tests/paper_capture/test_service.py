"""The paper service: one transaction a call, the same call twice is one, and the books agree with the journal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Invalid, NotFound, Refused
from paper_capture.domain.moves import Grade
from paper_capture.domain.serial import Serial
from paper_capture.domain.sheet import Stage
from paper_capture.keeping import PaperKeeping
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.world import ABUSE, CRIME, NOON, SCENARIO, entry, used, verified


def position(paper: PaperService) -> int:
    return paper.desk.journal.head().position


def issue(
    paper: PaperService,
    count: int,
    *,
    station: str = "north",
    form_type: str = "crime",
    key: str | None = None,
) -> list[str]:
    return paper.issue(station=station, form_type=form_type, count=count, by="Asha", key=key)


def test_issue_takes_from_stock_first_and_prints_what_is_lacking(paper: PaperService) -> None:
    stock = paper.print_block(form_type="crime", count=3, by="Asha")
    assert issue(paper, 2) == stock[:2]
    assert issue(paper, 3, station="south") == [stock[2], str(Serial("CR", 4)), str(Serial("CR", 5))]
    assert [row.station for row in paper.sheets(form_type="crime")] == [
        "north",
        "north",
        "south",
        "south",
        "south",
    ]


def test_the_same_key_twice_answers_the_same_serials_and_records_nothing(paper: PaperService) -> None:
    first = issue(paper, 3, key="north-night")
    before = position(paper)
    assert issue(paper, 3, key="north-night") == first
    assert position(paper) == before
    printed = paper.print_block(form_type="crime", count=2, by="Asha", key="print-1")
    assert paper.print_block(form_type="crime", count=2, by="Asha", key="print-1") == printed


@pytest.mark.parametrize("other", [{"station": "south"}, {"form_type": "custody"}])
def test_a_key_used_for_something_else_is_a_conflict(paper: PaperService, other: dict[str, str]) -> None:
    issue(paper, 3, key="north-night")
    with pytest.raises(Conflict, match="was used before for something else"):
        issue(paper, 3, key="north-night", **other)  # type: ignore[arg-type]


def test_two_desks_never_hand_out_the_same_number(make_desk: MakeDesk, paper: PaperService) -> None:
    other = PaperService(make_desk(EVENTS, [PaperProjection()]), paper.forms)
    handed = issue(paper, 2) + issue(other, 2, station="south") + issue(paper, 2)
    assert len(set(handed)) == 6


def test_many_who_ask_at_once_each_get_numbers_of_their_own(make_desk: MakeDesk, paper: PaperService) -> None:
    desks = [PaperService(make_desk(EVENTS, [PaperProjection()]), paper.forms) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(issue, desk, 3, station=f"s{n}", key=f"k{n}") for n in range(6) for desk in desks
        ]
        answers = [tuple(future.result(60)) for future in asked]
    assert len({serial for answer in answers for serial in answer}) == 18
    assert [len(set(answers[n * 4 : n * 4 + 4])) for n in range(6)] == [1] * 6
    assert paper.account().holds


def test_what_is_refused_for_good_is_refused_at_once(paper: PaperService) -> None:
    with pytest.raises(Refused, match="nobody is named"):
        paper.issue(station="north", form_type="crime", count=1, by=" ")
    assert position(paper) == 0
    with pytest.raises(NotFound, match="did you mean 'crime'"):
        issue(paper, 1, form_type="crimes")


@pytest.mark.parametrize("slip", ["", "../../x", "/tmp", "north/quay", "a\nb", "north\n", "<b>"])
def test_where_no_station_is_declared_only_a_name_that_files_can_bear_is_one(
    paper: PaperService, slip: str
) -> None:
    with pytest.raises(Invalid, match="names no station"):
        issue(paper, 1, station=slip)
    (blank,) = issue(paper, 1)
    with pytest.raises(Invalid, match="names no station"):
        PaperKeeping(paper).transfer([blank], station=slip, reason="ran out", by="sam")
    assert paper.account().outstanding == {"north": (blank,)}


def test_every_bulk_call_repeated_after_a_crash_changes_nothing(paper: PaperService) -> None:
    serials = issue(paper, 3)
    lines = [used(s, values=CRIME) for s in serials]
    passes = [entry(s, CRIME) for s in serials]
    for call in (
        lambda: paper.log_used(lines, by="Asha"),
        lambda: paper.return_sheets(serials, by="Bo"),
        lambda: paper.enter(passes),
        lambda: paper.dispose(serials[0], disposition="converted", reference="N1", by="Bo"),
    ):
        recorded = call()
        before = position(paper)
        assert call() == recorded
        assert position(paper) == before


def test_a_sheet_used_twice_with_other_content_is_refused(paper: PaperService) -> None:
    serial = issue(paper, 1)[0]
    paper.log_used([used(serial)], by="Asha")
    with pytest.raises(Refused, match=f"{serial}: it was logged as used before, by PC Okoro"):
        paper.log_used([used(serial, writer="PC Other")], by="Asha")


def test_a_bulk_call_moves_all_of_its_sheets_or_none(paper: PaperService) -> None:
    serials = issue(paper, 3)
    with pytest.raises(Refused, match="issued to north, not to south"):
        paper.log_used([used(serials[0]), used(serials[1]), used(serials[2], station="south")], by="Asha")
    assert {row.stage for row in paper.sheets()} == {Stage.ISSUED}


def test_every_bad_line_of_a_bulk_call_is_named_at_once(paper: PaperService) -> None:
    serial = issue(paper, 1)[0]
    wrong = serial[:-1] + str((int(serial[-1]) + 1) % 10)
    with pytest.raises(Invalid) as error:
        paper.log_used([used(wrong), used(serial, values={"place": "x", "plaice": "y"})], by="Asha")
    assert [p.field for p in error.value.problems] == ["serial", "plaice"]


def test_a_number_never_printed_is_refused(paper: PaperService) -> None:
    with pytest.raises(Refused, match="that is unprinted cannot"):
        paper.log_used([used(str(Serial("CR", 77)))], by="Asha")
    with pytest.raises(NotFound):
        paper.sheet(str(Serial("CR", 77)))


def test_a_log_s_grade_is_never_lower_than_its_ticks_demand(paper: PaperService) -> None:
    grave, counted, judged = issue(paper, 3, form_type="domestic_abuse")
    ticked = {**ABUSE, "grave_danger": True, "judgement": "he has a key"}
    paper.log_used(
        [
            used(grave, values=ticked),
            used(counted, values={**ABUSE, "indicators": 14}),
            used(judged, values=ABUSE, grade=Grade.HIGH),
        ],
        by="Asha",
    )
    assert [row.grade for row in paper.sheets(["used"])] == [Grade.HIGH] * 3


def test_two_passes_that_differ_go_to_a_third_person_and_then_hold(paper: PaperService) -> None:
    serial = issue(paper, 1, form_type="domestic_abuse")[0]
    paper.log_used([used(serial)], by="Asha")
    paper.return_sheets([serial], by="Bo")
    paper.enter([entry(serial, ABUSE), entry(serial, {**ABUSE, "indicators": 16}, pass_no=2, keyer="Chen")])
    assert paper.sheet(serial).stage is Stage.DISCREPANT
    with pytest.raises(Refused, match="indicators: not decided"):
        paper.adjudicate(serial, by="Dev", values={})
    paper.adjudicate(serial, by="Dev", values={"indicators": "16"})
    row = paper.sheet(serial)
    assert (row.stage, row.values["indicators"], row.keyers, row.adjudicator) == (
        Stage.VERIFIED,
        16,
        ("Bo", "Chen"),
        "Dev",
    )


def test_an_incomplete_pass_is_refused_and_nothing_is_half_keyed(paper: PaperService) -> None:
    serials = issue(paper, 2)
    paper.log_used([used(s) for s in serials], by="Asha")
    paper.return_sheets(serials, by="Bo")
    with pytest.raises(Invalid, match=f"{serials[1]}: place: is empty"):
        paper.enter([entry(serials[0], CRIME), entry(serials[1], {**CRIME, "place": " "})])
    assert {row.stage for row in paper.sheets()} == {Stage.RETURNED}


def test_a_disposition_must_be_one_of_the_four(paper: PaperService) -> None:
    serial = verified(paper, 1)[0]
    with pytest.raises(Invalid, match="expected converted, merged, linked, rejected"):
        paper.dispose(serial, disposition="binned", reference="", by="Bo")


def test_the_account_closes_only_when_every_serial_is_explained(
    paper: PaperService, clock: FixedClock
) -> None:
    done = verified(paper, 3)
    blank, torn, lost, gone = issue(paper, 4, station="south")
    paper.log_used([used(gone, station="south")], by="Asha")
    assert paper.account().outstanding == {"south": (blank, torn, lost, gone)}
    paper.return_unused([blank], by="Bo")
    paper.spoil(torn, by="Bo", reason="ink over the page")
    paper.declare_missing(lost, by="Bo", decided_by="Chen", reason="not in the van")
    paper.declare_missing(gone, by="Bo", decided_by="Chen", reason="not in the van")
    clock.set(NOON.replace(hour=18))
    for number, serial in enumerate(done[:2]):
        paper.dispose(serial, disposition="converted", reference=f"N{number}", by="Bo")
    paper.dispose(done[2], disposition="merged", reference="E1", by="Bo", reason="same event on a laptop")
    found = paper.account({done[0]: ["N0"], done[1]: ["N1"], None: ["E1", "E2"]})
    assert [i for i in found.identities if not i.holds] == []
    assert (found.converted, found.merged, found.void, found.missing, found.used) == (2, 1, 2, 2, 4)
    assert found.is_closed
    lacking = paper.account({done[0]: ["N0"], None: ["E1"]})
    assert [i.id for i in lacking.identities if not i.holds] == ["I9"]
    assert f"{done[1]} (north): converted as N1, the target holds nothing for it" in next(
        i.detail for i in lacking.identities if i.id == "I9"
    )


def test_scenario_forms_are_the_five_of_the_case(paper: PaperService) -> None:
    assert sorted(form.prefix for form in paper.forms.values()) == ["CR", "CU", "DA", "IN", "MP"]
    assert all(8 <= len(form.fields) <= 14 for form in paper.forms.values())
    assert sorted(path.stem for path in SCENARIO.glob("*.yaml")) == sorted(paper.forms)
