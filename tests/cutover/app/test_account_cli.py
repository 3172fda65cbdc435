"""`cutover account`: PINs issued, sign-ins listed and ended, tokens named, from the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover.app.account_cli import account_commands
from cutover.app.bootstrap import World, build_world
from cutover.core.clock import SystemClock
from cutover.core.errors import NotFound, Refused
from tests.runbooks.folders import PROGRAMME, write_programme

SAM = "people:\n  - {id: sam, name: Sam, station: central, badge: '4711', roles: [station]}\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = build_world(write_programme(tmp_path / "prog", programme=PROGRAMME.replace("people:\n", SAM)))
    yield made
    made.engine.dispose()


def call(world: World, *words: str) -> Any:
    app = account_commands(lambda _path: world)
    return app(list(words), exit_on_error=False, print_error=False, result_action="return_value")


def test_a_pin_is_issued_once_for_who_has_a_badge_and_a_station(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    call(world, "pin", "sam", "--by", "asha", "--json")
    said = capsys.readouterr().out
    pin = json.loads(said[said.index("{") :])["pin"]
    (kept,) = world.pins.list()
    assert (kept.person, kept.issued_by, kept.state) == ("sam", "asha", "issued, to be changed")
    assert pin not in kept.pin_hash
    with pytest.raises(Refused, match=r"no `badge:` and no `station:`"):
        call(world, "pin", "bo", "--by", "asha")
    with pytest.raises(NotFound, match="did you mean 'asha'"):
        call(world, "pin", "sam", "--by", "ash")
    call(world, "pin", "sam", "--by", "asha", "--withdraw")
    assert world.pins.list() == []


def test_sign_ins_are_listed_and_one_of_them_or_all_of_a_person_are_ended(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions, now = world.accounts.sessions, SystemClock().now()
    tokens = [sessions.open("sam", now, source=f"10.0.0.{n}") for n in range(3)]
    call(world, "sessions", "--json")
    listed = json.loads(capsys.readouterr().out)
    assert {one["source"] for one in listed} == {"10.0.0.0", "10.0.0.1", "10.0.0.2"}
    assert not any(token in str(listed) for token in tokens)
    call(world, "sign-out", listed[0]["id"])
    assert len(sessions.list(now)) == 2
    call(world, "sign-out", "sam")
    assert sessions.list(now) == []


def test_tokens_are_named_and_never_shown_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    token = world.tokens.issue("metrics")
    world.tokens.issue("alerts")
    world.tokens.revoke("alerts")
    call(world, "tokens", "--json")
    said = capsys.readouterr().out
    assert {one["scope"]: one["state"] for one in json.loads(said)} == {
        "metrics": "in use",
        "alerts": "revoked",
    }
    assert token not in said


def test_who_has_no_password_here_can_be_shut_out_too(world: World) -> None:
    call(world, "disable", "bo")
    assert world.accounts.is_disabled("bo")
    with pytest.raises(NotFound):
        call(world, "disable", "nobody")
