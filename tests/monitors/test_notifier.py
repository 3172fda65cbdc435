"""Told once, told again when it must be, told to be over; whatever is killed in between."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from cutover.core.clock import FixedClock
from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.metadata import outbox_table
from cutover.store.projections import rebuild
from monitors.alert_states import alert_states
from monitors.domain.check import critical, ok
from monitors.domain.telling import Notify
from monitors.notices import alert_messages
from monitors.notifier import Notifier
from monitors.service import MonitorService
from tests.conftest import START, MakeDesk
from tests.monitors.conftest import CHECKS, EVENTS, projections

MINUTE = timedelta(minutes=1)
NOTIFY = Notify.model_validate(
    {
        "routes": [
            {"severities": ["critical"], "to": ["owner", "chen"]},
            {"repeat": "1h", "escalate": [{"after": "15m", "to": ["chen"]}]},
        ],
        "quiet_hours": [{"opens": "22:00", "closes": "00:00"}, {"opens": "00:00", "closes": "07:00"}],
    }
)


class World:
    """Monitors and a notifier over one journal; `at` moves the clock and tells."""

    def __init__(self, desk: Desk, clock: FixedClock) -> None:
        self.desk, self.clock = desk, clock
        self.monitors = MonitorService(desk, CHECKS, zone="Europe/London")
        self.notifier = Notifier(
            desk, NOTIFY, "Europe/London", lambda now: [view.alarm for view in self.monitors.all(now)]
        )

    def fail(self, check: str, at: datetime) -> None:
        for i in range(3):
            self.monitors.record(check, critical("no answer"), at + i * timedelta(seconds=1))

    def heal(self, check: str, at: datetime) -> None:
        for i in range(2):
            self.monitors.record(check, ok(), at + i * timedelta(seconds=1))

    def at(self, at: datetime) -> list[str]:
        self.clock.set(at)
        return [f"{r.stream}: {r.event.kind()}" for r in self.notifier.tell()]

    def sent(self) -> int:
        with reading(self.desk.journal.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(outbox_table)).scalar_one())


def world(make_desk: MakeDesk, clock: FixedClock, engine: Engine | None = None) -> World:
    made = World(make_desk(EVENTS, projections(), messages=alert_messages, on=engine), clock)
    for check in CHECKS:
        made.heal(check.id, START)
    return made


NOON = START + timedelta(hours=15)


def test_an_outage_is_told_once_to_its_owner_and_once_as_over(
    make_desk: MakeDesk, clock: FixedClock, any_engine: Engine
) -> None:
    here = world(make_desk, clock, any_engine)
    here.heal("custody", NOON - MINUTE)
    here.fail("custody", NOON)
    for check in ("cells", "transfer"):
        here.heal(check, NOON)
    assert here.at(NOON + MINUTE) == ["alert:custody: AlertFired"]
    assert here.at(NOON + 2 * MINUTE) == []
    here.heal("custody", NOON + 3 * MINUTE)
    assert here.at(NOON + 4 * MINUTE) == ["alert:custody: AlertResolved"]
    assert here.sent() == 2


def test_quiet_hours_hold_it_back_until_the_morning(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    here.fail("custody", START + MINUTE)  # 22:01 in London
    assert here.at(START + 2 * MINUTE) == []
    morning = START + timedelta(hours=9)
    here.fail("custody", morning - MINUTE)
    assert "alert:custody: AlertFired" in here.at(morning)


def test_quiet_hours_never_hold_back_a_safeguarding_alarm(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    here.monitors.checks = {
        name: check.model_copy(update={"safeguarding": name == "custody"})
        for name, check in here.monitors.checks.items()
    }
    for check in ("custody", "transfer"):
        here.fail(check, START + MINUTE)
    assert here.at(START + 2 * MINUTE) == ["alert:custody: AlertFired"]


def test_an_acknowledgement_that_ends_while_it_still_fails_is_told_again(
    make_desk: MakeDesk, clock: FixedClock
) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    here.at(NOON + MINUTE)
    here.monitors.acknowledge("custody", "Asha", NOON + 10 * MINUTE, "supplier called")
    assert "alert:custody: AlertHeld" in here.at(NOON + 2 * MINUTE)
    assert "alert:custody: AlertFired" not in here.at(NOON + 9 * MINUTE)
    assert "alert:custody: AlertFired" in here.at(NOON + 10 * MINUTE)


def test_a_downtime_holds_it_back_and_its_recovery_is_told_all_the_same(
    make_desk: MakeDesk, clock: FixedClock
) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    here.at(NOON + MINUTE)
    here.monitors.announce("patch", "Asha", NOON, NOON + 60 * MINUTE, "patching", components=["custody"])
    here.at(NOON + 2 * MINUTE)
    assert here.monitors.state("custody").downtime == ("patching (Asha)",)
    here.heal("custody", NOON + 3 * MINUTE)
    assert "alert:custody: AlertResolved" in here.at(NOON + 4 * MINUTE)


def test_a_downtime_ended_early_silences_no_longer(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    clock.set(NOON + MINUTE)
    here.monitors.announce("patch", "Asha", NOON, NOON + 60 * MINUTE, "patching", checks=["custody"])
    assert "alert:custody: AlertFired" not in here.at(NOON + MINUTE)
    here.monitors.end_downtime("patch", "Asha")
    assert "alert:custody: AlertFired" in here.at(NOON + 2 * MINUTE)
    assert here.monitors.downtimes() == {}


def test_a_notifier_that_was_killed_tells_nothing_twice(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    here.at(NOON + MINUTE)
    told = here.sent()
    again = World(Desk(here.desk.journal, clock, alert_messages), clock)
    assert again.at(NOON + MINUTE) == []
    assert again.sent() == told


def test_what_is_watched_no_longer_is_told_as_over(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    here.at(NOON + MINUTE)
    here.monitors.checks = {name: c for name, c in here.monitors.checks.items() if name != "custody"}
    assert "alert:custody: AlertResolved" in here.at(NOON + 2 * MINUTE)


def test_a_flapping_check_is_told_once_until_it_has_settled(make_desk: MakeDesk, clock: FixedClock) -> None:
    here = world(make_desk, clock)
    told = []
    for i in range(60):
        result = critical("no answer") if i % 2 and i < 30 else ok()
        here.monitors.record("custody", result, NOON + i * MINUTE)
        told += [line for line in here.at(NOON + i * MINUTE) if line.startswith("alert:custody")]
    ends = [line.removeprefix("alert:custody: ") for line in told]
    assert (ends[0], ends[-1]) == ("AlertFired", "AlertResolved")
    assert set(ends[1:-1]) == {"AlertEscalated"}  # in nobody's hands for a quarter of an hour


def test_what_was_told_rebuilt_from_the_journal_equals_the_live_view(
    make_desk: MakeDesk, clock: FixedClock
) -> None:
    here = world(make_desk, clock)
    here.fail("custody", NOON)
    here.at(NOON + MINUTE)
    engine = here.desk.journal.engine
    with reading(engine) as connection:
        live = alert_states(connection)
    rebuild(here.desk.journal)
    with reading(engine) as connection:
        assert alert_states(connection) == live
