"""The commands of outcome flows answer people, programs and exit codes; what the plan cannot see is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cyclopts import App

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Refused
from monitors.ageing_service import AgeingService
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain import health, suspicion
from monitors.domain.ageing import AgeingCheck, Ages, Oldest
from monitors.domain.register import Expectation
from monitors.flow_cli import FlowDoors, add_flow_commands
from monitors.hypercare_service import HypercareService
from monitors.register_service import RegisterService
from monitors.service import MonitorService
from monitors.tables import MonitorStates
from tests.conftest import MakeDesk
from tests.monitors.flow_world import EVENTS, PROGRAMME, FlowWorld, open_flows
from tests.monitors.test_cli import call

LISTS = {"kind": "csv", "path": "a.csv"}
TRIAGE = AgeingCheck.model_validate(
    {"id": "triage", "kind": "ageing", "title": "Triage", "owner": "bo", "standard": "48h", "upstream": LISTS, "done": LISTS}
)  # fmt: skip
RETURN = Expectation(id="return", title="Monthly return", owner="bo")


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    kinds = (*EVENTS, *health.EVENTS, *suspicion.EVENTS)
    return open_flows(lambda *_: make_desk(kinds, [MonitorStates()]), clock)


@pytest.fixture
def ageing(world: FlowWorld) -> AgeingService:
    return AgeingService(world.desk, [TRIAGE], PROGRAMME, Path(), str)


@pytest.fixture
def app(world: FlowWorld, ageing: AgeingService, clock: FixedClock) -> App:
    app = App(name="monitor")
    flows = world.service
    owners = {flow.id: flow.owner for flow in flows.flows.values()}
    register = RegisterService(world.desk, [RETURN], owners, PROGRAMME, lambda: flows.flows)
    hypercare = HypercareService(MonitorService(world.desk, []), flows, register)
    collector = Collector(flows, CountSources(Path(), "Europe/London", str, dict), clock)
    add_flow_commands(
        app,
        FlowDoors(lambda _: flows, lambda _: collector, lambda _: register, lambda _: hypercare, lambda _: ageing),
    )  # fmt: skip
    return app


Said = pytest.CaptureFixture[str]


def test_a_flow_that_nobody_would_see_in_time_is_refused_until_it_is_waived_by_name(
    app: App, world: FlowWorld, capsys: Said
) -> None:
    world.freeze("incidents", "referrals")
    assert call(app, "detectability") == 1
    assert "refused: rare: a halving is seen in" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(Refused, match=r"no decider"):
        call(app, "waive", "rare", "--by", "bo", "--reason", "one a fortnight", "--until", "60d")
    call(app, "waive", "rare", "--by", "chen", "--reason", "one a fortnight", "--until", "60d")
    capsys.readouterr()
    assert call(app, "detectability", "--json") == 0
    assert json.loads(capsys.readouterr().out)["faults"] == []
    call(app, "unwaive", "rare", "--by", "chen", "--reason", "it is wanted after all")
    assert call(app, "detectability", "--json") == 1


def test_a_flow_of_which_nobody_knows_what_is_normal_is_refused(app: App, capsys: Said) -> None:
    assert call(app, "detectability", "--json") == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert "incidents: no baseline and no `expected`: nobody knows what is normal" in faults


def test_counts_are_told_alarms_taken_and_closed(app: App, world: FlowWorld, capsys: Said) -> None:
    world.freeze("incidents", "referrals")
    for n in range(3):
        world.morning(n + 1)
        call(app, "count", "incidents", str(world.service.first_day + timedelta(days=n)), "50")
    assert "FlowAlarmRaised" in capsys.readouterr().out
    assert call(app, "flows") == 1
    call(app, "take", "incidents", "--until", "2h", "--note", "calling", "--by", "bo")
    call(app, "close", "incidents", "halving", "--cause", "fixed", "--note", "restarted", "--by", "bo")
    call(app, "close", "incidents", "--cause", "fixed", "--note", "restarted", "--by", "bo")
    with pytest.raises(Refused, match="no alarm of incidents is open"):
        call(app, "close", "incidents", "--cause", "fixed", "--note", "again", "--by", "bo")
    capsys.readouterr()
    call(app, "flows", "--json")
    shown = {flow["flow"]: flow for flow in json.loads(capsys.readouterr().out)}
    assert (shown["incidents"]["status"], shown["incidents"]["alarms"]) == ("OK", [])


def test_a_day_that_is_none_is_refused(app: App) -> None:
    with pytest.raises(Invalid, match="'today' is no day; expected such as 2026-10-24"):
        call(app, "count", "incidents", "today", "8")


def test_a_baseline_is_frozen_by_name_for_all_that_have_none(
    app: App, world: FlowWorld, capsys: Said
) -> None:
    world.freeze("incidents")
    world.freeze("referrals")
    begins, ends = world.service.history_span(world.service.flows["rare"])
    world.freeze("rare", count=lambda *_: 1)
    assert (ends - begins).days == 363
    call(app, "freeze", "--by", "chen")
    assert "every flow has a baseline" in capsys.readouterr().out


def test_the_register_names_what_lacks_a_monitor_and_hypercare_does_not_end(app: App, capsys: Said) -> None:
    assert call(app, "register", "--json") == 1
    assert json.loads(capsys.readouterr().out)[0]["lacks"] == "nothing watches it"
    assert call(app, "exit", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "FAIL"
    assert "Monthly return: nothing watches it" in said["reasons"]
    call(app, "waive", "return", "--by", "chen", "--reason", "ends in May", "--until", "60d")
    assert call(app, "register") == 0


def test_what_is_not_of_this_programme_cannot_be_waived_or_sign(app: App) -> None:
    with pytest.raises(NotFound, match="did you mean 'referrals'"):
        call(app, "waive", "referals", "--by", "chen", "--reason", "r", "--until", "60d")
    with pytest.raises(NotFound, match="no person named 'dev'"):
        call(app, "waive", "rare", "--by", "dev", "--reason", "r", "--until", "60d")


def test_a_suspected_backlog_is_shown_and_settled(
    app: App, world: FlowWorld, ageing: AgeingService, capsys: Said
) -> None:
    assert call(app, "ageing") == 0
    lost = Oldest(
        id="DA-17",
        since=world.clock.at - timedelta(days=101),
        due=world.clock.at - timedelta(days=99),
        grave=world.clock.at - timedelta(days=98),
    )
    ages = Ages(created=3, done=1, open=1, unacted=2, over_standard=1, unaccounted=1, strangers=0, oldest=(lost,), lost=(lost,))  # fmt: skip
    ageing.record("triage", ages, world.clock.at)
    assert call(app, "ageing", "--json") == 1
    shown = capsys.readouterr().out
    assert json.loads(shown[shown.index("[\n") :])[0]["suspicion"]["missing"] == 1
    call(app, "settle", "triage", "--origin", "found", "--note", "an old inbox", "--by", "bo")
    assert call(app, "ageing") == 0


def test_what_was_looked_at_long_ago_is_not_shown_as_now(
    app: App, world: FlowWorld, ageing: AgeingService, capsys: Said
) -> None:
    ages = Ages(created=3, done=3, open=0, unacted=0, over_standard=0, unaccounted=0, strangers=0)
    ageing.record("triage", ages, world.clock.at - timedelta(days=2))
    call(app, "ageing")
    assert "stale" in capsys.readouterr().out


def test_the_board_pack_says_what_is_special_about_the_newest_week(
    app: App, world: FlowWorld, capsys: Said
) -> None:
    world.freeze("incidents")
    call(app, "pack", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["rare"] is None
    assert shown["incidents"]["weeks"][-1]["look"] == "common cause"


def test_every_source_is_read_once(app: App, capsys: Said) -> None:
    assert call(app, "collect") == 0
    assert "every source was read" in capsys.readouterr().out
