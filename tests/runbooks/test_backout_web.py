"""Turning back by forms: looked at, armed, begun whole or by component, signed past the point of no return, confirmed."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette

from cutover.web.kit import names_used, templates
from runbooks.backout_web import BackoutPage, BackoutPages
from runbooks.domain import run_events as ev
from runbooks.domain.edits import ApproveEdit, ProposeEdit
from runbooks.domain.run_events import Completion, RunStage
from runbooks.domain.turning_back import SignBackout
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import PROGRAMME, World

PAGE = "/board/backout"


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    world.load()
    return world.guarded()


def send(browser: Signed, act: str, component: str = "", **fields: str) -> httpx.Response:
    """Look at the way back of a scope and send one of its forms."""
    page = browser.get(PAGE, component=component).text
    form = page.partition(f'action="{PAGE}/{act}?')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    return browser.send(f"{PAGE}/{act}?component={component}", {**hidden, **fields})


def pass_the_point_of_no_return(world: World) -> None:
    changes = {"P1": {"after": [], "owner": ""}}
    world.ask(ProposeEdit(by="bo", reason="early", changes=changes))
    world.ask(ApproveEdit(by="asha", number=1))
    world.done("P1", "asha", "writes go to the new systems")


def test_it_is_armed_for_everybody_to_see_and_disarmed(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    assert "The backout is armed" in send(asha, "arm", reason="custody is slow").text
    assert "A backout is armed by Asha Rahman" in world.enter(app, "bo").get("/board").text
    assert send(asha, "disarm").status_code == 400
    assert "the run goes on" in send(asha, "disarm", reason="it is back").text


def test_the_whole_run_is_turned_back_and_confirmed(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    assert "The way back has begun." in send(asha, "begin", reason="custody is down").text
    state = world.runs.state(world.run_id)
    assert state.stage is RunStage.BACKING_OUT
    assert state.tasks["O1"].completion is Completion.ABANDONED
    page = asha.get(PAGE).text
    assert "The whole run" in page
    assert "begun by Asha Rahman" in page
    assert "All is back: the run has ended." in send(asha, "confirm").text
    assert world.runs.state(world.run_id).stage is RunStage.BACKED_OUT


def test_one_component_goes_back_while_the_others_go_on(world: World, app: Starlette) -> None:
    chen = world.enter(app, "chen")
    page = chen.get(PAGE, component="records").text
    assert "Records: what would be done" in page
    assert "The way back has begun." in send(chen, "begin", "records", reason="604 are missing").text
    state = world.runs.state(world.run_id)
    assert (state.stage, state.backouts[0].components) == (RunStage.ACTIVE, ("records",))


def test_past_the_point_of_no_return_two_others_sign_each_in_their_own_name(
    world: World, app: Starlette
) -> None:
    pass_the_point_of_no_return(world)
    asha, chen = world.enter(app, "asha"), world.enter(app, "chen")
    page = asha.get(PAGE).text
    assert "Its point of no return is behind it" in page
    assert "needs the names of 2 others" in page
    assert f'action="{PAGE}/begin' not in page
    assert "You have signed." in send(chen, "sign", reason="custody is down").text
    assert "Chen Wu" in asha.get(PAGE).text
    world.ask(SignBackout(by="bo", reason="by telephone"))
    assert "The way back has begun." in send(asha, "begin", reason="custody is down").text
    begun = [
        f.event
        for f in world.desk.journal.read(f"run:{world.run_id}")
        if isinstance(f.event, ev.BackoutBegan)
    ]
    assert begun[0].signed_by == ("chen", "bo")


def test_a_signature_is_taken_back(world: World, app: Starlette) -> None:
    pass_the_point_of_no_return(world)
    chen = world.enter(app, "chen")
    send(chen, "sign", reason="down")
    assert "Your signature is taken back." in send(chen, "unsign").text
    assert world.runs.state(world.run_id).signatures == ()


def test_a_way_back_that_has_grown_since_it_was_seen_is_not_begun_unseen(
    world: World, app: Starlette
) -> None:
    asha = world.enter(app, "asha")
    page = asha.get(PAGE).text
    form = page.partition(f'action="{PAGE}/begin?')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = asha.send(f"{PAGE}/begin", {**hidden, "way": "0" * 16, "reason": "down"})
    assert answer.status_code == 409
    assert "what would be undone has changed since you looked" in answer.text
    assert world.runs.state(world.run_id).stage is RunStage.ACTIVE


def test_a_double_click_turns_back_once(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    page = asha.get(PAGE).text
    form = page.partition(f'action="{PAGE}/begin?')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    answers = [asha.send(f"{PAGE}/begin", {**hidden, "reason": "down"}) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert len(world.runs.state(world.run_id).backouts) == 1


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("bo", "to turn back takes the role decider or programme manager; Bo Lindqvist has hypercare"),
        ("dev", "is an auditor, who reads and changes nothing"),
    ],
)
def test_a_wrong_role_is_refused(world: World, app: Starlette, person: str, words: str) -> None:
    browser = world.enter(app, person)
    browser.get(PAGE)
    answer = browser.post(f"{PAGE}/begin", run=world.run_id, reason="x")
    assert answer.status_code == 409
    assert words in answer.text


def test_a_component_that_no_task_is_about_is_told_so(world: World, app: Starlette) -> None:
    answer = world.enter(app, "asha").get(PAGE, component="custdy")
    assert answer.status_code == 409
    assert "no task of this run is about custdy" in answer.text


def test_the_template_reads_what_its_context_holds(world: World) -> None:
    (page,) = BackoutPages(world.runs, PROGRAMME, world.clock).pages()
    assert names_used(templates([page]), page) == frozenset(BackoutPage.__dataclass_fields__)
