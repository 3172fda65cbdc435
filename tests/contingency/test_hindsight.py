"""The post-implementation review: what went on around the run, from the journal, with what is open and what was late."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from contingency.domain.improvements import ActionStage
from contingency.domain.incidents import Cause
from contingency.domain.triggers import PLAY, play_stream
from contingency.hindsight.around import around
from contingency.incidents import IncidentService
from cutover.core.clock import FixedClock
from monitors.domain import flow_events as flows
from monitors.domain.baseline import DayKind, Normal
from monitors.domain.check import Status
from monitors.domain.outcome import OUTCOME
from runbooks.reviews.around import Around
from runbooks.reviews.cells import Sheet
from runbooks.reviews.files import as_html, as_pdf, pdf_page
from runbooks.reviews.workbook import as_xlsx
from tests.conftest import START, MakeDesk
from tests.contingency.assured import PLAY as CUSTODY
from tests.contingency.assured import Assured


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


def told(assured: Assured) -> Around:
    return around(assured.sources, assured.runs.review(assured.runs.run_ids()[-1]))


def sheet(told: Around, key: str) -> Sheet:
    return next(one for one in told.sheets if one.key == key)


def rows(told: Around, key: str) -> list[dict[str, Any]]:
    found = sheet(told, key)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


@pytest.mark.requirement("R20")
def test_a_play_is_told_with_who_decided_it_when_and_why(assured: Assured) -> None:
    assured.in_the_thick_of_it()
    (play,) = rows(told(assured), "plays")
    assert (play["Decision"], play["By"], play["Reason"]) == ("enacted", "Chen Wu", "no sign of recovery")
    assert (play["Waited"], play["Ended"]) == (timedelta(0), None)


def test_a_declined_play_keeps_its_reason(assured: Assured) -> None:
    assured.loaded()
    assured.world.custody_is(Status.CRITICAL)
    since = assured.clock.now()
    assured.world.after(15)
    assured.world.plays.watch()
    assured.world.after(5)
    assured.world.plays.decline(CUSTODY, by="chen", reason="it is coming back")
    (play,) = rows(told(assured), "plays")
    assert assured.desk.state(PLAY, play_stream("custody-down", since)).reason == play["Reason"]
    assert (play["Decision"], play["Waited"], play["From decision to end"]) == ("declined", timedelta(minutes=5), None)  # fmt: skip


def test_outages_are_told_by_component_and_mode_with_how_long(assured: Assured) -> None:
    assured.all_is_well()
    (outage,) = rows(told(assured), "outages")
    assert (outage["Component"], outage["Mode"], outage["Lasted"]) == ("custody", "paper", timedelta(hours=3))
    assert sheet(told(assured), "outages").says == ("custody paper 3h",)


def test_an_alarm_is_told_from_its_first_failure_to_its_recovery(assured: Assured) -> None:
    assured.all_is_well()
    (alarm,) = rows(told(assured), "alarms")
    assert (alarm["Of what"], alarm["Lasted"]) == ("custody-health", timedelta(hours=3, minutes=15))


def test_an_alarm_of_a_flow_is_told_with_who_took_it_and_the_cause_it_was_closed_with(assured: Assured) -> None:  # fmt: skip
    assured.loaded()
    today, silent = assured.clock.now().date(), flows.Chart.SILENCE
    normal = Normal(means=dict.fromkeys(DayKind, 10.0), alpha=0.0, begins=date(2026, 1, 1), ends=date(2026, 9, 27), days=270)  # fmt: skip
    spell = (
        flows.FreezeBaseline(by="gwen", normal=normal),
        flows.ArmFlow(by="gwen", first_day=today, threshold=5.0),
        flows.RaiseSilence(by="gwen", day=today, since=today, expected=9.0, limit=5.0, detail="nothing came"),
        flows.TakeAlarm(
            by="gwen", chart=silent, until=assured.clock.now() + timedelta(hours=2), note="asking"
        ),
        flows.CloseAlarm(by="petra", chart=silent, cause=flows.Cause.FIXED, note="the queue was stuck"),
    )
    for command in spell:
        assured.desk.ask(OUTCOME, flows.flow_stream("referrals"), command)
        assured.world.after(5)
    (alarm,) = [row for row in rows(told(assured), "alarms") if row["Of what"] == "referrals"]
    assert (alarm["In hand of"], alarm["Note"], alarm["Cause as closed"]) == ("Gwen Parry", "asking", "fixed")
    assert alarm["Lasted"] == timedelta(minutes=10)


@pytest.mark.requirement("R14")
def test_an_incident_is_told_with_its_symptom_and_the_cause_as_proved(assured: Assured) -> None:
    """R14: what was thought first stays beside what it was."""
    assured.loaded()
    incidents = IncidentService(assured.desk)
    one = incidents.report("search finds nobody", by="sam")
    incidents.claim(one, Cause.TRAINING, by="gwen")
    incidents.claim(one, Cause.TECHNOLOGY, by="gwen")
    incidents.verify(one, by="petra", evidence="index of near names was empty")
    two = incidents.report("screen is white", by="sam")
    found = told(assured)
    assert [row["Incident"] for row in rows(found, "symptoms")] == [two, one]
    closed = rows(found, "symptoms")[1]
    assert (closed["Symptom as told"], closed["Claimed cause"]) == ("search finds nobody", "training, then technology")  # fmt: skip
    assert (closed["Verified cause"], closed["Evidence"]) == ("technology", "index of near names was empty")
    assert [(c["Verified cause"], c["First thought to be another"]) for c in rows(found, "causes")] == [("technology", 1), ("not verified", None)]  # fmt: skip
    assert "1 incident has no verified cause." in found.caveats


@pytest.mark.requirement("R10")
def test_paper_is_told_by_form_and_its_sums_come_out(assured: Assured) -> None:
    assured.all_is_well()
    for row in rows(told(assured), "paper"):
        out = [row[name] or 0 for name in ("Written on", "Spoiled", "Handed back blank", "Missing", "Still out blank")]  # fmt: skip
        became = [row[name] or 0 for name in ("On its way", "Converted", "Merged", "Linked", "Rejected")]
        assert sum(out) == row["Handed out"]
        assert sum(became) == (row["Written on"] or 0)


@pytest.mark.requirement("R21")
def test_what_is_claimed_stands_beside_what_was_verified(assured: Assured) -> None:
    """R21: the loader's word beside the comparison, actions day by day, and a claim is still open."""
    assured.in_the_thick_of_it()
    found = told(assured)
    assert [(row["Claimed or verified"], row["Missing or extra"]) for row in rows(found, "loads")] == [("claimed by the loader", None), ("verified, run 1", 6)]  # fmt: skip
    assert rows(found, "claims")[-1]["Actions claimed"] == 1
    assert rows(found, "claims")[-1]["Actions verified"] == 0
    open_ = [row for row in rows(found, "open") if row["Kind"] == "action"]
    assert [row["State"] for row in open_] == ["claimed, not verified"]
    assert assured.actions.actions()[0].stage is ActionStage.CLAIMED
    assert dict(found.head)["Claimed, not verified"] == "1 action"


def test_an_item_that_was_opened_again_is_no_claim(assured: Assured) -> None:
    assured.loaded()
    assured.waits("DA-1")
    assured.world.backlog.claim("DA-1", by="jo", done="assessed")
    assert dict(told(assured).head)["Claimed, not verified"] == "1 register item"
    assured.world.backlog.reopen("DA-1", by="gwen", reason="another person's assessment")
    assert dict(told(assured).head)["Claimed, not verified"] == "nothing"


def test_what_was_late_is_told_by_its_clock_and_its_worst_record(assured: Assured) -> None:
    assured.in_the_thick_of_it()
    by = {row["Clock"]: row for row in rows(told(assured), "late")}
    crime = by["crime recorded"]
    assert (crime["Ran on"], crime["Late"], crime["Of them not met yet"]) == (3, 3, 3)
    assert crime["Which"].startswith("CR")
    assert crime["Longest past"] == assured.clock.now() - crime["Due"]


def test_nothing_late_is_a_row_without_a_worst(assured: Assured) -> None:
    assured.all_is_well()
    assert {row["Late"] for row in rows(told(assured), "late")} == {None}
    assert dict(told(assured).head)["Limits missed"] == "none"


def test_where_nothing_was_watched_the_review_says_so_first(assured: Assured) -> None:
    assured.loaded()
    assert told(assured).caveats == (
        "No alarm was recorded: either nothing broke, or nothing was watching.",
        "No incident was reported, so no alarm has a verified cause.",
    )


def test_page_pdf_and_workbook_hold_the_same_tables_and_pictures(assured: Assured) -> None:
    assured.in_the_thick_of_it()
    assured.feedback.report("central", "<script>", 1)
    seen, found = assured.runs.review(assured.runs.run_ids()[-1]), told(assured)
    html = as_html(seen, assured.programme, START, found).decode()
    page = pdf_page(seen, assured.programme, START, found)
    pdf, notes = as_pdf(seen, assured.programme, START, found)
    assert [one["title"] for one in page["sheets"][-len(found.sheets) :]] == [one.title for one in found.sheets]  # fmt: skip
    assert all(f"<h2>{one.title}</h2>" in html for one in found.sheets)
    assert [d.title for d in found.drawings] == ["Components and alarms", "Claimed and verified over time"]
    assert all(str(d.svg) in html for d in found.drawings)
    assert (pdf[:4], notes) == (b"%PDF", ())
    assert as_xlsx(seen, assured.programme, found)[:2] == b"PK"
    assert "<script" not in html
