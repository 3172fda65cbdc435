"""Views are disposable: folded again from the journal they are the same as those that grew with it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table

from cutover.core.errors import Conflict
from cutover.store import projections
from cutover.store.journal import Journal
from cutover.store.projections import prepare, rebuild
from tests.cutover.store.desks import ModeBoard, batch, flip, to_paper


class WiderBoard(ModeBoard):
    """The same view after a release that gave it one more column."""

    table = Table(
        "mode_board",
        MetaData(),
        Column("stream", String(200), primary_key=True),
        Column("changes", Integer, nullable=False),
        Column("latest", String(100), nullable=False),
        Column("note", String(10)),
    )
    tables = (table,)


class FailingBoard(ModeBoard):
    """A view that cannot take the fact."""

    def apply(self, connection, recorded):
        super().apply(connection, recorded)
        raise Conflict("no room on the board")


class UnloadedBoard(ModeBoard):
    """A view of a room that nobody needs now."""

    @property
    def tables(self):
        raise LookupError("it was loaded")


def test_rebuilt_views_equal_live_ones(any_desk):
    for component, times in (("custody", 5), ("records", 2), ("command", 1)):
        flip(any_desk, component, times)
    board, engine = ModeBoard(), any_desk.journal.engine
    live = board.rows(engine)
    assert [changes for _, changes, _ in live] == [1, 5, 2]
    assert rebuild(any_desk.journal) == 8
    assert board.rows(engine) == live


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(("custody", "records")), max_size=6))
def test_rebuilt_views_equal_live_ones_whatever_happened(desk, names):
    for name in names:
        flip(desk, name, 1)
    live = ModeBoard().rows(desk.journal.engine)
    rebuild(desk.journal)
    assert ModeBoard().rows(desk.journal.engine) == live


def test_a_view_that_is_as_it_should_be_is_left_alone(any_desk):
    flip(any_desk, "custody", 1)
    assert prepare(any_desk.journal) == []


def test_a_view_whose_shape_changed_is_rebuilt_with_what_had_happened(any_desk):
    flip(any_desk, "custody", 3)
    old = any_desk.journal
    new = Journal(old.engine, old.catalogue, old.clock, [WiderBoard()])
    assert prepare(new) == ["mode_board"]
    assert WiderBoard().rows(old.engine) == [("component:custody", 3, "WentToPaper", None)]


def test_facts_and_views_commit_together_or_not_at_all(any_desk):
    old = any_desk.journal
    journal = Journal(old.engine, old.catalogue, old.clock, [FailingBoard()])
    with pytest.raises(Conflict, match="no room"):
        journal.append(batch("custody", 0, to_paper()))
    assert old.head().position == 0
    assert ModeBoard().rows(old.engine) == []


def test_views_whose_shape_was_noted_are_not_even_loaded(any_desk):
    old = any_desk.journal
    assert prepare(old, "as of today") == []
    unknown = Journal(old.engine, old.catalogue, old.clock, [UnloadedBoard()])
    assert prepare(unknown, "as of today") == []
    with pytest.raises(LookupError, match="loaded"):
        prepare(unknown, "as of tomorrow")


def test_a_view_that_another_version_rebuilt_is_looked_at_again_under_a_noted_shape(any_desk):
    old = any_desk.journal
    prepare(old, "ours")
    prepare(Journal(old.engine, old.catalogue, old.clock, [WiderBoard()]))
    assert prepare(old, "ours") == ["mode_board"]
    assert prepare(old, "ours") == []


def test_a_rebuild_tells_how_far_it_has_come_and_a_prepared_journal_says_nothing(desk, monkeypatch):
    """Whoever opens an older programme is not left to wonder; an empty journal has nothing to tell."""
    monkeypatch.setattr(projections, "EVERY", 2)
    told = []
    prepare(Journal(desk.journal.engine, desk.journal.catalogue, desk.clock, [WiderBoard()]), tell=lambda *of: told.append(of))  # fmt: skip
    assert told == []
    flip(desk, "custody", 5)
    wider = Journal(desk.journal.engine, desk.journal.catalogue, desk.clock, [ModeBoard()])
    prepare(wider, tell=lambda *of: told.append(of))
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]
    prepare(wider, tell=lambda *of: told.append(of))
    assert len(told) == 4
