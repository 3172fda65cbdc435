"""The square code: it names a line of the plan and nobody, and a false one is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from cutover.store.print_key import print_key
from runbooks.printing.codes import Code, plan_version, read_code, square
from tests.runbooks.plans import book, task
from tests.runbooks.printing.paper import KEY

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,30}", fullmatch=True)
CODE = Code("go-live", "0123456789", "S12", "FRZ-02")


@given(runbook=IDS, line=st.integers(1, 9999), name=IDS, kind=st.sampled_from("RSTP"))
def test_a_code_reads_back_as_the_line_it_was_printed_on(runbook: str, line: int, name: str, kind: str):
    code = Code(runbook, "0123456789", f"{kind}{line}", name)
    assert read_code(f" {code.sealed(KEY)}\n", KEY) == code


@given(at=st.integers(0, 200), letter=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdef:-"))
def test_a_code_with_any_letter_changed_is_refused(at: int, letter: str):
    text = CODE.sealed(KEY)
    at %= len(text)
    changed = text[:at] + letter + text[at + 1 :]
    if changed.rpartition(":")[0] == text.rpartition(":")[0] and changed.upper() == text.upper():
        return  # the check is read in either case
    with pytest.raises(Invalid):
        read_code(changed, KEY)


def test_a_code_of_another_programme_is_refused():
    with pytest.raises(Invalid, match="a code printed by this programme"):
        read_code(CODE.sealed(b"another key"), KEY)


def test_what_a_person_types_may_hold_the_letters_that_look_alike():
    text = next(
        c
        for n in range(200)
        if "0" in (c := Code("a", "0123456789", f"S{n}", "T").sealed(KEY)).rpartition(":")[2]
    )
    head, _, mac = text.rpartition(":")
    assert read_code(f"{head}:{mac.replace('0', 'o').lower()}", KEY).task == "T"


def test_the_plan_version_changes_with_any_word_of_the_plan():
    assert plan_version(book(task("A"))) == plan_version(book(task("A")))
    assert plan_version(book(task("A"))) != plan_version(book(task("A", verify="look")))


def test_a_square_is_drawn_with_its_quiet_zone():
    assert square("CR1:a").startswith("<svg")
    assert "CR1" not in square("CR1:a")


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path):
    key = print_key(tmp_path)
    assert print_key(tmp_path) == key
    assert len(key) == 16
    assert [p.name for p in tmp_path.iterdir()] == ["print.key"]
    assert stat.S_IMODE((tmp_path / "print.key").stat().st_mode) == 0o600
