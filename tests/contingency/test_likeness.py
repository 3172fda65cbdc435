"""Who looks for duplicates, and why: names alone, or a real model besides, which only ever adds what a person then decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy import Table as SqlTable
from sqlalchemy.schema import Column, MetaData
from sqlalchemy.types import DateTime, String

from contingency import likeness
from contingency.conversions import BatchReport, ConversionService
from contingency.domain.duplicates import Likeness, Near, Sighting
from contingency.likeness import Known, Learnt, learn
from contingency.sql_target import SqlTarget
from cutover.store.engine import open_engine, sqlite_url
from paper_capture.domain.moves import Person
from tests.conftest import START
from tests.contingency.world import World

HOUR = timedelta(hours=1)
STREETS = (
    "mill lane",
    "high street",
    "station road",
    "church walk",
    "park view",
    "the crescent",
    "brook way",
)
needs_splink = pytest.mark.skipif(
    find_spec("splink") is None,
    reason="REAL PART MISSING: the extra `link` (pip install 'cutover-golive[link]')",
)
TABLE = SqlTable(
    "crimes",
    MetaData(),
    Column("serial", String, primary_key=True),
    Column("form_type", String),
    Column("occurred_at", DateTime),
    *(Column(name, String) for name in ("surname", "forename", "dob", "street", "postcode", "offence")),
)


def citizen(i: int) -> dict[str, str]:
    """A person with an address, unlike the neighbours'."""
    dice = random.Random(i)
    surname, forename = ("".join(dice.choices("abcdefghijklmnoprstuw", k=7)) for _ in range(2))
    born = date(1940, 1, 1) + timedelta(days=dice.randrange(22_000))
    street = f"{dice.randrange(1, 90)} {dice.choice(STREETS)}"
    return {
        "surname": surname, "forename": forename, "dob": str(born), "street": street, "postcode": f"M{dice.randrange(1, 60)} {i % 9}QX",
    }  # fmt: skip


@pytest.fixture
def crimes(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(sqlite_url(tmp_path / "crimes.db"))
    TABLE.metadata.create_all(engine)
    yield engine
    engine.dispose()


def service_of(world: World, crimes: Engine, address: dict[str, str]) -> ConversionService:
    """The crime form's `place` stands for the street here, its `offence` for the postcode."""
    target = SqlTarget(
        str(crimes.url), "crimes", "serial", lambda r: {"occurred_at": r.occurred_at, "form_type": r.form_type, "offence": "x"}
    )  # fmt: skip
    return ConversionService(world.desk, world.book, world.paper, target, address=address)  # type: ignore[arg-type]


def keyed_and_written(world: World, crimes: Engine, count: int) -> list[str]:
    """So many crimes keyed straight in, and as many sheets, of which the first forty are of the same events; of these
    every other has the surname heard wrong and no date of birth."""
    at = world.clock.now() - timedelta(hours=80)
    rows = [
        {
            **citizen(i),
            "serial": f"E-{i}",
            "form_type": "crime",
            "occurred_at": at + i * HOUR / 4,
            "offence": "x",
        }
        for i in range(count)
    ]
    with crimes.begin() as connection:
        connection.execute(insert(TABLE), rows)
    serials = world.paper.issue(station="central", form_type="crime", count=count, by="bo")
    used = []
    for i, serial in enumerate(serials):
        who = citizen(i if i < 40 else 10_000 + i)
        heard_wrong = i < 40 and i % 2
        if heard_wrong:
            who = {**who, "surname": who["forename"][:3] + who["surname"][3:][::-1]}
        person = Person(
            surname=who["surname"],
            forename=who["forename"],
            dob=None if heard_wrong else date.fromisoformat(who["dob"]),
        )
        sheet = world.sheet(serial, i, person=person, occurred_at=at + i * HOUR / 4 + timedelta(minutes=9))
        values = {**sheet.values, "place": who["street"], "offence": who["postcode"]}
        used.append(sheet.model_copy(update={"values": values}))
    world.paper.log_used(used, by="bo")
    return world.verify(serials)


def run(service: ConversionService) -> BatchReport:
    return asyncio.run(service.convert_batch(1_000, by="tova"))


@needs_splink
@pytest.mark.requirement("R11")
def test_what_names_miss_an_address_shows(world: World, crimes: Engine) -> None:
    """Half of them with the surname heard wrong and no date of birth: names alone do not show those, the model does; the report says who looked."""
    serials = keyed_and_written(world, crimes, 240)
    service = service_of(world, crimes, {"street": "place", "postcode": "offence"})
    report = run(service)
    assert set(report.matched) == set(serials[:40]), "and nobody else's"
    assert (
        "a model of persons and addresses (Splink, learnt from 240 sheets and 240 records)"
        in report.matched_by
    )
    found = {serial: candidates[0] for serial, candidates in service.matches()}
    assert [found[serial].reference for serial in serials[:40]] == [f"E-{i}" for i in range(40)]
    assert any("the model takes person and address for the same" in one.reason for one in found.values())


def test_without_an_address_names_look_alone_and_the_report_says_so(world: World, crimes: Engine) -> None:
    """Which fields are an address is declared or it is not known."""
    keyed_and_written(world, crimes, 45)
    report = run(service_of(world, crimes, {}))
    assert len(report.matched) < 40
    assert "rapidfuzz" in report.matched_by
    assert "`target.address` says of no form which fields are an address" in report.matched_by


@pytest.mark.parametrize(
    ("installed", "why"), [(True, "too few to learn from"), (False, r"cutover-golive[link]")]
)
def test_where_no_model_can_be_asked_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch, why: str, *, installed: bool
) -> None:
    """Not installed, or too little to learn from."""
    monkeypatch.setattr(likeness, "find_spec", lambda _: object() if installed else None)
    learnt = learn([], [], {"street": "place"}, HOUR)
    assert why in learnt.why
    assert learnt.found == {}


def test_it_is_learnt_again_when_the_pile_has_grown_by_a_fifth() -> None:
    assert not Learnt(asked=100).is_outgrown(120)
    assert Learnt(asked=100).is_outgrown(121)
    assert Learnt().is_outgrown(1)


def test_a_record_found_by_both_is_shown_once_with_the_stronger_reason() -> None:
    """The most alike first."""
    one = Sighting("CR-1", "crime", "Król", "Halina", "1984-03-09", START)
    near = Near([Sighting("R-1", "crime", "Krol", "Halina", "1984-03-09", START)])
    learnt = Learnt("", 1, {"CR-1": (Likeness("R-1", 0.9, "model"), Likeness("R-2", 0.95, "model"))})
    assert [(found.ref, found.score) for found in Known(near, learnt, HOUR).like(one)] == [
        ("R-1", 1.0),
        ("R-2", 0.95),
    ]
