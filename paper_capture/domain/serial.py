"""Which sheet of paper this is: type prefix, seven digits, two check digits; and blocks of them.

The check is ISO 7064 mod 97-10 over prefix and number, letters counted as A=10 ... Z=35. It finds every single,
adjacent, jump and twin error, and it is all digits, so a sheet can be read out over the telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cutover.core.errors import Invalid, Problem, nearest

DIGITS = 7
HIGHEST = 10**DIGITS - 1
EXPECTED = "a type prefix, 7 digits and 2 check digits, such as CU000000161"
_SHAPE = re.compile(r"([A-Z]{2,3})(\d{7})(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """One number of one form type; `str` is what is printed on the page."""

    prefix: str
    number: int

    def __str__(self) -> str:
        return f"{self.prefix}{self.number:0{DIGITS}}{check_digits(self.prefix, self.number)}"


def check_digits(prefix: str, number: int) -> str:
    """The two mod 97-10 digits of a prefix and a number."""
    spelled = "".join(str(int(letter, 36)) for letter in prefix) + f"{number:0{DIGITS}}"
    return f"{98 - int(spelled) * 100 % 97:02}"


def parse_serial(text: str, prefixes: Iterable[str] = ()) -> Serial:
    """Read a serial as typed or scanned; spaces, hyphens and lower case are forgiven.

    Raises Invalid for another shape, an unknown prefix or a wrong check. The right check digits are never
    suggested: the error may stand in any place, so the person must look at the paper again.
    """
    known = tuple(prefixes)
    shape = _SHAPE.fullmatch(re.sub(r"[\s\-]", "", text).upper())
    if shape is None or not text.isascii():
        raise Invalid(Problem(f"'{text}' is not a serial", field="serial", expected=EXPECTED))
    prefix, number, check = shape.groups()
    if known and prefix not in known:
        expected = f"one of {', '.join(sorted(known))}"
        raise Invalid(
            Problem(
                f"'{text}': no form has the prefix {prefix}",
                "",
                None,
                "serial",
                expected,
                nearest(prefix, known),
            )
        )
    if check != check_digits(prefix, int(number)):
        raise Invalid(
            Problem(f"'{text}': the check digits do not fit; read it again from the paper", field="serial")
        )
    return Serial(prefix, int(number))


def spaced(serial: str) -> str:
    """A serial as it is read out: prefix, number, check."""
    return f"{serial[:-9]} {serial[-9:-2]} {serial[-2:]}"


@dataclass(frozen=True, slots=True)
class Block:
    """`count` serials in a row from `first`: what is printed or issued at one go."""

    prefix: str
    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def __iter__(self) -> Iterator[Serial]:
        return (Serial(self.prefix, number) for number in range(self.first, self.last + 1))

    def __contains__(self, serial: Serial) -> bool:
        return serial.prefix == self.prefix and self.first <= serial.number <= self.last
