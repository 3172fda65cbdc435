"""Editing a running plan by forms: the preview records nothing, a proposal and an approval stand on what was seen."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from starlette.applications import Starlette

from cutover.core.event import Recorded
from cutover.web.kit import names_used, templates
from runbooks.domain import edits
from runbooks.edits_web import EditPages, EditsPage
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import PROGRAMME, World

PAGE = "/board/edits"


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    return world.guarded()


def hidden(answer: httpx.Response, act: str) -> dict[str, str]:
    form = answer.text.partition(f'action="{PAGE}/{act}')[2].partition("</form>")[0]
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def preview(browser: Signed, **fields: str) -> httpx.Response:
    return browser.get(PAGE, preview="1", **fields)


def propose(browser: Signed, reason: str = "the tape is slow", **fields: str) -> httpx.Response:
    return browser.send(
        f"{PAGE}/propose", {**hidden(preview(browser, **fields), "propose"), "reason": reason}
    )


def end(browser: Signed, act: str, **fields: str) -> httpx.Response:
    return browser.send(f"{PAGE}/{act}", {**hidden(browser.get(PAGE), act), **fields})


def facts(world: World) -> list[Recorded]:
    return list(world.desk.journal.read(f"run:{world.run_id}"))


def test_a_preview_shows_what_the_edit_does_to_the_end_and_records_nothing(
    world: World, app: Starlette
) -> None:
    before = len(facts(world))
    page = preview(world.enter(app, "bo"), task="L4", duration="30h").text
    assert "~ L4 duration: 14h -&gt; 1d 6h" in page
    assert "The end (P80) moves" in page
    assert "later" in page
    assert len(facts(world)) == before


def test_an_edit_is_proposed_with_its_impact_and_approved(world: World, app: Starlette) -> None:
    bo, asha = world.enter(app, "bo"), world.enter(app, "asha")
    assert "Your edit is proposed" in propose(bo, task="L4", duration="30h", after="L1").text
    waiting = bo.get(PAGE).text
    assert "Edit 1: the tape is slow" in waiting
    assert "A programme manager approves or rejects it." in waiting
    assert "Edit 1 is taken over" in end(asha, "approve").text
    state = world.runs.state(world.run_id)
    assert (state.plan["L4"].expected.total_seconds() / 3600, state.edits.version) == (30, 2)
    assert "moves" in state.edits.by_number[1].proposal.impact


def test_a_field_that_was_shown_and_not_touched_is_no_change(world: World, app: Starlette) -> None:
    page = world.enter(app, "bo").get(PAGE, task="S1").text
    shown = dict(re.findall(r'id="field-\w+" name="(\w+)" type="text" value="([^"]*)"', page))
    assert (shown["duration"], shown["after"], shown["team"]) == ("2h", "L3", "data")
    answer = preview(world.enter(app, "bo"), task="S1", **{**shown, "owner": "bo"}).text
    assert re.findall(r"<li>~ (.*?)</li>", answer) == ["S1 owner: nothing -&gt; bo"]


def test_a_task_is_added_another_falls_away_and_links_change_in_one_edit(
    world: World, app: Starlette
) -> None:
    more = "O1.after=P1, T9\nP1.not_before=2026-10-25T22:00"
    fields = {"new_id": "T9", "new_title": "Call the desk", "new_after": "P1", "new_duration": "20m",
              "new_behind": "P1", "remove": "S1", "more": f"{more}\nG1.after=L3"}  # fmt: skip
    propose(world.enter(app, "bo"), **fields)
    end(world.enter(app, "asha"), "approve")
    state = world.runs.state(world.run_id)
    assert "S1" not in state.plan
    names = list(state.plan)
    assert names[names.index("P1") + 1] == "T9"
    assert [link.task for link in state.plan["O1"].after] == ["P1", "T9"]
    fixed = state.plan["P1"].not_before
    assert fixed is not None
    assert fixed.isoformat() == "2026-10-25T22:00:00+00:00", "the wall clock of the programme: GMT by then"


def test_what_cannot_be_taken_over_says_every_reason_and_offers_no_proposal(
    world: World, app: Starlette
) -> None:
    page = preview(world.enter(app, "bo"), task="F1", duration="2h", more="F2.after=O2").text
    assert "F1 is over: what was done is not edited" in page
    assert f'action="{PAGE}/propose' not in page
    assert "It cannot be taken over" in preview(world.enter(app, "bo"), more="F2.after=O2").text
    assert "no such field of a task" in preview(world.enter(app, "bo"), more="F2.durtion=1h").text


def test_a_proposal_on_a_plan_that_was_edited_meanwhile_is_refused_with_what_to_do(
    world: World, app: Starlette
) -> None:
    bo, asha = world.enter(app, "bo"), world.enter(app, "asha")
    stale = hidden(preview(bo, task="L4", duration="30h"), "propose")
    propose(asha, task="L5", duration="3h")
    end(asha, "approve")
    answer = bo.send(f"{PAGE}/propose?task=L4", {**stale, "reason": "slow"})
    assert answer.status_code == 409
    assert "the plan is of version 2 by now, and you saw version 1" in answer.text
    assert 'value="30h"' in answer.text, "what was typed is kept"


def test_an_approval_of_what_was_not_seen_is_refused(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    propose(asha, task="L4", duration="30h")
    stale = hidden(asha.get(PAGE), "approve")
    propose(asha, task="L5", duration="3h")
    fields = {**hidden(asha.get(PAGE), "approve"), "number": "2"}
    asha.send(f"{PAGE}/approve", fields)
    answer = asha.send(f"{PAGE}/approve", stale)
    assert answer.status_code == 409
    assert "another edit was taken over" in answer.text


def test_a_form_sent_twice_is_one_edit(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    fields = {**hidden(preview(bo, task="L4", duration="30h"), "propose"), "reason": "slow"}
    answers = [bo.send(f"{PAGE}/propose", fields) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert len([f for f in facts(world) if isinstance(f.event, edits.EditProposed)]) == 1


def test_an_edit_is_rejected_with_a_reason_and_withdrawn_by_its_own_proposer(
    world: World, app: Starlette
) -> None:
    bo, asha = world.enter(app, "bo"), world.enter(app, "asha")
    propose(bo, task="L4", duration="30h")
    assert end(asha, "reject").status_code == 400
    assert "Edit 1 is rejected." in end(asha, "reject", reason="not now").text
    propose(bo, task="L4", duration="29h")
    assert "Edit 2 is withdrawn." in end(bo, "withdraw").text
    page = bo.get(PAGE).text
    assert "ended by Asha Rahman" in page
    assert ": not now" in page


@pytest.mark.parametrize(
    ("person", "act", "words"),
    [
        ("bo", "approve", "to approve an edit takes the role programme manager; Bo Lindqvist has hypercare"),
        ("dev", "propose", "is an auditor, who reads and changes nothing"),
    ],
)
def test_a_wrong_role_is_refused(world: World, app: Starlette, person: str, act: str, words: str) -> None:
    browser = world.enter(app, person)
    browser.get(PAGE)
    answer = browser.post(f"{PAGE}/{act}", run=world.run_id, number="1", version="1", reason="x")
    assert answer.status_code == 409
    assert words in answer.text


def test_a_form_of_another_session_is_refused(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    fields = {**hidden(preview(bo, task="L4", duration="30h"), "propose"), "reason": "x", "token": "0" * 64}
    assert "not of your present session" in bo.send(f"{PAGE}/propose", fields).text
    assert world.runs.state(world.run_id).edits.by_number == {}


def test_the_template_reads_what_its_context_holds(world: World) -> None:
    (page,) = EditPages(world.runs, PROGRAMME, world.clock).pages()
    assert names_used(templates([page]), page) == frozenset(EditsPage.__dataclass_fields__)
