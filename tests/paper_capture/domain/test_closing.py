"""A paper that keeps account of others is keyed for its sums, and never becomes a record."""

from __future__ import annotations

from pathlib import Path

import paper_capture
from paper_capture.domain.closing import WHY
from paper_capture.domain.passes import Value
from paper_capture.forms import load_forms
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.world import NOON, entry, used

LIBRARY = Path(paper_capture.__file__).parent / "library"
HEADER: dict[str, Value] = {
    "form": "crime", "count": 2, "first": "CR000000187", "last": "CR000000284", "numbers": 3,
    "prepared_by": "sam", "prepared_at": NOON.isoformat(),
}  # fmt: skip


def test_a_batch_header_once_keyed_is_at_its_end_and_nothing_is_left_to_convert(make_desk: MakeDesk) -> None:
    paper = PaperService(make_desk(EVENTS, [PaperProjection()]), load_forms(LIBRARY))
    (header,) = paper.issue(station="north", form_type="header", count=1, by="sam")
    paper.log_used([used(header, station="north", values={})], by="sam")
    paper.return_sheets([header], by="sam")
    for _ in range(2):
        paper.enter([entry(header, HEADER)])
    sheet, account = paper.sheet(header), paper.account()
    assert (sheet.stage.value, sheet.disposition) == ("disposed", "rejected")
    assert paper.sheets(["verified"]) == []
    assert account.holds
    assert [f.event.reason for f in paper.history(header) if f.event.kind() == "SheetDisposed"] == [WHY]
