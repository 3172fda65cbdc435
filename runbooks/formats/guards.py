"""How a text stands in a cell so that no program takes it for a formula, and reads back as it was.

CSV has no types: whatever begins like a formula gets an apostrophe, and so does an apostrophe that would be
taken for ours. In a workbook a text is a text; only a text that is there and empty needs its apostrophe.
"""

from __future__ import annotations

import re

_RISK = "=+\\-@\t\r\n＝＋－＠"
_IN_CSV = re.compile(rf"'*(?:[{_RISK}]|$)")
_IN_SHEET = re.compile(r"'*$")
_FORMULA = re.compile(r"'(?=[=+\-@])")


def guarded(text: str, *, csv: bool) -> str:
    return f"'{text}" if (_IN_CSV if csv else _IN_SHEET).match(text) else text


def unguarded(text: str, *, csv: bool) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and (_IN_CSV if csv else _IN_SHEET).match(text) else text


def without_guard(text: str) -> str:
    """A cell of a CSV that others wrote: their apostrophe before a formula, and none before a word."""
    return text[1:] if _FORMULA.match(text) else text
