"""How one cell differs: small pure functions over the two texts.

Asked only about keys that differ, never about every row: canonical forms cost several times the scan.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from enum import StrEnum

LONGEST_SHIFT = timedelta(hours=14)  # the widest offset from UTC that any zone has
_DIGITS = 700  # of a number: the widest double has 309 before the point, the finest 324 after it
NOISE = 1e-12  # relative: a few last places of a double
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)
_CODE_PAGES = ("cp1252", "latin-1")


class Kind(StrEnum):
    NULL_EMPTY = "null_empty"
    LOST_LEADING_ZEROS = "lost_leading_zeros"
    WRONG_TYPE = "wrong_type"
    WHITESPACE = "whitespace"
    UNICODE_FORM = "unicode_form"
    MOJIBAKE = "mojibake"
    TRUNCATION = "truncation"
    HOUR_SHIFT = "hour_shift"
    FLOAT_NOISE = "float_noise"
    CODE = "code"
    ROUNDING = "rounding"
    VALUE = "value"


def kind_of(type_: str, source: str | None, target: str | None, wrong: bool) -> Kind:
    """The first kind whose test holds. `wrong`: one of the two is not a value of the contract type `type_`."""
    if source is None or target is None:
        if (source or "") == (target or ""):
            return Kind.NULL_EMPTY
        return Kind.WRONG_TYPE if wrong else Kind.VALUE
    if lost_leading_zeros(source, target):
        return Kind.LOST_LEADING_ZEROS
    if wrong:
        return Kind.WRONG_TYPE
    if type_ == "code":
        return Kind.CODE
    tests = _TESTS.get(type_.partition("(")[0], ())
    return next((kind for kind, holds in tests if holds(source, target)), Kind.VALUE)


def within(type_: str, source: str | None, target: str | None, tolerance: str) -> bool:
    """Two values no further apart than is allowed: numbers in their unit, timestamps in seconds. '' allows nothing."""
    if source is None or target is None or not tolerance:
        return False
    try:
        if type_ == "timestamp":
            apart = abs(datetime.fromisoformat(source) - datetime.fromisoformat(target))
            return Decimal(apart // timedelta(microseconds=1)) / 1_000_000 <= Decimal(tolerance)
        return abs(Decimal(source) - Decimal(target)) <= Decimal(tolerance)
    except (ValueError, InvalidOperation):  # not a value of its type, or no number at all
        return False


def lost_leading_zeros(a: str, b: str) -> bool:
    """'007' and '7', either way round."""
    return a != b and a.isdigit() and b.isdigit() and a.lstrip("0") == b.lstrip("0")


def differ_in_whitespace(a: str, b: str) -> bool:
    """Only in blanks: at the ends, in number, line ends, no-break or zero-width ones."""
    return _blanks_apart(a) == _blanks_apart(b)


def differ_in_unicode_form(a: str, b: str) -> bool:
    """The same characters, composed on one side and decomposed on the other."""
    return unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b)


def is_mojibake(a: str, b: str) -> bool:
    """UTF-8 read as a Western code page, either way round: 'MÃ¼ller' for 'Müller'."""
    return any(_reread(x, page) == y for x, y in ((a, b), (b, a)) for page in _CODE_PAGES)


def shifted_by_hours(a: str, b: str) -> bool:
    """Two times a whole number of hours apart, as a zone read wrongly makes them; at most 14."""
    try:
        apart = abs(datetime.fromisoformat(a) - datetime.fromisoformat(b))
    except ValueError:
        return False
    return timedelta(0) < apart <= LONGEST_SHIFT and not apart % timedelta(hours=1)


def rounded(a: str, b: str) -> bool:
    """One is the other with fewer decimal places, rounded half up, half to even or cut."""
    with localcontext(prec=_DIGITS):
        try:
            fine, coarse = sorted((Decimal(a).normalize(), Decimal(b).normalize()), key=_places, reverse=True)
            step = Decimal(1).scaleb(-_places(coarse))
            return any(
                fine.quantize(step, rounding=how) == coarse
                for how in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
            )
        except InvalidOperation:  # no number at all, or one without an end
            return False


def rounded_to(a: str, b: str, places: int) -> bool:
    """One is the other rounded to at least so many decimal places: never a pound that became another pound.

    How many places a value had is not seen any more once it ends in noughts, so the contract says it.
    """
    hows = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
    try:
        fine, coarse = sorted((Decimal(a).normalize(), Decimal(b).normalize()), key=_places, reverse=True)
        kept = range(max(places, _places(coarse)), _places(fine))
        return any(fine.quantize(Decimal(1).scaleb(-n), rounding=how) == coarse for n in kept for how in hows)
    except InvalidOperation:  # no number, or one too long to be rounded
        return False


def truncated(a: str, b: str) -> bool:
    """One is the beginning of the other, and not nothing."""
    short, long = sorted((a, b), key=len)
    return 0 < len(short) < len(long) and long.startswith(short)


def differ_in_noise(a: str, b: str) -> bool:
    """Two floats that differ in their last digits only."""
    x, y = float(a), float(b)
    return x != y and math.isclose(x, y, rel_tol=NOISE)


_TESTS: dict[str, tuple[tuple[Kind, Callable[[str, str], bool]], ...]] = {
    "text": (
        (Kind.WHITESPACE, differ_in_whitespace),
        (Kind.UNICODE_FORM, differ_in_unicode_form),
        (Kind.MOJIBAKE, is_mojibake),
        (Kind.TRUNCATION, truncated),
    ),
    "timestamp": ((Kind.HOUR_SHIFT, shifted_by_hours),),
    "decimal": ((Kind.ROUNDING, rounded),),
    "double": ((Kind.FLOAT_NOISE, differ_in_noise), (Kind.ROUNDING, rounded)),
}


def _blanks_apart(text: str) -> list[str]:
    return text.translate(_INVISIBLE).split()


def _reread(text: str, page: str) -> str:
    try:
        return text.encode(page).decode("utf-8")
    except UnicodeError:
        return text


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
