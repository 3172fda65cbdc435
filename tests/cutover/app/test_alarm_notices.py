"""Alarms reach people by Apprise: a mail and a webhook on real sockets; what was refused goes again, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.app.watching import deliver, make_notifier
from cutover.core.clock import FixedClock
from monitors.domain.check import critical, ok
from tests.conftest import START
from tests.sinks import Relay, Webhook

pytestmark = pytest.mark.real
MINUTE = timedelta(minutes=1)
PROGRAMME = """
title: Small
window: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}
people:
  - {id: asha, name: Asha, notices: asha-mail}
  - {id: bo, name: Bo, notices: bo-chat}
"""
MONITORS = """
checks:
  - {id: exports, kind: files, title: Exports come, owner: bo, folder: in, severity: critical, safeguarding: true, max_attempts: 1, recover_after: 1}
notify: {routes: [{to: [owner, asha]}]}
"""


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with Webhook() as hook:
        yield hook


@pytest.fixture
def world(tmp_path: Path, relay: Relay, hook: Webhook) -> Iterator[World]:
    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "all.yaml").write_text(MONITORS)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "asha-mail").write_text(f"mailto://127.0.0.1:{relay.port}?from=watch@force.example&to=asha@force.example&mode=insecure")  # fmt: skip
    (secrets / "bo-chat").write_text(f"json://127.0.0.1:{hook.port}/alarms")
    world = build_world(tmp_path, settings=Settings(secrets_dir=str(secrets)), pace=FixedClock(START))
    yield world
    world.engine.dispose()


def see(world: World, minutes: int, *, well: bool) -> int:
    """A result, judged and told; how many notices were taken."""
    at = START + minutes * MINUTE
    world.clock.set(at)  # type: ignore[attr-defined]  the world of a test has a clock that is set
    world.monitors.record("exports", ok() if well else critical("the folder is empty"), at)
    make_notifier(world).tell()
    return deliver(world)


def subjects(relay: Relay) -> list[str]:
    return [str(message_from_bytes(mail, policy=default)["Subject"]) for mail in relay.mails]


def test_firing_and_resolved_arrive_by_mail_and_by_webhook(world: World, relay: Relay, hook: Webhook) -> None:
    assert (see(world, 1, well=False), see(world, 2, well=True), see(world, 3, well=True)) == (2, 2, 0)
    said = ["FIRING SAFEGUARDING critical: Exports come", "RESOLVED SAFEGUARDING critical: Exports come"]
    assert subjects(relay) == said
    assert [one["title"] for one in hook.told] == said
    mail = message_from_bytes(relay.mails[0], policy=default)
    assert mail["To"] == "asha@force.example"
    assert "the folder is empty" in mail.as_string()
    assert "the folder is empty" in hook.told[0]["message"]


def test_what_a_service_refuses_goes_again_later_and_arrives_once(
    world: World, relay: Relay, hook: Webhook
) -> None:
    """A chat that answers 500 and a relay that says later hold nobody else up, and lose nothing."""
    hook.status, relay.takes_mail = 500, True
    assert see(world, 1, well=False) == 1  # the mail
    assert deliver(world) == 0  # not before its time
    hook.status, relay.takes_mail = 200, False
    assert see(world, 2, well=True) == 2  # both of the chat, which is back
    relay.takes_mail = True
    assert see(world, 4, well=True) == 1
    assert [one["title"].split()[0] for one in hook.told] == ["FIRING", "RESOLVED"]
    assert [one.split()[0] for one in subjects(relay)] == ["FIRING", "RESOLVED"]
    assert see(world, 90, well=True) == 0


def test_a_service_that_is_gone_keeps_its_notices_waiting(world: World, relay: Relay, hook: Webhook) -> None:
    chat = world.folder.path / "secrets" / "bo-chat"
    chat.write_text("json://127.0.0.1:1/alarms")  # nobody listens there
    assert see(world, 1, well=False) == 1
    assert (len(relay.mails), hook.told) == (1, [])
    chat.write_text(f"json://127.0.0.1:{hook.port}/alarms")
    assert see(world, 3, well=False) == 1
    assert [one["title"].split()[0] for one in hook.told] == ["FIRING"]


def test_a_notice_that_waited_for_long_says_so(world: World, relay: Relay, hook: Webhook) -> None:
    """A FIRING that could not be sent arrives after its RESOLVED: nobody must take it for news."""
    hook.status = 500
    assert see(world, 1, well=False) == 1  # refused by the chat: again in 1, 2, 4 minutes ...
    assert [see(world, minute, well=False) for minute in (2, 4)] == [0, 0]
    hook.status = 200
    assert see(world, 7, well=True) == 2
    assert see(world, 8, well=True) == 1
    said = [
        "RESOLVED SAFEGUARDING critical: Exports come",
        "LATE, of Fri 23 Oct 21:01 UTC: FIRING SAFEGUARDING critical: Exports come",
    ]
    assert [one["title"] for one in hook.told] == said
