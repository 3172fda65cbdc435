"""A review as page, PDF and workbook: opened again and read, with hostile texts in it."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from cutover.core.clock import FixedClock
from cutover.domain.programme import Programme
from runbooks.domain import run_events as ev
from runbooks.domain.reviewing.review import Review
from runbooks.reviews.cells import Off, Share, lasts, off, worded
from runbooks.reviews.files import as_html, as_pdf, pdf_page
from runbooks.reviews.sheets import sheets
from runbooks.reviews.workbook import CUT, as_xlsx
from tests.conftest import START, MakeDesk
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import PROGRAMME, World, open_world
from tests.real_parts import require_real

HOSTILE = '=HYPERLINK("http://x") <script>alert(1)</script> #strike[x] _x000D_ \u202e Łő'


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    """The whole story, with a pause in it that somebody explained badly."""
    world = open_world(make_desk, clock)
    world.start()
    world.load()
    world.ask(ev.PauseRun(by="asha", message=HOSTILE))
    world.after(minutes=25)
    world.ask(ev.UnpauseRun(by="asha"))
    for step in (world.decide, world.refuse, world.finish):
        step()
    return world


@pytest.fixture
def seen(world: World) -> Review:
    return world.runs.review("")


def page(world: World, **query: str) -> str:
    answer = Browser(world.app()).get("/board/review", **query)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- the page ---


def test_the_page_says_its_caveats_first_and_then_what_drove_the_end(world: World) -> None:
    text = words(page(world))
    caveat = text.index("were said to be done without having been claimed")
    assert caveat < text.index("planned Sun 25 Oct 02:00 GMT, came Sun 25 Oct 15:34 GMT: +13h 34m")
    assert "9 tasks over 1d 18h 34m: 6h 25m waiting, 1d 8h 44m working, 3h stuck, 25m paused" in text
    assert (
        "Point of no return P1, Sun 25 Oct 13:34 GMT, by Asha Rahman, with +7h 26m left to turn back" in text
    )


def test_what_people_wrote_is_text_on_the_page_and_in_the_file(world: World, seen: Review) -> None:
    for html in (page(world), as_html(seen, PROGRAMME, START).decode()):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_the_page_has_both_pictures_with_a_title_and_words(world: World) -> None:
    html = page(world)
    assert html.count("<svg") == 2
    assert 'aria-labelledby="actual-title actual-says"' in html
    assert "2 forecasts of the end over the time" in html


def test_a_run_that_goes_on_is_reviewed_as_far_as_it_has_come(make_desk: MakeDesk, clock: FixedClock) -> None:
    world = open_world(make_desk, clock)
    world.start()
    text = words(page(world))
    assert "The run is active: this is how far it had come" in text


def test_the_file_needs_nothing_from_outside(seen: Review) -> None:
    html = as_html(seen, PROGRAMME, START).decode()
    assert not re.search(r"(src|href)=\"(?!#)", html)
    assert "<style>" in html


# --- the PDF ---


@pytest.mark.real
def test_the_pdf_is_an_archive_and_says_the_same(seen: Review, tmp_path: Path) -> None:
    pdf, notes = as_pdf(seen, PROGRAMME, START)
    assert b"pdfaid:part" in pdf
    assert notes == ()
    reader = require_real("poppler")
    file = tmp_path / "review.pdf"
    file.write_bytes(pdf)
    text = subprocess.run([reader, "-layout", file, "-"], capture_output=True, check=True, text=True).stdout
    for said in (
        "What this review cannot know",
        "What drove the end",
        "Evidence at the decisions",
        "#strike[x]",
        "=HYPERLINK",
        "Łő",
    ):
        assert said in text
    assert as_pdf(seen, PROGRAMME, START)[0] == pdf


def test_the_pdf_leaves_out_columns_in_which_nothing_stands(seen: Review) -> None:
    made = {sheet["title"]: sheet for sheet in pdf_page(seen, PROGRAMME, START)["sheets"]}
    assert "Late by" not in made["Decisions"]["columns"]
    for sheet in made.values():
        assert all(len(row) == len(sheet["columns"]) == len(sheet["widths"]) for row in sheet["rows"])


# --- the workbook ---


def opened(seen: Review, programme: Programme = PROGRAMME) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(as_xlsx(seen, programme)))


def test_the_workbook_opens_with_a_sheet_a_table_and_no_formula(seen: Review) -> None:
    book = opened(seen)
    assert book.sheetnames[:3] == ["Review", "Every task", "What drove the end"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    hostile = [cell for cell in cells if str(cell.value).startswith("=HYPER")]
    assert hostile
    assert all(cell.quotePrefix for cell in hostile)


def test_spans_are_minutes_shares_are_numbers_and_moments_are_dates(seen: Review) -> None:
    sheet = opened(seen)["Every task"]
    header = {cell.value: cell.column - 1 for cell in sheet[1]}
    (load,) = [row for row in sheet.iter_rows(min_row=2, values_only=True) if row[0] == "L4"]
    assert load[header["Worked (min)"]] == (25 * 60 + 44)
    assert load[header["Longer"]] == pytest.approx(11.7333 / 14, abs=0.001)
    assert load[header["End off by (min)"]] == 12 * 60 + 4
    assert load[header["Ended (Europe/London)"]] == datetime(2026, 10, 25, 8, 34)


def test_a_moment_that_happens_twice_is_text_with_its_zone(make_desk: MakeDesk, clock: FixedClock) -> None:
    world = open_world(make_desk, clock)
    world.start()
    clock.at = START + timedelta(hours=28)  # 01:00 GMT, which is 01:00 for the second time
    world.done("F2", "asha", "late")
    sheet = opened(world.runs.review(""))["Every task"]
    assert "2026-10-25 01:00 GMT" in [cell.value for row in sheet.iter_rows() for cell in row]


def test_a_text_no_cell_holds_is_cut_and_says_so(make_desk: MakeDesk, clock: FixedClock) -> None:
    world = open_world(make_desk, clock)
    world.start()
    world.ask(ev.PauseRun(by="asha", message="🙂" * 20_000))
    sheet = opened(world.runs.review(""))["What went otherwise"]
    assert str(sheet["E2"].value).endswith(CUT)


# --- words ---


def test_the_same_sheets_stand_behind_all_of_them(seen: Review) -> None:
    for sheet in sheets(seen, PROGRAMME):
        assert sheet.rows
        assert all(len(row) == len(sheet.columns) for row in sheet.rows)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (Off(timedelta(minutes=-75)), "-1h 15m"),
        (Off(timedelta(seconds=20)), "±0m"),
        (timedelta(seconds=20), "<1m"),
        (timedelta(0), "0m"),
        (Share(0.256, signed=True), "+26 %"),
        (Share(0.5), "50 %"),
        (START, "Fri 23 Oct 22:00 BST"),
        (3, "3"),
    ],
)
def test_a_cell_in_words(cell: object, text: str) -> None:
    assert worded(cell, "Europe/London") == text  # type: ignore[arg-type]


def test_spans_are_told_to_the_minute() -> None:
    assert (lasts(timedelta(minutes=89, seconds=40)), off(timedelta(minutes=89, seconds=40))) == (
        "1h 30m",
        "+1h 30m",
    )
