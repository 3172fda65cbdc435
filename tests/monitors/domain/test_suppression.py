"""Invariant (a): a downtime and an acknowledgement stop notices, never an evaluation and never the history."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Fact
from monitors.domain.alert import ALERT, AlertFired, AlertResolved, AlertState, JudgeAlert
from monitors.domain.check import Result, Severity
from monitors.domain.downtime import Downtime, silenced_by
from monitors.domain.flapping import Window, push
from monitors.domain.health import CHECK, AcknowledgeAlert, AlertAcknowledged, HealthState
from monitors.samples import Last
from monitors.view import CheckView, view
from tests.monitors.domain.test_health import MINUTE, RESULTS, START, check, record

TELLING = {"alerting", "acknowledged", "downtime"}  # what a suppression may change of a view
runs = st.sampled_from(["ccc", "oo", "oooo", "uuu", "www", "c", "o", "cc", "u"])
logs = st.lists(runs, max_size=14).map(
    lambda found: "".join(found)[:40]
)  # believed failures and recoveries, often
spans = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), max_size=4)
CUSTODY = check(interval="1m", retry_interval="1m", stale_after="3m")


class Lived:
    """A check's life minute by minute, with what was announced and acknowledged meanwhile, and what was told of it."""

    def __init__(self, log: str, downtimes: list[tuple[int, int]], acks: list[tuple[int, int]]) -> None:
        self.facts: list[Fact] = []
        self.views: list[CheckView] = []
        self.told: list[Fact] = []
        state, alarm, window = CHECK.start, ALERT.start, Window()
        declared = [_downtime(begin, length) for begin, length in downtimes]
        for minute, letter in enumerate(log):
            now, result = START + minute * MINUTE, RESULTS[letter]
            state, fresh = CHECK.apply(state, record(result), now)
            window = push(window, result.status)
            self.facts += fresh
            for length in (length for begin, length in acks if begin == minute):
                with suppress(Refused):  # there is nothing to take in hand
                    state, fresh = CHECK.apply(state, _ack(now + length * MINUTE), now)
                    self.facts += fresh
            silent = silenced_by(CUSTODY, declared, now, "UTC")
            self.views.append(self._seen(state, result, window, minute, silent))
            alarm, fresh = ALERT.apply(alarm, _judge(self.views[-1]), now)
            self.told += fresh
        self.alarm: AlertState = alarm

    def _seen(self, state: HealthState, result: Result, window: Window, minute: int, silent: tuple[str, ...]) -> CheckView:  # fmt: skip
        now = START + minute * MINUTE
        return view(CUSTODY, {CUSTODY.id: state}, Last(result, now, None, window), now, silent)

    def history(self) -> list[tuple[str, Any]]:
        """Its facts without who has it in hand."""
        return [(f.event.model_dump_json(), f.at) for f in self.facts if not isinstance(f.event, AlertAcknowledged)]  # fmt: skip

    def evaluated(self) -> list[dict[str, Any]]:
        return [{name: value for name, value in asdict(one).items() if name not in TELLING} for one in self.views]  # fmt: skip


def _downtime(begin: int, length: int) -> Downtime:
    begins, ends = (START + minutes * MINUTE for minutes in (begin, begin + length))
    return Downtime(checks=("custody",), begins=f"{begins:%Y-%m-%dT%H:%MZ}", ends=f"{ends:%Y-%m-%dT%H:%MZ}", note="patching")  # fmt: skip


def _ack(until: Any) -> AcknowledgeAlert:
    return AcknowledgeAlert(by="Asha", until=until, note="in hand")


def _judge(seen: CheckView) -> JudgeAlert:
    return JudgeAlert(by="notifier", bad=seen.bad, held=seen.held, title="C", severity=Severity.HIGH,
                      label=seen.alarm.label, to=(), repeat=timedelta(hours=1))  # fmt: skip


@given(log=logs, downtimes=spans, acks=spans)
def test_a_suppressed_check_is_evaluated_and_remembered_as_any_other(
    log: str, downtimes: list[tuple[int, int]], acks: list[tuple[int, int]]
) -> None:
    plain, suppressed = Lived(log, [], []), Lived(log, downtimes, acks)
    assert suppressed.history() == plain.history()
    assert suppressed.evaluated() == plain.evaluated()


@given(log=logs, downtimes=spans, acks=spans)
def test_nothing_is_told_as_firing_while_it_is_suppressed_and_what_ended_while_bad_is_told_at_once(
    log: str, downtimes: list[tuple[int, int]], acks: list[tuple[int, int]]
) -> None:
    """And whoever was told hears of the end in the minute it ends, suppressed or not: (a), (b) and (c) over one life."""
    lived = Lived(log, downtimes, acks)
    told = {fact.at: fact.event for fact in lived.told}
    firing = False
    for minute, seen in enumerate(lived.views):
        said = told.get(START + minute * MINUTE)
        if seen.held:
            assert not isinstance(said, AlertFired)
        if firing and not seen.bad:
            assert isinstance(said, AlertResolved)
        was_held = minute > 0 and bool(lived.views[minute - 1].held)
        if was_held and seen.bad and not seen.held:
            assert isinstance(said, AlertFired)
        firing = (firing or isinstance(said, AlertFired)) and not isinstance(said, AlertResolved)


@given(log=logs, downtimes=spans)
def test_the_suppressed_lives_are_not_all_quiet(log: str, downtimes: list[tuple[int, int]]) -> None:
    """What keeps the properties above from being empty: a hard failure outside every downtime is told."""
    lived = Lived("ccc" + log, downtimes, [])
    if not lived.views[2].held:
        assert isinstance(lived.told[0].event, AlertFired)
