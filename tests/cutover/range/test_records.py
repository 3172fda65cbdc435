"""From the legacy register into the new one: whole, with a status lost in silence, repaired, and record by record."""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import suppress
from threading import Thread
from typing import Any

import httpx
import pytest

from cutover.range.crimes import COLUMNS
from tests.cutover.range.conftest import World, until

pytestmark = pytest.mark.real


def register(world: World, system: str) -> list[dict[str, str]]:
    text = world.get(system, "/register/crimes.csv").text
    return list(csv.DictReader(io.StringIO(text)))


def load(world: World, key: str, **body: Any) -> httpx.Response:
    return world.post("new_records", "/loads", key, source_url=world.processes.urls["legacy_records"], **body)


@pytest.fixture
def empty(world: World) -> World:
    """A new records system that has loaded nothing yet."""
    world.processes.kill("new_records")
    for path in world.processes.folder.glob("new_records.db*"):
        path.unlink()
    world.processes.start()
    return world


def test_the_register_has_25000_crimes_of_which_604_are_under_review(world: World) -> None:
    rows = register(world, "legacy_records")
    assert tuple(rows[0]) == COLUMNS
    assert (len(rows), Counter(row["status"] for row in rows)["under_review"]) == (25_000, 604)


def test_pages_follow_one_another_and_the_last_says_so(world: World) -> None:
    first = world.get("legacy_records", "/crimes", limit=2).json()
    second = world.get("legacy_records", "/crimes", limit=2, after=first["next"]).json()
    ids = [crime["crime_id"] for page in (first, second) for crime in page["crimes"]]
    assert ids == ["C0000001", "C0000002", "C0000003", "C0000004"]
    last = world.get("legacy_records", "/crimes", limit=2, after="C0024999").json()
    assert ([crime["crime_id"] for crime in last["crimes"]], last["next"]) == (["C0025000"], None)
    assert world.get("legacy_records", "/crimes", limit="many").status_code == 400


def test_a_loader_that_loses_a_status_reports_everything_read_and_nothing_failed(empty: World) -> None:
    empty.break_("new_records", lose_status="under_review")
    begun = load(empty, "lossy", minutes=240)
    assert (begun.status_code, begun.json()["state"]) == (202, "running")
    empty.clock.advance(hours=2)
    assert empty.get("new_records", "/loads/lossy").json()["read"] == 12_500
    empty.clock.advance(hours=2)
    report = empty.get("new_records", "/loads/lossy").json()
    assert {name: report[name] for name in ("state", "read", "loaded", "failed")} == {
        "state": "done",
        "read": 25_000,
        "loaded": 25_000,
        "failed": 0,
    }
    legacy, new = register(empty, "legacy_records"), register(empty, "new_records")
    missing = {row["crime_id"] for row in legacy} - {row["crime_id"] for row in new}
    assert missing == {row["crime_id"] for row in legacy if row["status"] == "under_review"}
    assert len(missing) == 604

    repair = load(empty, "repair", minutes=10, only_status="under_review")
    empty.clock.advance(minutes=10)
    assert empty.get("new_records", "/loads/repair").json()["read"] == 604
    assert repair.status_code == 202
    assert register(empty, "new_records") == legacy


def test_a_load_is_slowed_and_asking_again_from_another_address_loads_nothing_twice(empty: World) -> None:
    empty.break_("new_records", slow=2)
    first = load(empty, "once", minutes=60, only_status="cautioned").json()
    assert first["ready_at"] == "2026-10-24T11:30:00.000000Z"
    again = empty.post(
        "new_records", "/loads", "once", source_url="http://127.0.0.1:9", minutes=60, only_status="cautioned"
    )
    assert (again.status_code, again.json()) == (202, first)
    assert empty.get("new_records", "/effects/once").json()["applied"] == 1


def test_a_load_whose_source_is_down_fails_and_leaves_nothing(empty: World) -> None:
    empty.break_("legacy_records", down=True)
    assert load(empty, "no source", minutes=1).status_code == 502
    assert empty.get("new_records", "/effects/no source").status_code == 404
    assert register(empty, "new_records") == []


def test_a_load_killed_on_the_way_happened_wholly_or_not_at_all(empty: World) -> None:
    def ask() -> None:
        with suppress(httpx.TransportError):
            load(empty, "killed", minutes=1)

    asking = Thread(target=ask)
    asking.start()
    wal = empty.processes.folder / "new_records.db-wal"
    until(lambda: wal.exists() and wal.stat().st_size > 200_000)  # the rows are on their way to the disk
    empty.processes.kill("new_records")
    asking.join()
    empty.processes.start()
    happened = empty.get("new_records", "/effects/killed").status_code == 200
    assert len(register(empty, "new_records")) == (25_000 if happened else 0)
    assert load(empty, "killed", minutes=1).status_code == 202
    assert len(register(empty, "new_records")) == 25_000


def record(
    world: World, key: str, serial: str | None, at: str = "2026-10-24T03:15:00+01:00", **more: Any
) -> Any:
    person = {"surname": "Łukasik", "forename": "Zoë"}
    body = {"form_type": "arrest", "serial": serial, "person": person, "occurred_at": at, "entered_by": "Bo"}
    return world.post("new_records", "/records", key, **(body | more))


def test_the_same_record_under_the_same_key_is_one_record_and_other_content_a_conflict(world: World) -> None:
    first, again = (record(world, "same", "S-1", form_type="search") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert record(world, "same", "S-2", form_type="search").status_code == 409
    found = world.get("new_records", "/records", form_type="search").json()["records"]
    assert [(row["reference"], row["serial"]) for row in found] == [(first.json()["reference"], "S-1")]


def test_paper_and_electronic_records_are_found_by_type_and_time(world: World) -> None:
    record(world, "paper", "S-9", form_type="custody")
    record(world, "electronic", None, "2026-10-24T02:20:00Z", form_type="custody", values={"cell": "4"})
    record(world, "later", None, "2026-10-25T02:20:00Z", form_type="custody")
    night = {"from": "2026-10-24T02:00:00Z", "to": "2026-10-24T02:20:00Z", "form_type": "custody"}
    paper, electronic = world.get("new_records", "/records", **night).json()["records"]
    assert (paper["key"], paper["serial"], paper["occurred_at"]) == (
        "paper",
        "S-9",
        "2026-10-24T02:15:00.000000Z",
    )
    assert (electronic["key"], electronic["serial"], electronic["values"]) == (
        "electronic",
        None,
        {"cell": "4"},
    )
    assert paper["person"] == {"surname": "Łukasik", "forename": "Zoë"}
    assert world.get("new_records", "/records", **{"from": "yesterday"}).status_code == 400


def test_a_serial_converted_twice_under_two_keys_is_seen_twice(world: World) -> None:
    for key in ("double 1", "double 2"):
        record(world, key, "S-77")
    found = world.get("new_records", "/records/by-serial", serial="S-77").json()["records"]
    assert [row["key"] for row in found] == ["double 1", "double 2"]
    assert world.get("new_records", "/records/by-serial/S-77").json()["records"] == found
    every = world.get("new_records", "/records/by-serial").json()["records"]
    assert all(row["serial"] for row in every)
    assert len(every) >= 2


@pytest.mark.parametrize(
    "wrong", [{"serial": ""}, {"person": None}, {"occurred_at": "2026-10-24T03:15:00"}, {"entered_by": " "}]
)
def test_a_record_that_lacks_something_is_refused_by_the_name_of_the_field(
    world: World, wrong: dict[str, Any]
) -> None:
    answer = record(world, "lacking", "S-5", **{k: v for k, v in wrong.items() if k != "serial"})
    if "serial" in wrong:
        answer = record(world, "lacking", wrong["serial"])
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]
