"""The monitor commands answer people, programs and exit codes."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from typing import Any

import pytest
from cyclopts import App

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from cutover.store.clock_file import RealPace
from monitors.cli import commands
from monitors.domain.check import critical, ok
from monitors.prober import Prober
from monitors.service import MonitorService
from tests.conftest import START
from tests.monitors.conftest import CHECKS, Target


@pytest.fixture
def app(monitors: MonitorService) -> App:
    def no_prober(*_: object) -> Any:
        raise AssertionError("nothing here probes")

    return commands(lambda _: monitors, no_prober)


def call(app: App, *words: str) -> int | None:
    code: int | None = app(words, exit_on_error=False, result_action="return_value")
    return code


def fail(monitors: MonitorService) -> None:
    for minute in (0, 1, 2):
        monitors.record("custody", critical("no answer"), START + timedelta(minutes=minute))


def test_status_is_a_table_and_says_no_while_anything_is_not_ok(
    app: App, monitors: MonitorService, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monitors)
    clock.advance(timedelta(minutes=2))
    assert call(app, "status") == 1
    shown = capsys.readouterr().out
    assert "custody" in shown
    assert "CRITICAL" in shown


def test_status_says_yes_when_all_is_well(
    app: App, monitors: MonitorService, capsys: pytest.CaptureFixture[str]
) -> None:
    for check in monitors.checks:
        monitors.record(check, ok(), START)
    assert call(app, "status", "--json") == 0
    assert {view["status"] for view in json.loads(capsys.readouterr().out)} == {"OK"}


def test_an_alert_is_taken_in_hand_by_name_and_with_an_end(
    app: App, monitors: MonitorService, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monitors)
    clock.advance(timedelta(minutes=2))
    assert not call(
        app, "ack", "custody", "--until", "2h", "--note", "supplier called", "--by", "Asha", "--json"
    )
    shown = json.loads(capsys.readouterr().out)
    assert (shown["alerting"], shown["acknowledged"]["by"]) == (False, "Asha")
    assert shown["acknowledged"]["until"] == "2026-10-23T23:02:00Z"
    assert not call(
        app, "ack", "custody", "--until", "2026-10-24T08:00+01:00", "--note", "still", "--by", "Asha"
    )
    assert "until Sat 24 Oct 07:00 UTC" in capsys.readouterr().out


def test_an_end_without_its_zone_is_not_guessed(app: App, monitors: MonitorService) -> None:
    fail(monitors)
    with pytest.raises(Invalid, match="does not say in which zone"):
        call(app, "ack", "custody", "--until", "2026-10-24T08:00", "--note", "x", "--by", "Asha")


@pytest.mark.real
def test_the_prober_runs_in_the_foreground_until_interrupted(
    monitors: MonitorService, target: Target
) -> None:
    def interrupt() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 200

    target.health = interrupt
    pace = RealPace()
    prober = Prober(monitors, CHECKS[:1], lambda: {"custody": target.url}, pace)
    assert not call(commands(lambda _: monitors, lambda _path, _standby: prober), "run")
    assert monitors.state("custody", pace.now()).status == "OK"


def test_status_names_who_has_it_in_hand_and_what_stands_before_it(
    app: App,
    monitors: MonitorService,
    clock: FixedClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cutover.cli.output.console.width", 160)
    fail(monitors)
    monitors.acknowledge("custody", "Asha", START + timedelta(hours=2), "supplier called")
    monitors.record("cells", critical("down"), START)
    clock.advance(timedelta(minutes=2))
    assert call(app, "status") == 1
    shown = capsys.readouterr().out
    assert "no answer; Asha has it in hand until Fri 23 23:00Z" in shown
    assert "CRITICAL soft 1/3" in shown
    assert "down; behind custody" in shown
