"""`cutover paper`: the same verbs as the service, with exit codes that say whether the books hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cutover.core.errors import Invalid
from paper_capture.cli import commands
from paper_capture.domain.sheet import Stage
from paper_capture.service import PaperService
from tests.paper_capture.world import CRIME, verified

WRITTEN = [
    "--occurred",
    "2026-10-24T08:00+01:00",
    "--written",
    "2026-10-24T09:00+01:00",
    "--writer",
    "PC Okoro",
]


def call(paper: PaperService, *words: str) -> Any:
    return commands(lambda _: paper)(list(words), result_action="return_value", exit_on_error=False)


def test_a_sheet_goes_from_issue_to_verified_by_command(
    paper: PaperService, capsys: pytest.CaptureFixture[str]
) -> None:
    call(paper, "issue", "north", "crime", "1", "--by", "Asha", "--key", "k", "--json")
    serial = json.loads(capsys.readouterr().out)["serials"][0]
    named = ["--surname", "Łukasz", "--dob", "1987-04-30", "--grade", "high"]
    call(
        paper,
        "log",
        serial,
        "--station",
        "north",
        *WRITTEN,
        *named,
        "--value",
        "place=12 Mill Lane",
        "--by",
        "Asha",
    )
    call(paper, "return", serial, "--by", "Bo")
    values = [word for name, value in CRIME.items() for word in ("--value", f"{name}={value}")]
    call(paper, "enter", serial, "--minutes", "20", *values, "--by", "Bo")
    row = paper.sheet(serial)
    assert (row.stage, row.grade, row.values["value_gbp"], row.keyers) == (
        Stage.VERIFIED,
        "high",
        240,
        ("Bo",),
    )
    capsys.readouterr()
    call(paper, "show", serial)
    shown = capsys.readouterr().out
    assert all(word in shown for word in (serial, "verified", "SheetPrinted", "SheetKeyed", "Asha"))


def test_blank_spoiled_and_missing_sheets_are_accounted_for(
    paper: PaperService, capsys: pytest.CaptureFixture[str]
) -> None:
    blank, torn, lost = paper.issue(station="north", form_type="crime", count=3, by="Asha")
    assert call(paper, "account") == 1
    assert f"outstanding at north: 3 ({blank}, {torn}, {lost})" in capsys.readouterr().out
    call(paper, "return", blank, "--unused", "--by", "Bo")
    call(paper, "spoil", torn, "torn", "--by", "Bo")
    call(paper, "missing", lost, "not in the van", "--decided-by", "Chen", "--by", "Bo")
    assert call(paper, "account") == 0
    assert call(paper, "verify") == 0
    assert "holds  I1" in capsys.readouterr().out


def test_a_third_person_decides_by_command(paper: PaperService) -> None:
    paper_forms = {**paper.forms, "crime": paper.forms["crime"].model_copy(update={"passes": 2})}
    two = PaperService(paper.desk, paper_forms)
    serial = verified(two, 1)[0]
    values = [
        word
        for name, value in {**CRIME, "place": "Hill Lane"}.items()
        for word in ("--value", f"{name}={value}")
    ]
    call(two, "enter", serial, "--pass", "2", "--minutes", "15", *values, "--by", "Chen")
    assert two.sheet(serial).stage is Stage.DISCREPANT
    call(two, "adjudicate", serial, "--value", "place=Hill Lane", "--by", "Dev")
    assert two.sheet(serial).values["place"] == "Hill Lane"


def test_broken_books_exit_1_and_name_the_serial(
    paper: PaperService, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = verified(paper, 1)[0]
    _tamper(paper, serial)
    assert call(paper, "verify") == 1
    assert f"{serial} (north)" in capsys.readouterr().out
    assert call(paper, "account", "--json") == 1
    assert json.loads(capsys.readouterr().out)["in_hand"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--occurred", "noon"], "'noon' is not a time"),
        (["--written", "2026-10-25T01:30"], "'2026-10-25T01:30' has no offset"),
        (["--surname", "Ł", "--dob", "30/4/87"], "'30/4/87' is not a date"),
        (["--value", "place"], "'place' has no '='"),
    ],
)
def test_a_word_that_cannot_be_read_says_what_was_expected(
    paper: PaperService, words: list[str], said: str
) -> None:
    given = dict(zip(WRITTEN[::2], WRITTEN[1::2], strict=True)) | dict(
        zip(words[::2], words[1::2], strict=True)
    )
    flat = [word for pair in given.items() for word in pair]
    with pytest.raises(Invalid, match=said):
        call(paper, "log", "CR000000194", "--station", "north", *flat, "--by", "Asha")


def _tamper(paper: PaperService, serial: str) -> None:
    """Somebody reaches into the view behind the journal's back."""
    with paper.desk.journal.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE paper_sheets SET stage = 'spoiled' WHERE serial = '{serial}'")
