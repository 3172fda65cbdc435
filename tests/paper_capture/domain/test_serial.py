"""Serials: what is printed is read back, and what is misread is caught."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from paper_capture.domain.serial import HIGHEST, Block, Serial, parse_serial

serials = st.builds(Serial, st.sampled_from(["CU", "CR", "DA", "MPX"]), st.integers(0, HIGHEST))


def refused(text: str) -> str:
    with pytest.raises(Invalid) as error:
        parse_serial(text)
    return str(error.value)


@given(serials)
def test_a_serial_reads_back_as_it_was_printed(serial: Serial) -> None:
    assert parse_serial(str(serial)) == serial


def test_spaces_hyphens_and_lower_case_are_forgiven() -> None:
    text = str(Serial("CU", 16))
    assert parse_serial(f" {text[:2].lower()}-{text[2:9]} {text[9:]} ") == Serial("CU", 16)


@given(serials, st.data())
def test_every_single_wrong_character_is_caught(serial: Serial, data: st.DataObject) -> None:
    text = str(serial)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ" if text[place].isalpha() else "0123456789")
    )
    assume(other != text[place])
    assert "check digits do not fit" in refused(text[:place] + other + text[place + 1 :])


@given(serials, st.data())
@pytest.mark.parametrize("apart", [1, 2])
def test_two_characters_changing_places_are_caught(apart: int, serial: Serial, data: st.DataObject) -> None:
    text = list(str(serial))
    place = data.draw(st.integers(0, len(text) - 1 - apart))
    one, other = text[place], text[place + apart]
    assume(one != other and one.isalpha() == other.isalpha())
    text[place], text[place + apart] = other, one
    assert "check digits do not fit" in refused("".join(text))


@given(serials, st.data())
@pytest.mark.parametrize("apart", [1, 2])
def test_twin_errors_are_caught(apart: int, serial: Serial, data: st.DataObject) -> None:
    digits = str(serial)[-9:]
    places = [i for i in range(9 - apart) if digits[i] == digits[i + apart]]
    assume(places)
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    twin = digits[:place] + other + digits[place + 1 : place + apart] + other + digits[place + apart + 1 :]
    assert "check digits do not fit" in refused(serial.prefix + twin)


@given(serials)
def test_no_number_has_two_spellings(serial: Serial) -> None:
    text = str(serial)
    good = [f"{check:02}" for check in range(100) if _reads(text[:-2] + f"{check:02}")]
    assert good == [text[-2:]]


def test_a_wrong_check_never_suggests_the_right_one() -> None:
    text = str(Serial("CU", 16))
    wrong = text[:-1] + str((int(text[-1]) + 1) % 10)
    assert text not in refused(wrong)
    assert "read it again" in refused(wrong)


@pytest.mark.parametrize(
    "text", ["", "CU", "1234567", "CU00000016", "CUXX000001612", "CU٠٠٠٠٠٠١٦١", "=CMD()"]
)
def test_anything_else_is_not_a_serial(text: str) -> None:
    assert "is not a serial" in refused(text)


def test_an_unknown_prefix_names_the_known_ones() -> None:
    with pytest.raises(Invalid, match="no form has the prefix CX; expected one of CR, CU"):
        parse_serial(str(Serial("CX", 1)), ["CU", "CR"])


def test_a_block_is_its_numbers_in_a_row() -> None:
    block = Block("CU", 5, 3)
    assert list(block) == [Serial("CU", n) for n in (5, 6, 7)]
    assert block.last == 7
    assert Serial("CU", 7) in block
    assert Serial("CU", 8) not in block
    assert Serial("CR", 6) not in block


def _reads(text: str) -> bool:
    try:
        parse_serial(text)
    except Invalid:
        return False
    return True
