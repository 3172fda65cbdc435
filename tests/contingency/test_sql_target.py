"""A table as the target, on SQLite and on a real PostgreSQL: one row a serial, and what does not fit is told and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from contingency.conversions import BatchReport, ConversionService
from contingency.domain.mapping import FieldMap, FormMap
from contingency.sql_target import SqlTarget
from contingency.target_file import TargetDeclaration
from contingency.target_kinds import make_target, target_record
from cutover.core.errors import Invalid, Unavailable
from cutover.store.engine import open_engine, sqlite_url
from tests.contingency.dying import die
from tests.contingency.world import World, somebody

FIELDS = {
    "crime_no": "serial", "form_type": "form_type", "occurred_at": "occurred_at",
    "surname": "person.surname", "forename": "person.forename", "dob": "person.dob", "offence": "offence",
}  # fmt: skip
TABLE = (
    "CREATE TABLE crimes (crime_no VARCHAR(20) PRIMARY KEY, form_type VARCHAR(20), occurred_at {moment} NOT NULL, "
    "surname VARCHAR(200), forename VARCHAR(200), dob VARCHAR(10), offence VARCHAR(200) NOT NULL, beat INTEGER)"
)
MOMENT = {"sqlite": "TIMESTAMP", "postgresql": "TIMESTAMP WITH TIME ZONE"}


class Crimes:
    """The target's database, and back-conversion into its one table."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.world = url, world
        self.engine: Engine = open_engine(url)
        self.say(TABLE.format(moment=MOMENT[self.engine.dialect.name]))

    def say(self, *words: str) -> None:
        with self.engine.begin() as connection:
            for word in words:
                connection.execute(text(word))

    def rows(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT crime_no FROM crimes ORDER BY crime_no")).scalars())

    def service(self, **changed: str) -> ConversionService:
        """Converts crimes by a mapping of every column; `changed` maps a column from elsewhere."""
        fields = [
            FieldMap.model_validate({"to": to, "from": source}) for to, source in (FIELDS | changed).items()
        ]
        declared = TargetDeclaration(
            kind="sql", url="crimes-db", table="crimes", key_column="crime_no",
            mappings=(FormMap(form="crime", fields=tuple(fields)),),
        )  # fmt: skip
        target = make_target(declared, Path(), {}, {"crimes-db": self.url}.__getitem__)
        return ConversionService(self.world.desk, self.world.book, self.world.paper, target)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def crimes(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Crimes]:
    url = sqlite_url(tmp_path / "crimes.db")
    there = Crimes(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"), world)
    yield there
    there.engine.dispose()


def run(service: ConversionService) -> BatchReport:
    return asyncio.run(service.convert_batch(by="tova"))


@pytest.mark.requirement("R11")
def test_each_sheet_becomes_one_row_and_a_second_run_adds_none(crimes: Crimes) -> None:
    """The reference is the row's own key, and both sides agree one to one."""
    serials = crimes.world.verified(12)
    service = crimes.service()
    assert sorted(run(service).converted) == crimes.rows() == sorted(serials)
    assert run(service) == BatchReport()
    assert asyncio.run(service.one_to_one()).holds
    assert crimes.world.paper.sheet(serials[0]).reference == serials[0]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_between_the_row_and_its_record_leaves_one_row(crimes: Crimes, *, arrived: bool) -> None:
    """Committed there and unknown here, or never sent: the table is asked, and each serial is there once."""
    serials = crimes.world.verified(6)
    service = crimes.service()
    die(service, survives=2, arrived=arrived)
    assert service.status()["begun"] == 6
    run(service)
    assert (crimes.rows(), service.status()["converted"]) == (sorted(serials), 6)


def test_a_mapping_to_a_column_that_is_not_there_is_a_dead_letter_and_goes_through_when_it_is(
    crimes: Crimes,
) -> None:
    """The reason names table and column; nothing is lost, and a named person tries it again."""
    serials = crimes.world.verified(2)
    assert sorted(run(crimes.service(ward="place")).set_aside) == sorted(serials)
    service = crimes.service()
    assert {row.reason for row in service.dead_letters()} == {"the table crimes has no column ward"}
    service.requeue(serials, by="chen", reason="the mapping is mended")
    run(service)
    assert crimes.rows() == sorted(serials)


def test_a_value_that_does_not_fit_its_column_is_a_dead_letter(crimes: Crimes) -> None:
    """A text where a number belongs on PostgreSQL; on SQLite, which takes any text, an object where a text belongs."""
    crimes.world.verified(1)
    if crimes.engine.dialect.name == "postgresql":
        service = crimes.service(beat="place")
    else:
        service = crimes.service()
        service.target = SqlTarget(
            crimes.url, "crimes", "crime_no", lambda record: {"offence": dict(record.person)}
        )
    run(service)
    (letter,) = service.dead_letters()
    assert "does not fit the table crimes" in letter.reason
    assert (crimes.rows(), service.working().away) == ([], ""), "the target is well, the record is not"


def test_a_row_that_the_table_turns_away_is_rejected_with_its_reason(crimes: Crimes) -> None:
    """A required column that the form leaves empty: the database's own words are on the sheet."""
    (serial,) = crimes.world.verified(1)
    run(crimes.service(offence="detail"))
    row = crimes.world.paper.sheet(serial)
    assert (row.disposition, "offence" in row.reason, crimes.rows()) == ("rejected", True, [])


def test_a_table_that_swallows_rows_is_believed_in_nothing(crimes: Crimes) -> None:
    """A trigger that drops the row without an error: no success, a dead letter, the sheet is still in hand."""
    (serial,) = crimes.world.verified(1)
    if crimes.engine.dialect.name == "sqlite":
        crimes.say("CREATE TRIGGER swallow BEFORE INSERT ON crimes BEGIN SELECT RAISE(IGNORE); END")
    else:
        crimes.say(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER swallow BEFORE INSERT ON crimes FOR EACH ROW EXECUTE FUNCTION swallow()",
        )
    service = crimes.service()
    assert run(service).set_aside == (serial,)
    assert "does not hold it" in service.dead_letters()[0].reason
    assert crimes.world.paper.sheet(serial).stage == "verified"


def test_a_row_keyed_straight_in_waits_for_a_person_and_one_hours_later_does_not(crimes: Crimes) -> None:
    """Match before create, by what the table's own columns say of person and time."""
    early, late = crimes.world.verified(2, person=somebody(3))
    at = crimes.world.paper.sheet(early).occurred_at
    assert at is not None
    service = crimes.service()
    values = "'crime', :at, :surname, :forename, :dob, 'burglary'"
    with crimes.engine.begin() as connection:
        for number, moment in (("E-1", at), ("E-2", at.replace(day=1))):
            who: dict[str, Any] = somebody(3).model_dump(mode="json")
            connection.execute(
                text(
                    "INSERT INTO crimes (crime_no, form_type, occurred_at, surname, forename, dob, offence)"
                    f" VALUES ('{number}', {values})"
                ),
                {
                    **who,
                    "at": moment
                    if crimes.engine.dialect.name == "postgresql"
                    else moment.isoformat(" ")[:19],
                },
            )
    assert run(service).matched == (early, late)
    assert {c.reference for _, found in service.matches() for c in found} == {"E-1"}


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ("crimez", "crime_no", "has no table 'crimez'"),
        ("crimes", "offence", "'offence' of 'crimes' is not unique"),
    ],
)
def test_a_table_in_which_a_row_could_be_twice_is_not_written_to(
    crimes: Crimes, table: str, key: str, said: str
) -> None:
    """Nothing is begun."""
    crimes.world.verified(1)
    service = crimes.service()
    service.target = SqlTarget(crimes.url, table, key, lambda record: {"offence": "x"})
    with pytest.raises(Invalid, match=said):
        run(service)
    assert (service.status()["begun"], crimes.rows()) == (0, [])


@pytest.mark.real
def test_a_database_that_is_away_begins_nothing(world: World) -> None:
    """A port at which nobody listens: told as such, and the sheets still wait."""
    world.verified(2)
    service = ConversionService(
        world.desk, world.book, world.paper,
        SqlTarget("postgresql://nobody@127.0.0.1:1/nowhere", "crimes", "crime_no", lambda r: target_record(TargetDeclaration(), r)),
    )  # fmt: skip
    with pytest.raises(Unavailable, match="does not answer"):
        run(service)
    assert (service.status()["begun"], service.status()["waiting"]) == (0, 2)


def test_a_sqlite_file_that_is_not_there_is_refused_by_its_place_and_none_is_made(
    world: World, tmp_path: Path
) -> None:
    """SQLite itself would make an empty database and find no table in it."""
    missing = tmp_path / "nowhere.db"
    there = Crimes(sqlite_url(tmp_path / "crimes.db"), world)
    there.engine.dispose()
    there.url = sqlite_url(missing)
    world.verified(1)
    with pytest.raises(Invalid, match=f"{missing}: target: url: the target's database is not there"):
        run(there.service())
    assert not missing.exists()
