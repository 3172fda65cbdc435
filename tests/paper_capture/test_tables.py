"""The register's tables say what the journal says, row by row, and again after a rebuild."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import Engine, select

from cutover.store.engine import reading
from cutover.store.projections import rebuild
from paper_capture.domain.sheet import SHEET, SheetState
from paper_capture.forms import load_forms
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection, blocks_table, sheets_table
from tests.conftest import MakeDesk
from tests.paper_capture.world import ABUSE, SCENARIO, entry, used, verified


@pytest.fixture
def busy(make_desk: MakeDesk, any_engine: Engine) -> PaperService:
    """A service whose sheets met every kind of fact, on each database."""
    paper = PaperService(make_desk(EVENTS, [PaperProjection()], on=any_engine), load_forms(SCENARIO))
    paper.dispose(verified(paper, 2)[0], disposition="converted", reference="N1", by="Bo")
    blank, torn, lost, found, differ, agree = paper.issue(
        station="south", form_type="domestic_abuse", count=6, by="Asha"
    )
    paper.print_block(form_type="custody", count=2, by="Asha")
    paper.return_unused([blank], by="Bo")
    paper.spoil(torn, by="Bo", reason="torn")
    paper.declare_missing(lost, by="Bo", decided_by="Chen", reason="not in the van")
    paper.declare_missing(found, by="Bo", decided_by="Chen", reason="not in the van")
    lines = [
        used(s, station="south", person=None if s == found else used(s).person)
        for s in (found, differ, agree)
    ]
    paper.log_used(lines, by="Asha")
    paper.return_sheets([differ, agree], by="Bo")
    other = {**ABUSE, "indicators": 9, "account": "line\u2028break"}
    paper.enter([entry(differ, ABUSE), entry(differ, other, pass_no=2, keyer="Chen")])
    paper.enter([entry(agree, other), entry(agree, other, pass_no=2, keyer="Chen")])
    paper.adjudicate(differ, by="Dev", values={"indicators": 9, "account": "as said"})
    return paper


def test_every_row_is_its_sheet_s_journal_folded(busy: PaperService) -> None:
    rows = busy.sheets()
    assert len(rows) == 10
    for row in rows:
        facts = busy.history(row.serial)
        state = SHEET.fold(facts)
        assert {f.name: getattr(row, f.name) for f in fields(SheetState)} == {
            f.name: getattr(state, f.name) for f in fields(SheetState)
        }
        assert row.positions == tuple(fact.position for fact in facts)


def test_a_rebuild_gives_the_same_tables(busy: PaperService) -> None:
    before = _everything(busy)
    rebuild(busy.desk.journal)
    assert _everything(busy) == before


def test_rows_are_asked_for_by_stage_and_form(busy: PaperService) -> None:
    assert {row.form_type for row in busy.sheets(form_type="crime")} == {"crime"}
    assert {str(row.stage) for row in busy.sheets(["verified", "used"])} == {"verified", "used"}
    assert busy.sheets([]) == []


def _everything(paper: PaperService) -> list[tuple[object, ...]]:
    with reading(paper.desk.journal.engine) as connection:
        sheets = connection.execute(select(sheets_table).order_by(sheets_table.c.serial)).all()
        blocks = connection.execute(select(blocks_table).order_by(blocks_table.c.position)).all()
    return [tuple(row) for row in (*sheets, *blocks)]
