"""Real PDFs, read back: what was typed is what is printed, to the letter."""

from __future__ import annotations

import re

import pytest

from runbooks.printing.codes import plan_version
from runbooks.printing.packs import Kind, pack_of, packs_of
from runbooks.printing.press import typeset
from tests.runbooks.printing.paper import KEY, PRINTED, laid, pdf_of, read_back, whole

HOSTILE = '#panic("x") *b* _i_ $x^2$ \\ `r` <l> @ref // c /* d */ [e] {f} -- ... "q" ~ = + / ^ %'


@pytest.mark.real
def test_markup_in_a_title_is_printed_letter_for_letter():
    """Data goes in as JSON: nothing of it is code."""
    plan = laid({"id": "H", "title": HOSTILE, "duration": "1h", "verify": '#read("/etc/passwd")'})
    text = " ".join(read_back(pdf_of(plan, whole(plan))).split())
    assert HOSTILE in text
    assert '#read("/etc/passwd")' in text


@pytest.mark.real
def test_letters_of_our_neighbours_are_printed():
    """The fonts that come with the typesetter have them."""
    plan = laid(
        {"id": "H", "title": "Łódź, Szabő, España, Đorđe, İzmir, Ștefan, Ωμέγα, Київ", "duration": "1h"}
    )
    (sheet,) = typeset(plan, [whole(plan)], PRINTED)
    assert "Łódź, Szabő, España, Đorđe, İzmir, Ștefan, Ωμέγα, Київ" in read_back(sheet.pdf)
    assert sheet.notes == ()


@pytest.mark.real
def test_a_letter_that_no_font_has_is_printed_as_its_code_point_and_said():
    """Never a blank box that somebody takes for nothing."""
    plan = laid({"id": "H", "title": "Load \U000130b8 now", "duration": "1h"})
    (sheet,) = typeset(plan, [whole(plan)], PRINTED)
    assert "Load [U+130B8] now" in read_back(sheet.pdf)
    assert "U+130B8" in sheet.notes[0]


@pytest.mark.real
def test_letters_without_a_shape_are_left_out():
    plan = laid({"id": "H", "title": "Lo\u200bad\u0007 it\u202e", "duration": "1h"})
    assert "Load it" in read_back(pdf_of(plan, whole(plan)))


@pytest.mark.real
def test_every_page_says_which_plan_when_printed_and_which_page_of_how_many():
    plan = laid(*({"id": f"X{n}", "title": f"Do {n}", "duration": "1h", "after": "A"} for n in range(30)))
    pages = read_back(pdf_of(plan, whole(plan))).split("\f")[:-1]
    assert len(pages) > 5
    for n, page in enumerate(pages, 1):
        assert f"plan small {plan_version(plan.runbook)} · printed Thu 01 Oct 2026 10:30 BST" in page
        assert f"page {n} of {len(pages)}" in page


@pytest.mark.real
def test_every_task_is_on_paper_with_time_boxes_and_serial():
    plan = laid()
    text = read_back(pdf_of(plan, whole(plan)))
    for task in plan.runbook.tasks:
        assert task.title in text
    assert text.count("really began") == len(plan.runbook.tasks)
    assert len(re.findall(r"\bR\d+ [0-9A-Z]{6}\b", text)) == len(plan.runbook.tasks)
    assert "00:30 BST – 02:30 GMT" in text


@pytest.mark.real
def test_the_phone_tree_and_the_decision_rules_are_on_paper():
    plan = laid()
    text = read_back(pdf_of(plan, whole(plan)))
    for words in (
        "Who calls whom",
        "Bo Lindqvist, Data migration",
        "07700 900002",
        "Decision rules",
        "silence counts as NO GO",
    ):
        assert words in text


def test_the_same_pack_is_the_same_bytes():
    plan = laid()
    for pack in packs_of(plan):
        assert pdf_of(plan, pack) == pdf_of(laid(), pack), pack.file_name


def test_the_file_says_it_is_an_archive_that_a_screen_reader_can_read():
    """PDF/A-2a, which contains 2b, and PDF/UA-1: declared in its metadata."""
    plan = laid()
    pdf = pdf_of(plan, pack_of(plan, Kind.STREAM, "paper"))
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_every_square_has_its_code_as_alternative_text():
    plan = laid()
    pack = pack_of(plan, Kind.STREAM, "freeze")
    from runbooks.printing.contents import contents

    (task,) = contents(plan, pack, KEY, PRINTED.at)["days"][0]["tasks"]
    assert f"Square code {task['code']}".encode() in pdf_of(plan, pack)
