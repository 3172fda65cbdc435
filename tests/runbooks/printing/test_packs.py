"""Which tasks go into which pack."""

from __future__ import annotations

import pytest

from cutover.core.errors import NotFound
from runbooks.printing.packs import Kind, pack_of, packs_of
from tests.runbooks.printing.paper import ids, laid

PLAN = laid()


def test_the_whole_pack_has_every_task_by_time():
    assert ids(pack_of(PLAN, Kind.WHOLE, "")) == ["A", "P", "Q", "G", "F", "L", "M"]


def test_a_stream_has_its_own_tasks():
    assert ids(pack_of(PLAN, Kind.STREAM, "paper")) == ["P", "Q"]
    assert ids(pack_of(PLAN, Kind.STREAM, "gates")) == ["G", "F"]  # named by tasks alone


def test_a_station_has_what_names_it_what_stations_do_and_what_changes_its_systems():
    assert ids(pack_of(PLAN, Kind.STATION, "bolton")) == ["P", "Q", "M"]
    assert ids(pack_of(PLAN, Kind.STATION, "central")) == ["P", "M"]


def test_a_station_has_the_messages_meant_for_stations():
    plan = laid(
        {"id": "C", "title": "Say it", "type": "comms", "audience": "every station", "duration": "5m"}
    )
    assert "C" in ids(pack_of(plan, Kind.STATION, "central"))


def test_a_person_has_own_tasks_those_as_deputy_decisions_and_the_teams():
    bo, chen = pack_of(PLAN, Kind.PERSON, "bo"), pack_of(PLAN, Kind.PERSON, "chen")
    assert dict(bo.notes) == {"A": "your team", "F": "your team", "L": "yours"}
    assert dict(chen.notes) == {
        "A": "your team",
        "F": "your team",
        "G": "you decide",
        "L": "you are deputy to Bo Lindqvist",
    }


def test_every_pack_that_has_a_task_is_printed_once():
    names = [pack.file_name for pack in packs_of(PLAN)]
    assert names == [
        "runbook.pdf", "stream-freeze.pdf", "stream-paper.pdf", "stream-load.pdf", "stream-gates.pdf",
        "station-central.pdf", "station-bolton.pdf",
        "person-asha.pdf", "person-bo.pdf", "person-chen.pdf", "person-dev.pdf", "person-eva.pdf",
    ]  # fmt: skip


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(NotFound, match="did you mean 'freeze'"):
        pack_of(PLAN, Kind.STREAM, "freze")
