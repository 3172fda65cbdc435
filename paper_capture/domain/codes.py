"""What the two codes of a page say: serial, form version, page of pages, under the programme's own key; nobody's name.

`CF1:CU000000161:2:1/3:7K3F9QXW`. The MAC tells a misread or an invented code from a printed one, and one
programme's paper from another's. It keeps nothing secret. Only letters of the QR alphanumeric set, so that the code
stays coarse.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from cutover.core.errors import Invalid, Problem
from paper_capture.domain.serial import parse_serial

MARK = "CF1"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is read as another
_MAC_LETTERS = 8  # 40 bits
_CODE = re.compile(
    rf"{MARK}:([A-Z]{{2,3}}\d{{9}}):(\d{{1,4}}):(\d{{1,2}})/(\d{{1,2}}):([0-9A-Z]{{{_MAC_LETTERS}}})"
)
OURS = re.compile(rf"{MARK}:")


@dataclass(frozen=True, slots=True)
class PageCode:
    """Which page of which sheet this is."""

    serial: str
    version: int
    page: int
    pages: int

    def sealed(self, key: bytes) -> str:
        """The text of both codes."""
        text = f"{MARK}:{self.serial}:{self.version}:{self.page}/{self.pages}"
        return f"{text}:{_mac(text, key)}"


def read_page_code(text: str, key: bytes) -> PageCode:
    """The page a code stands for. Raises Invalid when it is none of ours, or not of this programme."""
    match = _CODE.fullmatch(text)
    if match is None:
        raise Invalid(Problem(f"'{text[:60]}' is not a code of a printed form"))
    code = PageCode(str(parse_serial(match[1])), int(match[2]), int(match[3]), int(match[4]))
    if not hmac.compare_digest(code.sealed(key), text):
        raise Invalid(
            Problem(
                f"{code.serial}: the check of its code is wrong: misread, or printed by another programme"
            )
        )
    return code


def _mac(text: str, key: bytes) -> str:
    number = int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:5], "big")
    return "".join(_LETTERS[(number >> (5 * i)) & 31] for i in range(_MAC_LETTERS))
