"""A station's spreadsheet: the rules of its page, all rows or the good ones, and each bad one back with its reason."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from cutover.core.errors import Invalid
from paper_capture.bulk import Import, import_file
from paper_capture.domain.sheet import Stage
from paper_capture.station_sheets import MOST_UNPACKED, read_rows
from tests.paper_capture.pages_world import PagesWorld

HEAD = "Serial number,What happened,Written by,Occurred,Written,Risk,Reason"
GOOD = "{},used,PC Król,24/10/2026 09:10,2026-10-24 10:00,high,"


def taken(world: PagesWorld, *rows: str, **more: Any) -> Import:
    content = "\n".join([HEAD, *rows]).encode()
    return import_file(world.desk, "north", "log.csv", content, by="sam", zone="Europe/London", **more)


def issued(world: PagesWorld, count: int, station: str = "north") -> list[str]:
    return world.paper.issue(station=station, form_type="crime", count=count, by="asha")


def test_rows_are_taken_with_their_wall_times_and_the_same_file_again_changes_nothing(
    world: PagesWorld,
) -> None:
    used, spoiled = issued(world, 2)
    rows = [GOOD.format(used), f"{spoiled},void,,,,,torn", f"{used},returned,,,,,"]
    assert taken(world, *rows).taken == 3
    row = world.paper.sheet(used)
    assert (row.stage, row.grade, f"{row.occurred_at:%H:%M}") == (Stage.RETURNED, "high", "08:10")
    again = taken(world, *rows)
    assert (again.taken, again.again, again.turned) == (0, 3, ())


def test_one_bad_row_turns_all_away_unless_the_good_ones_are_wanted(world: PagesWorld) -> None:
    first, second, third = issued(world, 3)
    south = issued(world, 1, "south")[0]
    stock = world.paper.print_block(form_type="crime", count=1, by="asha")[0]
    rows = [
        GOOD.format(first), GOOD.format(second[:-1] + str((int(second[-1]) + 1) % 10)), GOOD.format(south), GOOD.format(stock),
        f"{third},used,PC A,2026-10-24 10:00,2027-10-24 10:00,,", GOOD.format(first).replace("Król", "Other"),
        f"{third},eaten,,,,,", f"{third},used,PC A,25/10/2026 01:30,25/10/2026 03:00,,",
    ]  # fmt: skip
    before = world.paper.desk.journal.head().position
    whole = taken(world, *rows)
    assert (whole.taken, len(whole.turned), world.paper.desk.journal.head().position) == (0, 7, before)
    wanted = ("check digits", "not issued to north", "never issued", "future", "given twice, first in row 2", "is no move", "happens twice")  # fmt: skip
    for turned, said in zip(whole.turned, wanted, strict=True):
        assert said in turned.reason
    assert taken(world, *rows, good_rows=True).taken == 1
    assert world.paper.sheet(first).stage is Stage.USED


def test_the_rows_turned_away_come_back_as_a_file_that_no_program_takes_for_formulas(
    world: PagesWorld,
) -> None:
    found = taken(world, "=HYPERLINK(1),used,@SUM(A1),x,y,,")
    cells = list(csv.reader(io.StringIO(found.rejects().decode("utf-8-sig"))))
    assert cells[0][:2] == ["row", "reason"]
    assert cells[1][2] == "'=HYPERLINK(1)"
    assert cells[1][4] == "'@SUM(A1)"


def test_a_workbook_is_read_as_the_same_rows(world: PagesWorld) -> None:
    serial = issued(world, 1)[0]
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD.split(","))
    sheet.write_row(1, 0, GOOD.format(serial).split(","))
    book.close()
    found = import_file(world.desk, "north", "log.xlsx", out.getvalue(), by="sam", zone="Europe/London")
    assert found.taken == 1


def bomb(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb("xl/sharedStrings.xml", bytes(MOST_UNPACKED + 1)), "unpacks to too much"),
        (bomb("xl/worksheets/sheet1.xml", b'<c r="XFD1048576"><v>1</v></c>'), "far from the others"),
        (bomb("other.txt", b"x"), "damaged"),
        (b"PK\3\4 broken", "damaged"),
        (b"\0\1\2", "neither CSV nor a workbook"),
        (b"", "nothing stands in it"),
        (b'serial\n"open', "not CSV"),
        (b"x" * 10_000_001, "too large"),
        (b"serial\n" + b"x\n" * 20_001, "too many rows"),
    ],
)
def test_a_file_that_would_do_harm_is_refused_before_it_is_read(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_rows("log", content)


def test_a_file_without_numbers_is_refused(world: PagesWorld) -> None:
    with pytest.raises(Invalid, match="no column holds the sheets' numbers"):
        import_file(world.desk, "north", "log.csv", b"a,b\n1,2", by="sam", zone="UTC")


def test_the_page_takes_a_file_of_its_own_station_and_gives_back_what_it_turned_away(
    world: PagesWorld,
) -> None:
    serial = issued(world, 1)[0]
    app = world.app()
    sam = world.enter(app, "sam")
    sam.get("/stations/north/import")
    files = {"file": ("log.csv", f"{HEAD}\n{GOOD.format(serial)}\n=1,used,,,,,".encode())}
    page = sam.send("/stations/north/import", {"token": sam.token, "rows": "good"}, files=files)
    assert "1 of 2 rows taken" in page.text
    link = page.text.split('class="button" href="')[1].split('"')[0]
    assert b"'=1" in sam.get(link).content
    assert "is not of the station" in sam.get("/stations/south/import").text
    assert "takes the role" in world.enter(app, "asha").get("/stations/north/import").text
    assert "South &lt;b&gt;Gate&lt;/b&gt;" in world.enter(app, "viktor").get("/stations").text
