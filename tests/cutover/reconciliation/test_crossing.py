"""Keys issued anew: the table of old and new ones is one to one, or nothing is compared."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest
from pydantic import ValidationError

from cutover.core.errors import Refused
from cutover.reconciliation.findings import Verdict
from cutover.reconciliation.sides import Side
from tests.cutover.reconciliation.world import World, contract, crime, write_csv

TWENTY = [crime(n) for n in range(20)]
PAIRS = [(f"C{n:05}", f"NEW-{n}") for n in range(20)]


def _cross(world: World, pairs: Sequence[tuple[str | None, str | None]], **other: object) -> None:
    write_csv(world.folder / "keys.csv", pairs, ("old_id", "new_id"))
    crossing = {"path": str(world.folder / "keys.csv"), "source": "old_id", "target": "new_id"}
    world.agree(crossing=crossing, **other)


def test_each_record_is_found_under_its_new_key_and_a_lost_one_is_missing(world: World) -> None:
    _cross(world, PAIRS)
    world.write(TWENTY, [crime(n, crime_id=f"NEW-{n}") for n in range(20)])
    assert world.run().passed
    world.write(
        TWENTY, [crime(n, crime_id=f"NEW-{n}", surname="A" if n == 3 else "Müller") for n in range(19)]
    )
    outcome = world.run()
    assert (world.keys("missing"), world.keys("changed"), outcome.counts["extra"]) == (
        ["NEW-19"],
        ["NEW-3"],
        0,
    )
    to = world.folder / "again.csv"
    assert world.service.repair_extract("crimes", to) == 2
    assert sorted(duckdb.sql(f"SELECT crime_id FROM '{to}'").fetchall()) == [("C00003",), ("C00019",)]


def test_a_key_that_the_table_does_not_name_is_missing_under_its_own(world: World) -> None:
    _cross(world, PAIRS[1:])
    world.write(TWENTY, [crime(n, crime_id=f"NEW-{n}") for n in range(20)])
    world.run()
    assert (world.keys("missing"), world.keys("extra")) == (["C00000"], ["NEW-0"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("C00001", "NEW-99"), "1 old keys have more than one new key (C00001)"),
        (("C00099", "NEW-1"), "1 new keys stand for more than one old key (NEW-1)"),
        (("C00001", "NEW-1"), "holds 1 rows twice"),
        (("C00099", None), "1 rows without an old or a new key"),
    ],
)
def test_a_table_that_is_not_one_to_one_is_a_finding_before_any_row_is_read(
    world: World, more: tuple[str, str | None], said: str
) -> None:
    _cross(world, [*PAIRS, more])
    outcome = world.run()  # there is no file of either side, and that is not what it says
    assert (outcome.verdict, outcome.counts) == (Verdict.INCONCLUSIVE, {})
    assert said in "; ".join(outcome.reasons)
    with pytest.raises(Refused, match="cross-reference"):
        world.service.snapshot("crimes", Side.SOURCE, by="Asha")


def test_a_table_that_is_gone_or_lacks_its_column_is_named(world: World) -> None:
    _cross(world, PAIRS)
    write_csv(world.folder / "keys.csv", PAIRS, ("old_id", "newid"))
    assert "no column 'new_id'; did you mean 'newid'?" in world.run().reasons[0]
    (world.folder / "keys.csv").unlink()
    assert "the cross-reference is not there" in world.run().reasons[0]


def test_a_frozen_source_knows_the_table_it_was_keyed_by(world: World) -> None:
    _cross(world, PAIRS, source_frozen=True)
    world.write(TWENTY, [crime(n, crime_id=f"NEW-{n}") for n in range(20)])
    world.service.snapshot("crimes", Side.SOURCE, by="Asha")
    assert world.run().passed
    _cross(world, [*PAIRS[:19], ("C00019", "NEW-20")], source_frozen=True)
    assert "another version of the contract" in world.run().reasons[0]


def test_a_composite_key_has_no_table() -> None:
    with pytest.raises(ValidationError, match="a single key"):
        contract(
            "a.csv",
            "b.csv",
            key=["crime_id", "status"],
            crossing={"path": "k.csv", "source": "a", "target": "b"},
        )
