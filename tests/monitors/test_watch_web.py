"""The health page with flows and ages: gravest first, charts drawn, alarms taken and closed from it by who may."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import cutover.domain.modes
from cutover.core.clock import FixedClock
from cutover.web.kit import build_app, names_used, templates
from cutover.web.visitor import NOBODY, KnownBy, Unguarded, Visitor
from monitors.ageing_service import AgeingService
from monitors.domain import health, ledger, suspicion
from monitors.domain.ageing import AgeingCheck, Ages, Oldest
from monitors.domain.check import ok
from monitors.domain.declared import HttpCheck
from monitors.domain.flow_events import Chart
from monitors.domain.suspicion import Stage
from monitors.health_acts import HealthActs
from monitors.hypercare_service import HypercareService
from monitors.ledger_service import LedgerService
from monitors.pack_web import pack_page
from monitors.register_service import RegisterService
from monitors.service import MonitorService
from monitors.tables import CaseFiles, MonitorStates
from monitors.watch_cards import Watch
from monitors.web import pages
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Signed
from tests.monitors.flow_world import EVENTS, PROGRAMME, FlowWorld, open_flows

PROBE = HttpCheck.model_validate(
    {"kind": "http", "id": "records", "title": "Records answers", "component": "records", "owner": "bo", "system": "records"}
)  # fmt: skip
TRIAGE = AgeingCheck.model_validate(
    {
        "id": "triage", "kind": "ageing", "title": "Triage", "component": "records", "owner": "bo", "standard": "48h",
        "upstream": {"kind": "csv", "path": "a.csv"}, "done": {"kind": "csv", "path": "b.csv"},
    }
)  # fmt: skip


@dataclass(frozen=True)
class Always(Unguarded):
    """Everybody is the same person; '' is nobody."""

    person: str

    def visitor(self, cookies: Mapping[str, str]) -> Visitor:
        known = PROGRAMME.person(self.person)
        if known is None:
            return NOBODY
        return Visitor(known.id, known.name, frozenset(known.roles), KnownBy.ACCOUNT, "ab12")


@dataclass
class Health:
    """The page with everything behind it."""

    flows: FlowWorld
    monitors: MonitorService
    watch: Watch

    def as_(self, person: str) -> Signed:
        desk, clock = self.flows.desk, self.flows.clock
        shown = [
            *pages(self.monitors, LedgerService(desk), desk, PROGRAMME, clock, watch=self.watch),
            pack_page(self.flows.service, PROGRAMME, clock),
        ]
        acts = HealthActs(self.monitors, self.watch).acts()
        return Signed(build_app("P", shown, desk.journal, threading.Event(), acts=acts, guard=Always(person)))

    def probes_are_green(self) -> None:
        self.monitors.record("records", ok("answered 200"), self.flows.clock.now())


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> Health:
    kinds = (*EVENTS, *health.EVENTS, *ledger.EVENTS, *suspicion.EVENTS, *cutover.domain.modes.EVENTS)
    flows = open_flows(lambda *_: make_desk(kinds, [MonitorStates(), CaseFiles()]), clock)
    flows.freeze("incidents", "referrals")
    monitors = MonitorService(flows.desk, [PROBE])
    ageing = AgeingService(flows.desk, [TRIAGE], PROGRAMME, Path(), lambda name: name)
    register = RegisterService(flows.desk, [], {}, PROGRAMME, lambda: flows.service.flows)
    watch = Watch(
        flows.service, ageing, register, HypercareService(monitors, flows.service, register, ageing)
    )
    return Health(flows, monitors, watch)


def fallen(world: Health) -> Health:
    world.flows.live("incidents", [40, 30])
    world.probes_are_green()
    return world


def test_green_probes_over_fallen_work_are_told_first_and_as_a_silent_failure(world: Health) -> None:
    text = fallen(world).as_("bo").get("/health").text
    told = text.index("Silent failure: Records. its probe is green, and the work does not flow: Incidents")
    assert told < text.index("Outcome flows: 2 alarms to close") < text.index("Records answers")


def test_each_flow_has_its_chart_its_declared_days_and_its_figures_in_a_table(world: Health) -> None:
    text = fallen(world).as_("bo").get("/health").text
    assert text.count('class="chart flow-chart"') == 1  # the others' charts have not begun
    assert "a halving shows by day 2" in text
    assert "<td>Wed 28 Oct</td>" in text


def test_an_alarm_is_closed_from_the_page_with_its_cause_in_the_visitors_name(world: Health) -> None:
    bo = fallen(world).as_("bo")
    bo.get("/health")
    answer = bo.post("/health/flows/incidents/close", cause="fixed", note="the interface was restarted")
    assert "Closed in your name: incidents" in answer.text
    state = world.flows.service.state("incidents")
    assert (dict(state.alarms), {c.by for c in state.closed}) == ({}, {"bo"})


def test_an_alarm_is_taken_in_hand_until_a_time(world: Health) -> None:
    bo = fallen(world).as_("bo")
    bo.get("/health")
    bo.post("/health/flows/incidents/take", until="2h", note="calling the supplier")
    held = world.flows.service.state("incidents").alarms[Chart.HALVING].in_hand
    assert held is not None
    assert held.until == world.flows.clock.at + timedelta(hours=2)


def test_a_time_without_a_zone_comes_back_with_the_fault_at_its_field(world: Health) -> None:
    bo = fallen(world).as_("bo")
    bo.get("/health")
    answer = bo.post("/health/flows/incidents/take", until="2026-10-29T12:00", note="n")
    assert answer.status_code == 400
    assert "does not say in which zone" in answer.text


def test_who_only_decides_nothing_here_sees_no_form_and_is_refused(world: Health) -> None:
    """Nobody signed in reads, and changes nothing."""
    reader = fallen(world).as_("")
    assert 'method="post"' not in reader.get("/health").text
    assert reader.post("/health/flows/incidents/close", cause="fixed", note="n").status_code == 409


def waiting(since: datetime) -> Oldest:
    due = since + timedelta(days=2)
    return Oldest(id="DA-17", since=since, due=due, grave=due + timedelta(days=1))


def test_the_ages_of_a_past_moment_are_those_of_the_last_look_before_it(world: Health) -> None:
    """Of each hour the last look is kept; what was suspected later was not suspected then."""
    at = world.flows.morning(3)
    calm = Ages(created=9, done=8, open=1, unacted=1, over_standard=0, unaccounted=0, strangers=0,
                oldest=(waiting(at - timedelta(hours=5)),))  # fmt: skip
    world.watch.ageing.record("triage", calm, at)
    later = world.flows.morning(5)
    world.watch.ageing.record("triage", calm.model_copy(update={"unaccounted": 4, "over_standard": 7}), later)
    bo = world.as_("bo")
    then = bo.get("/health", at=f"{at + timedelta(hours=1):%Y-%m-%dT%H:%MZ}").text
    assert "<strong>6h</strong>" in then
    assert "Suspected backlog" not in then
    assert "Suspected backlog" in bo.get("/health").text
    long_after = bo.get("/health", at=f"{at + timedelta(hours=30):%Y-%m-%dT%H:%MZ}").text
    assert "not looked at" in long_after  # nobody looked for a day: nothing is known of that moment
    assert "never looked at" in bo.get("/health", at=f"{at - timedelta(hours=1):%Y-%m-%dT%H:%MZ}").text


def test_the_ageing_table_is_headed_by_the_oldest_and_a_gap_is_settled_by_name(world: Health) -> None:
    at = world.flows.morning(3)
    lost = waiting(at - timedelta(days=101))
    ages = Ages(created=686, done=400, open=200, unacted=286, over_standard=90, unaccounted=86, strangers=0,
                oldest=(lost,), lost=(lost,), arrived=70, completed=35)  # fmt: skip
    world.watch.ageing.record("triage", ages, at)
    bo = world.as_("bo")
    text = bo.get("/health").text
    assert "<strong>101d</strong>" in text
    assert "686 created = 400 done + 200 open + 86 unaccounted" in text
    assert "never at last week" in text
    bo.post("/health/ageing/triage/settle", origin="found", note="an old inbox")
    assert world.watch.ageing.all()[0].suspicion.stage is Stage.CLEAR


def test_hypercare_does_not_end_while_a_fall_could_not_have_been_seen(world: Health) -> None:
    world.flows.live("incidents", [120])
    said = world.watch.hypercare.exit()
    assert said.verdict == "INCONCLUSIVE"
    assert re.search(r"May hypercare end\?.*not known yet", world.as_("bo").get("/health").text)


def test_the_wall_shows_the_same_without_anything_to_press(world: Health) -> None:
    text = fallen(world).as_("bo").get("/health", wall="").text
    assert '<body class="wall"' in text
    assert "flow-chart" in text


def test_a_past_moment_shows_the_flows_as_their_facts_stood_and_nothing_to_press(world: Health) -> None:
    fallen(world)
    text = world.as_("bo").get("/health", at="2026-10-28T08:30Z").text
    assert "As it was at Wed 28 Oct 08:30 GMT" in text
    assert "to close" not in text
    assert 'action="/health/' not in text
    after = world.as_("bo").get("/health", at="2026-10-29T09:00Z").text
    assert "Outcome flows: 2 alarms to close" in after


def test_the_board_pack_draws_whole_weeks_in_the_words_that_boards_know(world: Health) -> None:
    text = world.as_("bo").get("/health/pack").text
    assert "common cause" in text
    assert text.count("<svg") == 2  # the rare flow has no counts yet
    assert "Fewer than three whole weeks" in text


def test_the_templates_read_exactly_the_fields_of_their_contexts(world: Health) -> None:
    page = pack_page(world.flows.service, PROGRAMME, world.flows.clock)
    assert names_used(templates([page]), page) == {"now", "weekly"}
