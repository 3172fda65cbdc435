"""What is scraped are finished gauges; what is not known is absent, never 0."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from monitors.ageing_service import AgeingView
from monitors.domain.ageing import Ages, Oldest
from monitors.domain.check import critical, ok
from monitors.domain.ledger import Summary
from monitors.domain.suspicion import Stage, SuspicionState
from monitors.exporter import render
from monitors.service import MonitorService
from tests.conftest import START
from tests.monitors.domain.test_ageing import CHECK as TRIAGE

DAY = timedelta(days=1)


def scrape(text: bytes) -> dict[tuple[str, str], float]:
    """Every sample by its name and its first label's value."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_checks_and_ledger_become_gauges(monitors: MonitorService) -> None:
    monitors.record("custody", ok("", 0.25), START)
    for minute in (1, 2, 3):
        monitors.record("cells", critical("down"), START + timedelta(minutes=minute))
    ledger = Summary(built=3, sent=2, in_flight=1, acknowledged=1, oldest_in_flight=timedelta(minutes=30))
    found = scrape(render(monitors.all(START + timedelta(minutes=3)), ledger, START))
    assert found["cutover_check_status", "custody"] == 0
    assert found["cutover_check_latency_seconds", "custody"] == 0.25
    assert found["cutover_check_last_success_timestamp_seconds", "custody"] == START.timestamp()
    assert (found["cutover_check_status", "cells"], found["cutover_check_alerting", "cells"]) == (2, 1)
    assert found["cutover_check_since_timestamp_seconds", "cells"] == START.timestamp() + 180
    assert found["cutover_check_status", "transfer"] == 3
    assert ("cutover_check_last_success_timestamp_seconds", "cells") not in found
    assert found["cutover_ledger_files", "in_flight"] == 1
    assert (found["cutover_ledger_oldest_seconds", "in_flight"], found["cutover_ledger_unaccounted", ""]) == (
        1800,
        0,
    )


def test_without_a_ledger_there_are_no_ledger_gauges(monitors: MonitorService) -> None:
    assert not [name for name, _ in scrape(render(monitors.all(), None, START)) if "ledger" in name]


def test_ages_become_gauges_while_their_look_is_fresh_and_are_no_figure_afterwards() -> None:
    first = Oldest(id="DA-17", since=START - DAY, due=START - DAY / 2, grave=START)
    ages = Ages(created=9, done=4, open=3, unacted=5, over_standard=1, unaccounted=2, strangers=0, oldest=(first,))  # fmt: skip
    suspected = SuspicionState(Stage.SUSPECTED, missing=2)
    view = AgeingView(TRIAGE, START, ages, suspected)
    found = scrape(render([], None, START, (), [view]))
    assert found["cutover_ageing_oldest_seconds", "triage"] == 86400
    assert found["cutover_ageing_overdue_seconds", "triage"] == 43200
    assert (found["cutover_ageing_over_standard", "triage"], found["cutover_ageing_waiting", "triage"]) == (
        1,
        5,
    )
    assert (found["cutover_ageing_unaccounted", "triage"], found["cutover_ageing_suspected", "triage"]) == (
        2,
        2,
    )
    stale = scrape(render([], None, START + DAY, (), [view]))
    assert {name for name, _ in stale if "ageing" in name} == {"cutover_ageing_suspected", "cutover_ageing_looked_timestamp_seconds"}  # fmt: skip
