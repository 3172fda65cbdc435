"""Whole runs of automated tasks on a real journal: what they leave behind, and what they must not."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.observability import set_up_logging
from cutover.app.settings import Settings
from cutover.store.clock_file import ScaledPace
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunStage, RunType, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.steps import InlineExecutor
from tests.conftest import START
from tests.runbooks.folders import write_programme

pytestmark = pytest.mark.real
SECRET = "s3cr3t/t0ken+x"
LEAKS = (SECRET, "s3cr3t", "t0ken", "czNjcjN0")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[World]]:
    """`open_one(runbook)` puts worlds here; each is closed at the end."""
    monkeypatch.setenv("CUTOVER_SECRET_TOKEN", SECRET)
    worlds: list[World] = []
    yield worlds
    for world in worlds:
        world.engine.dispose()


def open_one(opened: list[World], place: Path, tasks: str, **others: str) -> World:
    folder = write_programme(place / "small", f"id: small\ntitle: Small\ntasks:\n{tasks}")
    for name, more in others.items():
        text = f"id: {name}\ntitle: {name}\ntasks:\n{more}"
        (folder / "runbooks" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "state").mkdir()
    world = build_world(
        folder, pace=ScaledPace(folder / "state" / "clock.json", START, float("inf")), settings=Settings()
    )
    opened.append(world)
    assert [str(p) for p in world.folder.problems()] == []
    return world


def run(world: World, run_type: RunType = RunType.LIVE) -> RunState:
    name = world.runs.start(world.folder.runbook("small"), by="asha", run_type=run_type)

    async def whole() -> RunState:
        async with httpx.AsyncClient() as client:
            return await asyncio.wait_for(world.performer(name, InlineExecutor(), client).run(), 60)

    return asyncio.run(whole())


def until_failed(world: World, name: str, run_type: RunType = RunType.LIVE) -> RunState:
    """Perform until a task has failed: what follows it is held, so the run would wait for people."""
    run_id = world.runs.start(world.folder.runbook("small"), by="asha", run_type=run_type)

    async def part() -> RunState:
        async with httpx.AsyncClient() as client:
            work = asyncio.create_task(world.performer(run_id, InlineExecutor(), client).run())
            while world.runs.state(run_id).tasks[name].stage is not TaskStage.FAILED:
                assert not work.done()
                await asyncio.sleep(0.02)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        return world.runs.state(run_id)

    return asyncio.run(part())


def kinds(world: World, state: RunState) -> list[str]:
    facts = world.journal.read(run_stream(state.run_id))
    return [f.event.kind() for f in facts if f.event.kind() != "ForecastMoved"]


def test_a_secret_is_in_no_file_no_log_and_no_output_of_a_run(
    opened: list[World], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Printed by a program, named in its failure, sent to a system that is not there: it is nowhere afterwards."""
    world = open_one(
        opened, tmp_path,
        """\
  - {id: A, title: Prints it, type: automated, effect: idempotent, retry: quick,
     action: {kind: shell, with: {sh: 'echo "$T"; echo "bad $T" >&2; exit 1', env: {T: "{{ secret('token') }}"}}}}
  - {id: B, title: Works with it, type: automated, effect: idempotent,
     action: {kind: shell, with: {argv: ["echo", "token={{ secret('token') }}"]}}}
  - {id: C, title: Sends it, type: automated, effect: idempotent, after: B,
     action: {kind: http, with: {system: new_records, path: "/x?t={{ secret('token') }}", headers: {X: "{{ secret('token') }}"}}}}
""",
    )  # fmt: skip
    log = io.StringIO()
    set_up_logging("DEBUG", stream=log)
    state = until_failed(world, "C")
    logged = log.getvalue()
    assert state.tasks["B"].note == "exit 0: token=•••"
    assert "TaskTryFailed" in kinds(world, state)
    world.engine.dispose()
    seen = {str(file): file.read_bytes() for file in (tmp_path / "small").rglob("*") if file.is_file()}
    seen |= {"log": logged.encode(), "output": "".join(capfd.readouterr()).encode()}
    found = [(where, leak) for where, raw in seen.items() for leak in LEAKS if leak.encode() in raw]
    assert found == []
    assert any(name.endswith("cutover.db") for name in seen)


def test_a_rehearsal_leaves_out_inverts_and_performs_as_the_plan_says(
    opened: list[World], tmp_path: Path
) -> None:
    world = open_one(
        opened, tmp_path,
        """\
  - {id: A, title: Delete the old, type: automated, effect: idempotent, in_rehearsal: skip,
     action: {kind: shell, with: {argv: [touch, deleted]}}}
  - {id: B, title: Switch the line, type: automated, effect: idempotent, after: A, in_rehearsal: invert,
     action: {kind: shell, with: {argv: [touch, switched]}}, inverse: {kind: shell, with: {argv: [touch, inverted]}}}
  - {id: C, title: Tell all, type: automated, effect: idempotent, after: B,
     action: {kind: notify, with: {subject: Now, text: It begins}}}
""",
    )  # fmt: skip
    state = run(world, RunType.REHEARSAL)
    assert state.stage is RunStage.COMPLETE
    assert state.tasks["A"].note == "not performed: it does harm, and this is a rehearsal"
    assert state.tasks["C"].note.startswith("not sent: comms are off in this run")
    made = {name for name in ("deleted", "switched", "inverted") if (world.folder.path / name).exists()}
    assert made == {"inverted"}


def test_a_wait_ends_at_its_time_or_when_its_source_is_met(opened: list[World], tmp_path: Path) -> None:
    world = open_one(
        opened, tmp_path,
        """\
  - {id: A, title: Work, type: automated, effect: idempotent, action: {kind: wait, with: {until: "2026-10-24T03:00"}}}
  - {id: B, title: Until A is done, type: automated, effect: idempotent,
     action: {kind: wait, with: {source: "task:A", every: 10m, within: 9h}}}
""",
    )  # fmt: skip
    state = run(world)
    assert (state.tasks["A"].note, state.tasks["B"].note) == (
        "it is Sat 24 Oct 03:00 BST",
        "it is Sat 24 Oct 03:00 BST",
    )
    ended = state.tasks["B"].ended_at
    assert ended is not None
    assert 5 * 60 <= (ended - START).total_seconds() / 60 <= 5 * 60 + 10


def test_a_wait_that_is_not_met_in_its_time_fails_with_what_was_missing(
    opened: list[World], tmp_path: Path
) -> None:
    world = open_one(
        opened, tmp_path,
        """\
  - {id: P, title: A person, duration: 1h}
  - {id: B, title: Until P is done, type: automated, effect: idempotent,
     action: {kind: wait, with: {source: "task:P", every: 10m, within: 2h}}}
""",
    )  # fmt: skip
    state = until_failed(world, "B")
    assert state.tasks["B"].note == "not met by Sat 24 Oct 00:00 BST: not_met: P is startable"


def test_another_runbook_is_a_run_of_its_own_in_the_same_window(opened: list[World], tmp_path: Path) -> None:
    world = open_one(
        opened, tmp_path,
        "  - {id: A, title: The other plan, type: automated, effect: idempotent, action: {kind: runbook, with: {runbook: other}}}\n",
        other="  - {id: X, title: Touch, type: automated, effect: idempotent, action: {kind: shell, with: {argv: [touch, there]}}}\n",
    )  # fmt: skip
    state = run(world)
    assert state.tasks["A"].note == "other-1 is complete: 1 of 1 tasks over"
    assert dict(state.tasks["A"].result) == {"run": "other-1"}
    other = world.runs.state("other-1")
    assert (other.run_type, other.closes) == (state.run_type, state.closes)
    assert (world.folder.path / "there").exists()


def test_a_runbook_that_is_part_of_itself_is_refused(opened: list[World], tmp_path: Path) -> None:
    part = "  - {{id: A, title: Again, type: automated, effect: idempotent, action: {{kind: runbook, with: {{runbook: {}}}}}}}\n"
    world = open_one(opened, tmp_path, part.format("small"))
    state = until_failed(world, "A")
    assert state.tasks["A"].note == "a runbook cannot be part of itself: small -> small"
    assert world.runs.run_ids() == ["small-1"]
