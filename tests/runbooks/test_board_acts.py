"""What people do on the board by forms: granted once, on what was seen, and every refusal says why."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette

from runbooks.domain import run_events as ev
from runbooks.domain.edits import ApproveEdit, ProposeEdit
from runbooks.domain.run_events import RunStage, TaskStage
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import World


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    return world.guarded()


def form_of(answer: httpx.Response, act: str) -> dict[str, str]:
    """The hidden fields of the form that leads to `act`."""
    form = next(part for part in answer.text.split("<form")[1:] if f'/{act}"' in part.partition("</form>")[0])
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]))


def send(browser: Signed, task: str, act: str, **fields: str) -> httpx.Response:
    """Read the task's page and send one of its forms."""
    hidden = form_of(browser.get(f"/board/tasks/{task}"), act)
    return browser.send(f"/board/tasks/{task}/{act}", {**hidden, **fields})


def stage(world: World, task: str) -> TaskStage:
    return world.runs.state(world.run_id).tasks[task].stage


def test_a_task_is_claimed_and_done_with_its_evidence(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    assert "F2 is yours." in send(browser, "F2", "claim").text
    answer = send(browser, "F2", "done", evidence="old systems are read-only")
    assert "F2 is done." in answer.text
    assert world.runs.state(world.run_id).tasks["F2"].note == "old systems are read-only"


def test_what_is_said_after_a_form_is_said_once(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    assert "F2 is yours." in send(browser, "F2", "claim").text
    assert "F2 is yours." not in browser.get("/board/tasks/F2").text


def test_the_board_offers_what_is_mine_with_one_click(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    page = browser.get("/board")
    assert "Yours, Asha Rahman" in page.text
    answer = browser.send("/board/tasks/F2/claim", form_of(page, "claim"))
    assert str(answer.url) == f"http://board/board?run={world.run_id}"
    assert stage(world, "F2") is TaskStage.IN_PROGRESS


def test_a_double_click_is_one_click(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    hidden = form_of(browser.get("/board/tasks/F2"), "claim")
    answers = [browser.send("/board/tasks/F2/claim", hidden) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    claims = [
        f for f in world.desk.journal.read(f"run:{world.run_id}") if isinstance(f.event, ev.TaskClaimed)
    ]
    assert [c.event.task for c in claims] == ["F1", "F2"]


def test_a_late_click_is_told_who_was_quicker_and_when(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    world.done("F2", "asha", "frozen")
    hidden = form_of(bo.get("/board/tasks/F3"), "claim")
    world.ask(ev.ClaimTask(by="bo", task="F3"))
    world.ask(ev.FailTask(by="bo", task="F3", reason="queue 7 does not drain"))
    answer = bo.send("/board/tasks/F3/claim", hidden)
    assert answer.status_code == 409
    assert "Meanwhile, 22:25 BST: Task claimed, by Bo Lindqvist." in answer.text
    assert "Meanwhile, 22:25 BST: Task failed, by Bo Lindqvist." in answer.text
    assert stage(world, "F3") is TaskStage.FAILED


def test_what_happens_to_other_tasks_does_not_make_a_form_stale(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    hidden = form_of(browser.get("/board/tasks/F2"), "claim")
    world.ask(ev.SkipTask(by="asha", task="O1", reason="not needed"))
    assert browser.send("/board/tasks/F2/claim", hidden).status_code == 200


def test_a_task_of_somebody_else_is_refused_by_name(world: World, app: Starlette) -> None:
    bo = world.enter(app, "bo")
    page = bo.get("/board/tasks/F2")
    assert "Claim: I take it up" not in page.text
    hidden = form_of(page, "comment")
    answer = bo.send("/board/tasks/F2/claim", {n: hidden[n] for n in ("token", "run", "seen")})
    assert answer.status_code == 409
    assert "F2 is for asha, not for bo" in answer.text


@pytest.mark.parametrize(
    ("person", "act", "words"),
    [
        ("bo", "skip", "to skip a task takes the role programme manager; Bo Lindqvist has hypercare"),
        ("dev", "comment", "is an auditor, who reads and changes nothing"),
    ],
)
def test_a_wrong_role_is_refused_with_the_right_one(
    world: World, app: Starlette, person: str, act: str, words: str
) -> None:
    browser = world.enter(app, person)
    browser.get("/board/tasks/F2")
    field = "text" if act == "comment" else "reason"
    answer = browser.post(f"/board/tasks/F2/{act}", run=world.run_id, **{field: "because"})
    assert answer.status_code == 409
    assert words in answer.text


def test_a_problem_without_a_reason_comes_back_with_the_fault_at_its_field(
    world: World, app: Starlette
) -> None:
    browser = world.enter(app, "asha")
    send(browser, "F2", "claim")
    answer = send(browser, "F2", "problem", reason="  ")
    assert answer.status_code == 400
    assert "this may not be empty" in answer.text
    assert 'aria-describedby="problem-reason-fault"' in answer.text
    assert '<details id="problem" open>' in answer.text
    assert stage(world, "F2") is TaskStage.IN_PROGRESS


def test_a_refused_form_keeps_what_was_typed(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    send(browser, "F2", "claim")
    hidden = form_of(browser.get("/board/tasks/F2"), "done")
    world.ask(ev.FailTask(by="asha", task="F2", reason="told by telephone"))
    world.ask(ev.RetryTask(by="asha", task="F2", reason="mended"))
    answer = browser.send("/board/tasks/F2/done", {**hidden, "evidence": "typed at <three> o'clock"})
    assert answer.status_code == 409
    assert "typed at &lt;three&gt; o&#39;clock" in answer.text


def test_a_failed_task_is_tried_again_and_an_unneeded_one_left_out(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    send(browser, "F2", "claim")
    send(browser, "F2", "problem", reason="a lock is held")
    assert stage(world, "F2") is TaskStage.FAILED
    assert "F2 may start again." in send(browser, "F2", "retry", reason="the lock is gone").text
    assert "what follows is released" in send(browser, "F2", "skip", reason="done before").text


def test_an_uncertain_task_is_settled_by_who_looked(world: World, app: Starlette) -> None:
    world.load()
    world.ask(ev.MarkUncertain(by="performer", task="L4", why="the runner was killed"))
    browser = world.enter(app, "bo")
    answer = send(browser, "L4", "settle", happened="no", how="the target is empty")
    assert "L4 is settled." in answer.text
    assert stage(world, "L4") is TaskStage.STARTABLE


def test_two_comments_from_one_look_are_two_comments(world: World, app: Starlette) -> None:
    browser = world.enter(app, "bo")
    hidden = form_of(browser.get("/board/tasks/F2"), "comment")
    for text in ("first\r\nand more", "second", "second"):
        browser.send("/board/tasks/F2/comment", {**hidden, "text": text})
    said = [note.event.text for note in world.runs.state(world.run_id).notes.of("F2")]
    assert said == ["first\nand more", "second"]


def test_a_pause_and_an_announcement_are_the_programme_managers(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    hidden = form_of(asha.get("/board"), "pause")
    assert "The run is paused" in asha.send("/board/pause", {**hidden, "message": "power"}).text
    assert world.runs.state(world.run_id).stage is RunStage.PAUSED
    hidden = form_of(asha.get("/board"), "announce")
    assert "Soup at <b>2</b>" not in asha.send("/board/announce", {**hidden, "text": "Soup at <b>2</b>"}).text
    assert "Soup at &lt;b&gt;2" in world.enter(app, "bo").get("/board").text
    hidden = form_of(asha.get("/board"), "unpause")
    assert "The run goes on." in asha.send("/board/unpause", hidden).text


def test_a_name_that_is_no_task_is_not_found(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    browser.get("/board")
    assert browser.get("/board/tasks/F22").status_code == 404
    answer = browser.post("/board/tasks/F22/claim", run=world.run_id)
    assert answer.status_code == 404
    assert "did you mean" in answer.text


def test_a_form_that_is_too_long_is_refused_before_it_is_read(world: World, app: Starlette) -> None:
    browser = world.enter(app, "asha")
    browser.get("/board")
    answer = browser.post("/board/tasks/F2/comment", text="x" * 70_000)
    assert answer.status_code == 400
    assert "at most 64 KB" in answer.text


def test_only_what_is_mine_leaves_the_rest_out(world: World, app: Starlette) -> None:
    page = world.enter(app, "asha").get("/board", mine="1").text
    assert "Yours, Asha Rahman" in page
    assert "Plan and progress" not in page


def test_a_colour_is_overridden_by_name_and_lifted_again(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    fields = {"scope": "data", "colour": "amber", "reason": "the supplier <called>"}
    answer = asha.send("/board/colour", {**form_of(asha.get("/board"), "colour"), **fields})
    assert "The colour is overridden in your name" in answer.text
    page = world.enter(app, "bo").get("/board").text
    assert "Asha Rahman says amber: the supplier &lt;called&gt;; computed" in page
    assert (
        "The colour is the computed one again."
        in asha.send("/board/lift", form_of(asha.get("/board"), "lift")).text
    )
    assert world.runs.state(world.run_id).overrides.by_scope == {}


def test_a_run_is_ended_before_its_end_by_its_manager_with_a_reason(world: World, app: Starlette) -> None:
    asha = world.enter(app, "asha")
    hidden = form_of(asha.get("/board"), "cancel")
    assert asha.send("/board/cancel", {**hidden, "reason": " "}).status_code == 400
    assert "it is canceled" in asha.send("/board/cancel", {**hidden, "reason": "storm"}).text
    assert world.runs.state(world.run_id).stage is RunStage.CANCELED


def test_a_task_that_asks_in_a_rehearsal_is_allowed_by_the_manager(world: World, app: Starlette) -> None:
    changes = {"L1": {"in_rehearsal": "ask"}}
    world.ask(ProposeEdit(by="bo", reason="it writes", changes=changes))
    world.ask(ApproveEdit(by="asha", number=1))
    world.done("F2", "asha", "frozen")
    world.done("F3", "bo", "drained")
    asha = world.enter(app, "asha")
    assert "L1 is allowed" in send(asha, "L1", "allow").text
    assert world.runs.state(world.run_id).tasks["L1"].allowed_by == "asha"
    assert "Allow it to be performed" not in world.enter(app, "bo").get("/board/tasks/L1").text
