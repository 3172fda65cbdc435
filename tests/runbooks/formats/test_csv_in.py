"""Separated values as programs write them: marks, widths of characters, separators, and what only poses as CSV."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from runbooks.formats.files import import_runbook

TEXT = "ID,Task,After\n1,Zażółć 東京,\n2,Load,1\n"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
        ("sep=;\n" + TEXT.replace(",", ";")).encode(),
        ("sep=|\r\n" + TEXT.replace(",", "|")).encode(),
    ],
)
def test_the_marks_that_programs_leave_are_understood(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_bytes(raw)
    book = import_runbook(tmp_path / "plan.csv").runbook
    assert [(t.id, t.title, len(t.after)) for t in book.tasks] == [("1", "Zażółć 東京", 0), ("2", "Load", 1)]


def test_a_line_above_the_header_does_not_shift_the_lines_below(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("sep=;\nID;Task;Duration\n1;A;1x\n", encoding="utf-8")
    with pytest.raises(Invalid, match=r"plan\.csv:3: Duration"):
        import_runbook(tmp_path / "plan.csv")


@pytest.mark.parametrize(
    ("raw", "said", "mend"),
    [
        (b"{\\rtf1\\ansi ID,Task\\par}", "this is RTF, not CSV", "plain text"),
        (b"\n <!DOCTYPE html><table>", "this is a web page (HTML), not CSV", "save as .xlsx"),
        (b"\xef\xbb\xbf<HTML><body>", "this is a web page (HTML), not CSV", "save as .xlsx"),
        (
            b"PK\x03\x04\x14\x00",
            "this is a ZIP archive or a workbook (XLSX, ODS), not CSV",
            "rename it .xlsx",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "this is a binary Office file (XLS, MPP, DOC), not CSV",
            ".xls",
        ),
        (b"%PDF-1.7", "this is a PDF, not CSV", "sheet"),
        (b"<?xml version='1.0'?><Project/>", "this is XML, not CSV", ".xml"),
        ("ID,Task\n1,A\n".encode("utf-16-le"), "this is not text: it is full of NUL bytes", "CSV UTF-8"),
        (b"\xff\xfeI\x00D\x00,", "not UTF-16 to its end", "CSV UTF-8"),
        (b"ID,Task\n1,A\n2,caf\xe9\n", "byte 0xe9 is not UTF-8", "CSV UTF-8"),
        (b"\xef\xbb\xbf \r\n", "the file is empty", ""),
    ],
)
def test_a_file_that_poses_as_csv_is_told_what_it_is(
    raw: bytes, said: str, mend: str, tmp_path: Path
) -> None:
    (tmp_path / "plan.csv").write_bytes(raw)
    with pytest.raises(Invalid) as caught:
        import_runbook(tmp_path / "plan.csv")
    (found,) = caught.value.problems
    assert found.message == said
    assert mend in found.expected


def test_an_apostrophe_before_a_formula_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("ID,Task,Site\n1,'=cmd,'quoted'\n", encoding="utf-8")
    (task,) = import_runbook(tmp_path / "plan.csv").runbook.tasks
    assert (task.title, task.custom) == ("=cmd", {"Site": "'quoted'"})


def test_unknown_columns_are_kept(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("Task,Risk,,Risk\nA,low,x,high\nB,,,\n", encoding="utf-8")
    read = import_runbook(tmp_path / "plan.csv")
    assert read.kept == ("Risk", "column 3", "Risk 2")
    assert [t.custom for t in read.runbook.tasks] == [{"Risk": "low", "column 3": "x", "Risk 2": "high"}, {}]
