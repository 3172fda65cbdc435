"""The six questions from live numbers: a yes only when all of it is there, and every number opens its records."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from pypdfium2 import raw

from contingency.answers.volume import volume
from contingency.assurance import Assurance, Standing
from contingency.report import render_html
from contingency.report_charts import pictures
from contingency.report_pdf import as_pdf, pdf_page
from contingency.sources import keyers_of
from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from cutover.domain.gates import Verdict
from monitors.domain.check import Status
from monitors.domain.suspicion import SUSPICION, Origin, ReportBreak, SettleSuspicion, suspicion_stream
from paper_capture.domain.books import Identity
from paper_capture.domain.moves import Grade
from tests.conftest import START, MakeDesk
from tests.contingency.assured import LOST, RECORDS, Assured


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


def standings(report: Assurance) -> list[Standing]:
    return [answer.standing for answer in report.answers]


def value(report: Assurance, number: int, label: str) -> object:
    return next(f.value for f in report.answers[number - 1].figures if f.label == label)


def test_a_whole_story_that_went_well_is_six_times_yes(assured: Assured) -> None:
    """Only when nothing is open, unverified, unanswered or unknown."""
    assured.all_is_well()
    report = assured.reports.assess()
    assert [(a.number, a.concerns) for a in report.answers if a.concerns] == []
    assert standings(report) == [Standing.YES] * 6
    assert report.holds


def test_an_empty_journal_is_no_data_and_never_fine(assured: Assured) -> None:
    """Nothing recorded is nothing known: six times "no data", and the caveats say what is missing."""
    report = assured.reports.assess()
    assert standings(report) == [Standing.NO_DATA] * 6
    assert all(answer.verdict.startswith("No data") for answer in report.answers)
    assert not report.holds
    assert "24 of 24 stations have said nothing: no data on how they are." in report.caveats


def test_in_the_thick_of_it_every_answer_is_no_with_its_reasons(assured: Assured) -> None:
    """Each open thing is said where it belongs, in numbers."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    assert standings(report) == [Standing.NO] * 6
    said = " | ".join(concern for answer in report.answers for concern in answer.concerns)
    for part in (
        "1 monitor says nothing we could count on: custody-health",
        "items are past a time limit and still wait",
        f"{LOST} migrated records are still missing or different",
        "1 register item has no forecast",
        "1 notice is not acknowledged, the oldest for",
        "1 count differs from ours",
        "2 reports from stations have no answer",
        "1 action is claimed done and nobody else has looked",
        "1 play is under way",
        "1 gate is not open",
        "1 contract does not reconcile",
    ):
        assert part in said


def test_the_oldest_item_heads_the_report(assured: Assured) -> None:
    """Whatever kind it is: paper, register or case file."""
    assured.case_files(acknowledged=False)
    assured.waits("DA-0686", hours=100 * 24)
    first = assured.reports.assess().answers[0].figures[0]
    assert (first.label, first.value, first.records[0].id) == ("Oldest item waiting", "100d", "DA-0686")


def test_the_loaders_claim_stands_beside_what_the_source_register_showed(assured: Assured) -> None:
    """It read everything and failed on nothing; the comparison names each of the six it never selected."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    claims = {f.label: f for f in report.answers[5].figures}
    assert (
        claims["Loads by their loader's own report (claimed)"].records[0].title
        == f"{RECORDS} read, 0 failures"
    )
    assert (
        claims["Comparisons from the source register (verified)"]
        .records[0]
        .title.startswith(f"FAIL: {LOST} missing")
    )
    lost = next(f for f in report.answers[0].figures if f.label == "Migrated records missing or not matching")
    assert [record.id for record in lost.records] == [f"C{n:05}" for n in range(LOST)]


def test_findings_that_cannot_be_read_are_a_gap(assured: Assured) -> None:
    """A list that was altered is not replaced by its count."""
    assured.refused(assured.loaded())
    (file,) = (assured.folder / "state" / "reconciliation" / "crimes" / "findings").glob("*.parquet")
    file.unlink()
    answer = assured.reports.assess().answers[0]
    assert any("what is missing cannot be listed" in gap for gap in answer.gaps)


def test_a_no_go_and_the_go_after_it_are_both_told(assured: Assured) -> None:
    """The history of a gate is all its rounds, with their reasons."""
    run = assured.loaded()
    assured.refused(run)
    assured.repaired(run)
    report = assured.reports.assess()
    rounds = next(f for f in report.answers[5].figures if f.label == "Gate rounds asked").records
    assert [r.title for r in rounds] == [
        "Records: go or no-go: no go — six crimes are missing",
        "Records: go or no-go: go",
    ]
    assert value(report, 6, "Gates not open in their newest round") == 0


def test_paper_is_counted_by_form_stage_and_risk(assured: Assured) -> None:
    """The volume is known by type: three ways to cut the same pile, each adding up to it."""
    assured.world.custody_is(Status.OK)
    written = assured.world.verified(4) + assured.world.used(
        assured.paper.issue(station="central", form_type="domestic_abuse", count=3, by="bo"), grade=Grade.HIGH
    )
    report = assured.reports.assess()
    assert value(report, 1, "Paper forms not in the target yet") == len(written) == 7
    for cut in ("Paper by form", "Paper by stage", "Paper by risk"):
        assert sum(int(f.value or 0) for f in report.answers[0].figures if f.label.startswith(cut)) == 7
    assert value(report, 2, "High-risk items waiting") == 3


def test_without_keyers_there_is_no_forecast_and_it_says_so(assured: Assured) -> None:
    """A pile with nobody to key it is not a plan."""
    assured.world.used(assured.paper.issue(station="central", form_type="crime", count=3, by="bo"))
    bare = assured.programme.model_copy(update={"people": ()})
    assured.programme = bare
    answer = assured.reports.assess().answers[2]
    assert keyers_of(bare) == 0
    assert "no team of keyers is named in the programme, so there is no forecast" in answer.concerns
    assert "nobody is named to key them" in answer.finding


def test_a_low_pulse_at_one_station_is_not_hidden_by_the_others(assured: Assured) -> None:
    """The worst station decides, never the mean."""
    for station, pulse in (("central", 5), ("bury", 5), ("bolton", 1)):
        assured.feedback.answer(assured.feedback.report(station, "how it is", pulse), "thank you", by="gwen")
    answer = assured.reports.assess().answers[4]
    assert answer.concerns == ("the pulse at bolton is 1.0 of 5",)


@pytest.mark.requirement("R20")
def test_every_figure_with_a_count_has_as_many_records(assured: Assured) -> None:
    """A number without its records would have to be believed."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    head = assured.desk.journal.head().position
    for figure in (f for answer in report.answers for f in answer.figures):
        if (
            isinstance(figure.value, int)
            and figure.value
            and not figure.label.startswith(("Records of", "Most records"))
        ):
            assert len(figure.records) == figure.value, figure.label
        assert all(0 < record.position <= head for record in figure.records), figure.label


@pytest.mark.requirement("R20")
def test_every_record_is_where_it_says(assured: Assured) -> None:
    """The position of each record is a fact of its own stream."""
    assured.in_the_thick_of_it()
    streams = {fact.position: fact.stream for fact in assured.desk.journal.all()}
    records = [r for a in assured.reports.assess().answers for f in a.figures for r in f.records]
    assert {r.stream for r in records} == {streams[r.position] for r in records}
    assert all(streams[r.position] == r.stream for r in records)


def test_the_html_is_one_file_whose_every_number_leads_to_its_records(assured: Assured) -> None:
    """Caveats before answers, no asset from anywhere, no anchor that leads nowhere or twice."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    html = render_html(report)
    ids = re.findall(r'id="([^"]+)"', html)
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links <= set(ids)
    assert len(ids) == len(set(ids))
    assert {link for link in links if link.startswith("records-")} == {
        a.anchor(f) for a in report.answers for f in a.figures if f.records
    }
    assert html.index("Read this first") < html.index("Six questions")
    assert str(assured.desk.journal.head()) in html
    assert not re.search(r'(src|href)="(?!#)', html)


def test_served_somewhere_each_position_links_to_the_journal_page(assured: Assured) -> None:
    """With an address the positions are links; in a mailed file they are numbers."""
    assured.partners_told()
    html = render_html(assured.reports.assess(), served_at="http://board:8080")
    assert 'href="http://board:8080/journal?stream=notice%3Awindow%3Aprosecutor#p' in html


def test_what_people_write_is_text_and_never_markup(assured: Assured) -> None:
    """A station's report cannot put a script into the report."""
    assured.feedback.report("central", "<script>alert(1)</script>", 3)
    html = render_html(assured.reports.assess())
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_files_appear_whole_or_not_at_all(assured: Assured, tmp_path: Path) -> None:
    """Where no file can be is bad input, and nothing is left behind; so is a PDF by another name, before any is written."""
    report, page = assured.reports.assess(), tmp_path / "report.html"
    assert assured.reports.write(report, html=page)[0] == {page: page.stat().st_size}
    with pytest.raises(Invalid, match="cannot be written"):
        assured.reports.write(report, html=page / "report.html")
    with pytest.raises(Invalid, match=r"is no \.pdf file"):
        assured.reports.write(report, html=tmp_path / "other.html", pdf=tmp_path / "report.doc")
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".html" or p.name.startswith(".")] == [
        "report.html"
    ]


@pytest.mark.requirement("R20")
def test_the_pdf_is_an_archive_file_whose_numbers_lead_to_their_records(assured: Assured) -> None:
    """PDF/A, the same bytes for the same report, as many links as the page has, and none into the journal but those asked for."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    pdf, notes = as_pdf(report, served_at="http://board:8080")
    assert (pdf, notes) == as_pdf(report, served_at="http://board:8080")
    assert b"pdfaid:part" in pdf
    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    assert text.index("Read this first") < text.index("1 contract does not reconcile")
    inside, outside = _links(document)
    assert inside >= sum(bool(f.records) for a in report.answers for f in a.figures)
    assert outside == sum(
        len(f.records) for a in report.answers for f in a.figures if f.records and not f.long
    )


def _links(document: pypdfium2.PdfDocument) -> tuple[int, int]:
    """How many links lead to a place inside, and how many to an address."""
    inside = outside = 0
    for page in document:
        at, link = ctypes.c_int(0), raw.FPDF_LINK()
        while raw.FPDFLink_Enumerate(page, at, link):
            inside += bool(raw.FPDFLink_GetDest(document, link))
            action = raw.FPDFLink_GetAction(link)
            outside += bool(action) and raw.FPDFAction_GetType(action) == raw.PDFACTION_URI
    return inside, outside


def test_the_page_and_the_pdf_hold_the_same_pictures(assured: Assured) -> None:
    """Drawn once on the server: what waits by risk, when it clears, how stations are."""
    assured.in_the_thick_of_it()
    report = assured.reports.assess()
    drawn = pictures(report)
    assert sorted(drawn) == [1, 3, 5]
    html, page = render_html(report), pdf_page(report)
    for number, picture in drawn.items():
        inner = str(picture.svg).partition(">")[2]
        assert inner in html
        assert inner.strip() in page["answers"][number - 1]["picture"]["svg"]


def test_the_report_says_when_the_journal_moved_while_it_was_read(
    assured: Assured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint is the head before anything was read; what came meanwhile is a caveat."""
    look = type(assured.sources).look

    def busy(sources: object, now: object) -> object:
        assured.counted()
        return look(sources, now)  # type: ignore[arg-type]

    monkeypatch.setattr(type(assured.sources), "look", busy)
    report = assured.reports.assess()
    assert report.checkpoint.startswith("0:")
    assert report.caveats[0].startswith("The journal grew by 1 facts while it was read")


def test_a_rehearsal_is_never_passed_off_as_the_real_thing(assured: Assured) -> None:
    """The first caveat of a rehearsal's report says so."""
    assured.loaded()
    assert assured.reports.assess(START).caveats[0].startswith("The journal holds a rehearsal")


def test_a_waived_gate_and_a_conditional_yes_stand_among_the_caveats(assured: Assured) -> None:
    """Neither is buried in its gate."""
    run = assured.loaded()
    assured.comparisons.run("crimes", by="halina")
    assured.runs.open_gate(run, "GATE")
    assured.runs.vote(run, "GATE", by="chen", vote=Verdict.GO, caveat="if the six are found by noon")
    assured.runs.waive(run, "GATE", by="chen", reason="the public needs the desk open")
    assured.runs.waive(
        run, "GATE", by=assured.runs.gate(run, "GATE").initiator, reason="the public needs the desk open"
    )
    said = " ".join(assured.reports.assess().caveats)
    assert "Records: go or no-go was waived: the public needs the desk open." in said
    assert "chen said go on a condition, which is not a yes: if the six are found by noon." in said
    assert "Contract crimes was last compared 0m before this report: FAIL." in said


def test_a_sum_that_does_not_come_out_is_a_suspected_backlog(assured: Assured) -> None:
    """An identity of the paper register that is broken is named where the volume is answered."""
    assured.world.custody_is(Status.OK)
    serial = assured.world.verified(1)[0]
    assured.paper.dispose(serial, disposition="converted", reference="NR-1", by="tova")
    other = assured.world.verified(1)[0]
    assured.paper.dispose(other, disposition="converted", reference="NR-1", by="tova")
    answer = assured.reports.assess().answers[0]
    figure = next(f for f in answer.figures if f.label == "Identities of the paper register that do not hold")
    assert figure.concern.startswith("a suspected backlog: the paper register does not come out")
    assert {record.id for record in figure.records} == {serial, other}


def test_every_sheet_of_a_broken_identity_is_a_record_not_only_those_its_sentence_names(assured: Assured) -> None:  # fmt: skip
    serials = assured.world.verified(25)
    broken = Identity(
        "I1", "stock", holds=False, detail=f"{serials[0]}; and 24 more", breaches=tuple(serials)
    )
    seen = replace(assured.sources.look(assured.clock.now()), identities=(broken,))
    figure = next(f for f in volume(seen).figures if f.label.startswith("Identities of the paper register"))
    assert {record.id for record in figure.records} == set(serials)


@pytest.mark.requirement("R9")
def test_items_that_a_broken_balance_leaves_in_no_list_speak_against_awareness_until_they_are_explained(
    assured: Assured,
) -> None:
    """686 assessed nowhere and queued nowhere: the volume is not known, whatever every queue says."""
    assured.all_is_well()
    stream = suspicion_stream("triage")
    broken = ReportBreak(
        by="watch", missing=686, created=35_107, done=34_400, open=21, named=("DA-17", "DA-31")
    )
    assured.desk.ask(SUSPICION, stream, broken)
    answer = assured.reports.assess().answers[0]
    figure = next(f for f in answer.figures if "broken balance" in f.label)
    assert (answer.standing, figure.value) == (Standing.NO, 686)
    assert figure.concern.startswith("a suspected backlog: 686 items neither done nor in a queue")
    assert figure.records[0].stream == stream
    assert "DA-17, DA-31" in figure.records[0].title
    assured.desk.ask(
        SUSPICION, stream, SettleSuspicion(by="halina", origin=Origin.FOUND, note="an old inbox")
    )
    after = assured.reports.assess()
    assert after.answers[0].standing is Standing.YES
    assert value(after, 1, "Suspected backlogs that somebody explained by name") == 1
