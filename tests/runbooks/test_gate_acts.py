"""Deciding a gate on the board: once, on the round that was seen, and with the conditions of others read."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette

from cutover.domain.gates import RecordEvidence, Verdict
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import World

G1 = "/board/tasks/G1"


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    world.load()
    world.decide()  # Asha has said go on a condition
    return world.guarded()


def hidden(answer: httpx.Response, act: str) -> dict[str, str]:
    form = answer.text.partition(f'action="{G1}/{act}"')[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def vote(browser: Signed, **fields: str) -> httpx.Response:
    return browser.send(f"{G1}/vote", {**hidden(browser.get(G1), "vote"), **fields})


def give(browser: Signed, finding: str) -> httpx.Response:
    fields = {
        **hidden(browser.get(G1), "give-evidence"),
        "criterion": "cells",
        "finding": finding,
        "detail": "seen",
    }
    return browser.send(f"{G1}/give-evidence", fields)


def test_a_condition_of_somebody_else_is_read_before_a_go(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    give(chen, "met")
    answer = vote(chen, vote="go")
    assert answer.status_code == 409
    assert "is to be acknowledged first: only if the cell list is checked by 20:00" in answer.text
    answer = vote(chen, vote="go", read="c1")
    assert "The gate says go." in answer.text
    assert world.runs.gate(world.run_id, "G1").verdict is Verdict.GO


def test_a_go_with_an_unmet_criterion_is_refused_with_every_one_of_them(world: World, app: Starlette) -> None:
    answer = vote(world.enter(app, "chen"), vote="go", read="c1")
    assert answer.status_code == 409
    assert "Cell list checked by a sergeant: inconclusive" in answer.text


def test_a_no_needs_its_reason_and_closes_the_gate(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    answer = vote(chen, vote="no_go")
    assert answer.status_code == 400
    assert "a no needs its reason" in answer.text
    assert "The gate says no go." in vote(chen, vote="no_go", caveat="two cells disagree").text
    assert world.runs.gate(world.run_id, "G1").reason == "two cells disagree"


def test_a_vote_sent_twice_is_one_vote(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    fields = {**hidden(chen.get(G1), "vote"), "vote": "no_go", "caveat": "two cells disagree"}
    answers = [chen.send(f"{G1}/vote", fields) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]


def test_a_condition_is_met_in_somebodys_name_and_then_its_own_voter_says_yes(
    world: World, app: Starlette
) -> None:
    asha = world.enter(app, "asha")
    give(asha, "met")
    assert "said yes on a condition that still stands" in vote(asha, vote="go").text
    fields = {**hidden(asha.get(G1), "meet"), "how": "the sergeant counted"}
    assert "recorded as met, in your name" in asha.send(f"{G1}/meet", fields).text
    assert "ended by Asha Rahman: the sergeant counted" in asha.get(G1).text
    assert "The gate says go." in vote(asha, vote="go").text


def test_who_is_no_decider_is_offered_no_vote_and_refused_one(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    page = bo.get(G1)
    assert "NO GO</button>" not in page.text
    fields = {**hidden(page, "give-evidence"), "vote": "no_go", "caveat": "no"}
    assert "bo is not a decider of this gate" in bo.send(f"{G1}/vote", fields).text


def test_a_vote_on_a_round_that_is_over_does_not_land_in_the_next(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    fields = {
        **hidden(chen.get(G1), "vote"),
        "gate": f"gate:{world.run_id}:G1:7",
        "vote": "no_go",
        "caveat": "no",
    }
    answer = chen.send(f"{G1}/vote", fields)
    assert answer.status_code == 409
    assert "asked anew since you looked" in answer.text


def test_a_gate_is_waived_by_two_by_name_with_their_reasons(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    fields = {**hidden(chen.get(G1), "waive"), "reason": "the sergeant is on the way"}
    assert "A second person has to sign" in chen.send(f"{G1}/waive", fields).text
    assert "has signed already" in chen.send(f"{G1}/waive", fields).text
    assert world.runs.gate(world.run_id, "G1").verdict is Verdict.PENDING
    asha = world.enter(app, "asha")
    page = asha.get(G1)
    assert "the sergeant is on the way" in page.text
    asha.send(f"{G1}/waive", {**hidden(page, "waive"), "reason": "seen by me too"})
    assert world.runs.gate(world.run_id, "G1").verdict is Verdict.WAIVED


def test_evidence_of_a_person_carries_their_name(world: World, app: Starlette) -> None:
    assert "Your evidence is recorded" in give(world.enter(app, "bo"), "not_met").text
    found = world.runs.gate(world.run_id, "G1").evidence["cells"]
    assert (found.by, found.source, found.detail) == ("bo", "person:bo", "seen")


def test_a_late_vote_is_refused_with_what_was_decided(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    fields = {**hidden(chen.get(G1), "vote"), "vote": "go", "read": "c1"}
    command = RecordEvidence(by="bo", criterion="cells", finding="met", detail="checked", source="person")
    world.runs.give_evidence(world.run_id, "G1", command)
    world.runs.waive(world.run_id, "G1", by="chen", reason="told by telephone")
    world.runs.waive(world.run_id, "G1", by="asha", reason="told by telephone")
    answer = chen.send(f"{G1}/vote", fields)
    assert answer.status_code == 409
    assert "A gate that is waived cannot" in answer.text


def act(browser: Signed, name: str, **fields: str) -> httpx.Response:
    return browser.send(f"{G1}/{name}", {**hidden(browser.get(G1), name), **fields})


def test_a_condition_is_raised_and_withdrawn_by_its_own_voice(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    for _ in range(2):  # a double click is one condition
        assert "Your condition stands" in act(bo, "raise", text="count the keys").text
    conditions = world.runs.gate(world.run_id, "G1").conditions
    assert [c.text for c in conditions.values() if c.by == "bo"] == ["count the keys"]
    assert "Your condition is withdrawn." in act(bo, "drop", reason="counted").text
    fields = {**hidden(bo.get(G1), "raise"), "condition": "c1", "reason": "not mine"}
    assert "nobody else withdraws it" in bo.send(f"{G1}/drop", fields).text


def test_a_gate_is_withdrawn_by_the_manager_and_by_nobody_else(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    assert "Withdraw the question" not in bo.get(G1).text
    fields = {**hidden(bo.get(G1), "raise"), "reason": "too early"}
    assert "takes the role programme manager" in bo.send(f"{G1}/withdraw-gate", fields).text
    assert "G1 is withdrawn" in act(world.enter(app, "asha"), "withdraw-gate", reason="too early").text
    assert world.runs.gate(world.run_id, "G1").verdict is Verdict.WITHDRAWN
