"""The same planted world in every engine: the same findings, counts and cells, none invented, none lost."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text

from cutover.core.errors import Invalid
from cutover.reconciliation.findings import Outcome, Verdict
from tests.cutover.reconciliation.engines import FOUND, agree, as_parquet, as_tables, planted
from tests.cutover.reconciliation.world import World


def _told(world: World) -> list[dict[str, Any]]:
    return world.service.findings("crimes")


@pytest.fixture
def embedded(world: World) -> tuple[Outcome, list[dict[str, Any]]]:
    """What a run of our own engine says of the planted world."""
    agree(world, as_parquet(world.folder, *planted()))
    return world.run(), _told(world)


def same(world: World, outcome: Outcome, embedded: tuple[Outcome, list[dict[str, Any]]]) -> None:
    here, told = embedded
    assert outcome.counts == FOUND == here.counts
    assert (outcome.kinds, outcome.by_state, outcome.unexplained) == (
        here.kinds,
        here.by_state,
        here.unexplained,
    )
    assert _told(world) == told
    assert (outcome.verdict, outcome.reasons) == (Verdict.FAIL, here.reasons)
    assert outcome.conservation == here.conservation
    assert outcome.conservation.holds


def test_the_skeleton_on_duckdb_finds_what_a_run_finds(
    world: World, embedded: tuple[Outcome, list[dict[str, Any]]]
) -> None:
    same(world, world.run(engine="duckdb"), embedded)


@pytest.mark.real
def test_the_skeleton_on_postgresql_finds_the_same(
    world: World, embedded: tuple[Outcome, list[dict[str, Any]]], postgres_url: str
) -> None:
    world.systems = {"new": postgres_url}
    agree(world, as_tables(postgres_url, *planted()), engine="postgres")
    outcome = world.run()
    assert outcome.engine.startswith("postgresql ")
    same(world, outcome, embedded)


@pytest.mark.parametrize(("spoken", "said"), [("sparc", "did you mean 'spark'"), ("trino", "is none of")])
def test_an_engine_that_is_not_run_is_refused_before_a_run_begins(
    world: World, spoken: str, said: str
) -> None:
    agree(world, as_parquet(world.folder, *planted()))
    with pytest.raises(Invalid, match=said):
        world.run(engine=spoken)
    assert world.service.history("crimes") == []


def test_what_is_frozen_here_is_not_compared_elsewhere(world: World) -> None:
    world.agree(source_frozen=True)
    with pytest.raises(Invalid, match="freeze the source as a table"):
        world.run(engine="postgres")


def test_sides_that_no_engine_has_both_are_an_error_that_says_so(world: World) -> None:
    agree(world, as_parquet(world.folder, *planted()))
    outcome = world.run(engine="postgres")
    assert outcome.verdict is Verdict.ERROR
    assert "must be tables of one database" in outcome.reasons[0]


@pytest.mark.real
def test_what_is_not_there_or_not_to_be_reached_in_postgresql_is_an_error_and_named(
    world: World, postgres_url: str
) -> None:
    world.systems = {"new": postgres_url}
    here = as_tables(postgres_url, *planted())
    agree(world, here | {"target": {"system": "new", "table": "targets"}}, engine="postgres")
    assert 'relation "targets" does not exist' in world.run().reasons[0]
    agree(world, here | {"officers": {"system": "new", "table": "source"}}, engine="postgres")
    assert "has no column 'name'" in world.run().reasons[0]
    world.systems = {"new": postgres_url.replace("host=", "host=/nowhere")}
    agree(world, here, engine="postgres")
    gone = world.run()
    assert (gone.verdict, gone.reasons[0].startswith("postgres: ")) == (Verdict.ERROR, True)


@pytest.mark.real
def test_blanks_that_pad_a_char_column_are_data_in_postgresql_too(world: World, postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE old (crime_id char(5))"))
        db.execute(text("CREATE TABLE new (crime_id text)"))
        db.execute(text("INSERT INTO old VALUES ('C1'), ('C2   ')"))
        db.execute(text("INSERT INTO new VALUES ('C1'), ('C2   ')"))
    engine.dispose()
    world.systems = {"db": postgres_url}
    places = {"source": {"system": "db", "table": "old"}, "target": {"system": "db", "table": "new"}}
    world.agree(columns={"crime_id": "text"}, state=[], context=[], **places)
    here = world.run()
    there = world.run(engine="postgres")
    assert (world.keys("missing"), world.keys("extra")) == (["C1   "], ["C1"])
    assert (there.counts, there.reasons) == (here.counts, here.reasons)
