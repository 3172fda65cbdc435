"""Whoever wires it up: rule files, tokens and downtimes by command."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cyclopts import App
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Refused
from cutover.store.accounts import Accounts
from cutover.web.tokens import Tokens
from monitors.definitions import Watched
from monitors.service import MonitorService
from monitors.watch_cli import WatchDoors, add_watch_commands
from tests.monitors.conftest import CHECKS
from tests.monitors.domain.test_heartbeat import heartbeat


@pytest.fixture
def tokens(engine: Engine, clock: FixedClock) -> Tokens:
    return Tokens(Accounts(engine), clock)


@pytest.fixture
def app(monitors: MonitorService, tokens: Tokens) -> App:
    made = App(name="monitor")
    watched = Watched(checks=(*CHECKS, heartbeat()))
    add_watch_commands(
        made, WatchDoors(lambda _: monitors, lambda _: watched, lambda _: tokens, lambda _: "http://cutover")
    )
    return made


def call(app: App, *words: str) -> None:
    app(words, exit_on_error=False, print_error=False, result_action="return_value")


def test_rules_are_written_whole_into_a_folder(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(app, "rules", "--to", str(tmp_path / "rules"), "--json")
    names = [Path(name).name for name in json.loads(capsys.readouterr().out)["files"]]
    assert sorted(path.name for path in (tmp_path / "rules").iterdir()) == sorted(names)


def test_a_token_is_shown_once_as_the_call_that_uses_it(
    app: App, tokens: Tokens, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    call(app, "token", "export", "--json")
    made = json.loads(capsys.readouterr().out)
    tokens.check(made["token"], "heartbeat:export")
    assert made["url"] == "http://cutover/api/v1/heartbeats/export"
    call(app, "token", "export", "--revoke")
    with pytest.raises(Refused, match="revoked"):
        tokens.check(made["token"], "heartbeat:export")
    call(app, "token", "metrics")
    assert "curl -fsS -H 'Authorization: Bearer " in capsys.readouterr().out


def test_a_token_for_what_is_no_heartbeat_is_refused_with_the_nearest(app: App) -> None:
    with pytest.raises(NotFound, match="did you mean 'export'"):
        call(app, "token", "exprot")


def test_a_downtime_is_announced_listed_and_ended(
    app: App, monitors: MonitorService, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    call(
        app, "downtime", "patching", "--check", "custody", "--until", "2h", "--note", "patches", "--by", "bo"
    )
    assert monitors.state("custody").downtime == ("patches (bo)",)
    call(app, "downtimes")
    assert "patching" in capsys.readouterr().out
    clock.advance(timedelta(minutes=1))
    call(app, "downtime", "patching", "--end", "--by", "bo")
    call(app, "downtimes", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {}


def test_a_downtime_without_an_end_or_of_nothing_known_is_refused(app: App) -> None:
    with pytest.raises(Invalid, match="why and until when"):
        call(app, "downtime", "x", "--check", "custody", "--by", "bo")
    with pytest.raises(NotFound, match="did you mean 'custody'"):
        call(app, "downtime", "x", "--check", "custdy", "--until", "2h", "--note", "n", "--by", "bo")
    with pytest.raises(NotFound, match="component with a check"):
        call(app, "downtime", "x", "--component", "cells", "--until", "2h", "--note", "n", "--by", "bo")
