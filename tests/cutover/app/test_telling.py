"""Notices on their way: as far as the run's comms say, to each one's own channel, with a link for who has no account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.telling import Teller
from cutover.store.outbox import Message
from runbooks.domain.run_events import Comms
from runbooks.domain.run_state import RunState
from runbooks.notices import Notice
from tests.sinks import Webhook

pytestmark = pytest.mark.real
PROGRAMME = """
title: Small
zone: UTC
window: {opens: 2026-10-23T22:00, closes: 2026-10-24T08:00, backout: 1h}
people:
  - {id: asha, name: Asha Rahman, roles: [programme_manager], notices: asha-phone}
  - {id: bo, name: Bo Lindqvist}
"""
PLAN = """
id: small
title: Small
tasks:
  - {id: A1, title: Open the call, owner: asha, duration: 10m}
  - {id: A2, title: Tell the stations, owner: bo, duration: 10m}
"""


@pytest.fixture
def sink() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A service that Apprise speaks to, and what it was told."""
    with Webhook() as hook:
        yield f"json://127.0.0.1:{hook.port}/asha", hook.told


def begun(folder: Path, comms: Comms) -> World:
    (folder / "runbooks").mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (folder / "runbooks" / "small.yaml").write_text(PLAN, encoding="utf-8")
    world = build_world(folder)
    world.runs.start(world.folder.runbook(), by="chen", comms=comms)
    return world


def files(folder: Path) -> list[str]:
    return [file.read_text(encoding="utf-8") for file in sorted((folder / "state" / "notices").glob("*.txt"))]


@pytest.mark.parametrize(
    ("comms", "subjects"),
    [
        (Comms.OFF, []),
        (Comms.TEST, ["TEST, not in earnest: Can start: A1 Open the call"]),
        (Comms.ON, ["Can start: A1 Open the call"]),
    ],
)
def test_a_notice_goes_as_far_as_the_run_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sink: tuple[str, list[dict[str, str]]],
    comms: Comms,
    subjects: list[str],
) -> None:
    url, told = sink
    monkeypatch.setenv("CUTOVER_SECRET_ASHA_PHONE", url)
    world = begun(tmp_path, comms)
    teller = Teller(world)
    assert teller.tell() == 2
    assert teller.tell() == 0
    assert [one["title"] for one in told] == subjects
    assert len(files(tmp_path)) == 2 - len(subjects)
    world.engine.dispose()


def test_a_notice_that_was_kept_is_not_written_out_again(tmp_path: Path) -> None:
    """A window of 2,000 tasks stands under thousands of them, and is looked at every five seconds."""
    world = begun(tmp_path, Comms.OFF)
    written: list[str] = []

    class Counting(Teller):
        def _message(self, state: RunState, notice: Notice) -> Message:
            written.append(notice.id)
            return super()._message(state, notice)

    teller = Counting(world)
    assert teller.tell() == 2
    assert teller.tell() == 0
    assert len(written) == 2
    world.engine.dispose()


def test_who_has_no_account_gets_the_link_to_the_one_task(tmp_path: Path) -> None:
    world = begun(tmp_path, Comms.OFF)
    Teller(world).tell()
    text = next(text for text in files(tmp_path) if text.startswith("To: bo"))
    path = next(line for line in text.splitlines() if "/task/" in line).partition("/task/")[2]
    link = world.links.read(path, "task")
    assert (link.person, link.task) == ("bo", "A2")
    world.engine.dispose()


def test_a_channel_that_does_not_take_it_is_tried_again_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTOVER_SECRET_ASHA_PHONE", "json://127.0.0.1:9/nobody")
    world = begun(tmp_path, Comms.ON)
    assert Teller(world).tell() == 1
    assert len(files(tmp_path)) == 1
    world.engine.dispose()
