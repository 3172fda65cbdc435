"""What programs ask and tell, as the whole application serves it: described, refused in one way, done once, read in pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict
from cutover.store.clock_file import ScaledPace
from cutover.web.api.once import DEAD, KEPT, Kept, Once
from cutover.web.api.problems import MEDIA, STATUS
from tests.conftest import START
from tests.cutover.app.served_api import Program, furnish, settle_in

BEAT = "/api/v1/heartbeats/{name}"
TASK = "/api/v1/runs/{run}/tasks/{task}"
X = {"run": "small-1", "task": "X"}
KNOWN = {
    **X,
    "name": "nightly",
    "flow": "referrals",
    "contract": "crimes",
    "station": "central",
    "check": "records-answer",
    "incident": "i-1",
}


@pytest.fixture
def program(folder: Path) -> Iterator[Program]:
    furnish(folder)
    (folder / "state").mkdir()
    pace = ScaledPace(folder / "state" / "clock.json", START, float("inf"))
    world = build_world(folder, pace=pace, settings=Settings())
    settle_in(world)
    yield Program(world)
    world.engine.dispose()


def test_everything_that_is_served_is_described_and_nothing_else(program: Program) -> None:
    described = program.send("GET", "/api/v1/openapi.json").json()["paths"]
    served = {(method.casefold(), path) for method, path in program.operations}
    assert {(method, path) for path, methods in described.items() for method in methods} == served


def test_every_read_answers_as_it_is_described(program: Program) -> None:
    document = program.send("GET", "/api/v1/openapi.json").json()
    known = {
        "run": "small-1",
        "task": "A",
        "check": "records-answer",
        "contract": "crimes",
        "station": "central",
    }
    for method, path in program.operations:
        if method == "GET":
            answer = program.ask("GET", path, known)
            assert answer.status_code == 200, (path, answer.text)
            said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(answer.json(), {**said, "components": document["components"]})


@pytest.mark.parametrize(
    ("method", "address", "status", "slug"),
    [
        ("GET", "/api/v1/runs", 401, "refused"),
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/api/nothing", 404, "not-found"),
        ("DELETE", "/api/v1/runs", 405, "method-not-allowed"),
    ],
)
def test_every_refusal_is_a_problem(
    program: Program, method: str, address: str, status: int, slug: str
) -> None:
    answer = program.send(method, address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA)
    said = answer.json()
    assert (said["status"], said["error"], bool(said["title"] and said["detail"] and said["type"])) == (
        status,
        slug,
        True,
    )
    assert status != 401 or answer.headers["www-authenticate"] == "Bearer"
    assert status != 405 or "GET" in answer.headers["allow"]


def test_a_defect_is_a_problem_too_and_tells_nothing_of_itself(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(program.world.runs), "run_ids", lambda _self: 1 / 0)
    answer = program.ask("GET", "/api/v1/runs")
    assert (answer.status_code, answer.headers["content-type"], "division" in answer.text) == (
        500,
        MEDIA,
        False,
    )


def test_what_is_wrong_with_a_query_is_named_with_what_would_do(program: Program) -> None:
    answer = program.ask("GET", "/api/v1/paper", params={"stage": "lost", "limt": "3"})
    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["faults"]} == {"stage", "limt"}
    assert any("'issued'" in fault["expected"] for fault in answer.json()["faults"])


def test_a_list_is_read_in_pages_each_item_once(program: Program) -> None:
    seen, cursor = [], ""
    for _ in range(10):
        said = program.ask("GET", "/api/v1/paper", params={"limit": 4, "cursor": cursor}).json()
        seen += [sheet["serial"] for sheet in said["items"]]
        cursor = said["next"]
        if cursor is None:
            break
    assert seen == sorted(sheet.serial for sheet in program.world.paper.sheets())


@pytest.mark.parametrize("cursor", ["x", "bm9wZQ", "e30", "é", "Im5vcGUi="])
def test_a_cursor_that_is_none_of_ours_is_refused(program: Program, cursor: str) -> None:
    assert program.ask("GET", "/api/v1/paper", params={"cursor": cursor}).status_code == 400


def test_every_list_refuses_a_cursor_of_nobody_even_while_it_is_empty(program: Program) -> None:
    asked = 0
    for (method, path), operation in program.operations.items():
        if "cursor" in getattr(operation.query, "model_fields", {}):
            answer = program.ask(method, path, KNOWN, params={"cursor": "Z2FyYmFnZQ"})
            asked += 1
            assert (answer.status_code, answer.headers["content-type"]) == (400, MEDIA), path
            assert answer.json()["faults"][0]["field"] == "cursor", path
    assert asked > 4


def test_a_token_for_something_else_is_known_and_may_not_one_of_nobody_is_not_known(program: Program) -> None:
    other = program.world.tokens.issue("read:nothing-at-all")
    for (method, path), operation in program.operations.items():
        if not operation.scope or operation.admit is not None:  # the latter look themselves at who asks
            continue
        for token, status in ((other, 403), ("of-nobody", 401), ("", 401)):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = program.send(method, path.format_map(KNOWN), headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA), (method, path)


def test_a_read_that_has_not_changed_is_not_sent_again(program: Program) -> None:
    first = program.ask("GET", TASK, X)
    again = program.ask("GET", TASK, X, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    program.world.runs.ask("small-1", _claim("X"))
    assert program.ask("GET", TASK, X, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_an_outcome_told_on_what_has_changed_since_changes_nothing(program: Program) -> None:
    mark, told = program.ask("GET", TASK, X).headers["etag"], {"outcome": "done", "program": "copier"}
    program.world.runs.ask("small-1", _claim("X"))
    late = program.ask("POST", f"{TASK}/outcome", X, json=told, headers={"If-Match": mark})
    assert (late.status_code, program.ask("GET", TASK, X).json()["stage"]) == (412, "in_progress")


def test_a_program_tells_how_a_task_went_that_is_nobodys_and_of_no_other(program: Program) -> None:
    told = {"outcome": "done", "program": "copier", "note": "12 files, sums equal"}
    answer = program.ask("POST", f"{TASK}/outcome", X, json=told)
    assert (answer.status_code, answer.json()["stage"], answer.json()["by"]) == (
        200,
        "complete",
        "program:copier",
    )
    others = program.ask("POST", f"{TASK}/outcome", {"run": "small-1", "task": "A"}, json=told)
    assert (others.status_code, "A is for bo, chen" in others.json()["detail"]) == (409, True)


def test_a_write_with_a_key_is_done_once_and_answered_as_the_first_time(program: Program) -> None:
    head = {"Idempotency-Key": "k-1"}
    first = program.ask("POST", BEAT, {"name": "nightly"}, headers=head)
    again = program.ask("POST", BEAT, {"name": "nightly"}, headers=head)
    assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = program.ask("POST", BEAT, {"name": "nightly"}, headers=head, content=b"another body")
    assert other.status_code == 422
    assert (
        program.ask("POST", BEAT, {"name": "nightly"}, headers={"Idempotency-Key": "k" * 256}).status_code
        == 400
    )


def test_a_refusal_is_not_kept_under_its_key(program: Program) -> None:
    head = {"Idempotency-Key": "k-1"}
    path = {"run": "small-1", "task": "X"}
    wrong = program.ask(
        "POST", f"{TASK}/outcome", path, headers=head, json={"outcome": "perhaps", "program": "copier"}
    )
    right = program.ask(
        "POST", f"{TASK}/outcome", path, headers=head, json={"outcome": "done", "program": "copier"}
    )
    assert (wrong.status_code, right.status_code) == (400, 200)


def test_a_key_whose_owner_died_is_taken_over_and_an_old_answer_is_forgotten(program: Program) -> None:
    clock = FixedClock(START)
    once = Once(program.world.engine, clock)
    assert once.begin("slot", b"asked") is None
    with pytest.raises(Conflict):
        once.begin("slot", b"asked")
    clock.advance(DEAD)
    assert once.begin("slot", b"asked") is None
    once.keep("slot", Kept(202, "{}"))
    assert once.begin("slot", b"asked") == Kept(202, "{}")
    clock.advance(KEPT + timedelta(seconds=1))
    assert once.begin("slot", b"something else") is None


def test_an_incident_is_passed_on_once_under_its_number(program: Program) -> None:
    told = {"source": "desk", "symptom": "Search finds no Szabő", "urgency": 1}
    path = "/api/v1/incidents/{incident}"
    answers = [program.ask("PUT", path, {"incident": "INC-7"}, json=told) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 200]
    other = program.ask("PUT", path, {"incident": "INC-7"}, json={**told, "symptom": "Something else"})
    assert (other.status_code, list(program.world.incidents.all())) == (409, ["desk-INC-7"])


def test_findings_name_records_and_columns_and_none_of_their_values(program: Program) -> None:
    (program.world.folder.path / "new.csv").write_text("crime_id,status\nC1,closed\nC3,open\n")
    program.world.reconciliation.run("crimes", by="bo")
    path, seen, cursor = {"contract": "crimes"}, [], ""
    while cursor is not None:
        asked: dict[str, Any] = {"limit": 1, "cursor": cursor}
        said = program.ask("GET", "/api/v1/reconciliation/{contract}/findings", path, params=asked)
        assert "closed" not in said.text
        seen += [(one["class"], one["key"]["crime_id"], one["columns"]) for one in said.json()["items"]]
        cursor = said.json()["next"]
    assert sorted(seen) == [("changed", "C1", ["status"]), ("extra", "C3", []), ("missing", "C2", [])]


def test_every_status_of_a_problem_is_one_that_programs_know() -> None:
    assert set(STATUS.values()) == {400, 401, 403, 404, 409, 412, 413, 422, 503}


def _claim(task: str) -> Any:
    from runbooks.domain.run_events import ClaimTask

    return ClaimTask(by="bo", task=task)
