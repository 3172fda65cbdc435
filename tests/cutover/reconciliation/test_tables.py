"""The views of reconciliation: the latest of each contract, every run, what is under way."""

from __future__ import annotations

import json

from sqlalchemy import select

from cutover.reconciliation.comparison import COMPARISON, Start, comparison_stream
from cutover.reconciliation.tables import latest_table, runs_table, under_way_table
from cutover.store.engine import reading
from cutover.store.projections import rebuild
from tests.cutover.reconciliation.world import World, crime

HUNDRED = [crime(n) for n in range(100)]


def _rows(world: World) -> list[list[tuple[object, ...]]]:
    with reading(world.desk.journal.engine) as connection:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in (latest_table, runs_table, under_way_table)
        ]


def _history(world: World) -> None:
    world.write(HUNDRED, HUNDRED[6:])
    world.run(round=1)
    world.write(HUNDRED, HUNDRED)
    world.run(round=2)
    world.target.unlink()
    world.run(round=3)
    world.desk.ask(COMPARISON, comparison_stream("crimes"), Start(by="Bo"))


def test_every_run_keeps_its_row_and_the_latest_stands_alone(world: World) -> None:
    _history(world)
    latest, runs, under_way = _rows(world)
    with reading(world.desk.journal.engine) as connection:
        history = connection.execute(select(runs_table).order_by(runs_table.c.run)).all()
    assert [(row.round, row.verdict, row.missing) for row in history] == [
        (1, "FAIL", 6),
        (2, "PASS", 0),
        (3, "ERROR", 0),
    ]
    assert json.loads(history[0].by_state)["closed"]["missing"] == 2
    assert (latest, len(under_way)) == (runs[-1:], 1)


def test_rebuilt_views_equal_the_live_ones(world: World) -> None:
    _history(world)
    live = _rows(world)
    rebuild(world.desk.journal)
    assert _rows(world) == live
