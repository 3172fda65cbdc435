"""What the square code beside a printed task says, and whether a code that comes back is one of ours.

It names the runbook, the version of the plan, the line of the sheet and the task, and nobody. A short MAC under a
key of the programme tells a mistyped or invented code from a printed one; it keeps nothing secret.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from dataclasses import dataclass

import segno

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Runbook

MARK = "CR1"  # first field of every code: whose it is, and the version of this layout
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is read as another
_LOOKALIKE = str.maketrans("ILO", "110")
_MAC_LETTERS = 6  # 30 bits: one guess in a thousand million
_EXPECTED = "a code as printed, such as CR1:go-live:1f0a2b3c4d:S12:FRZ-02:7K3F9Q"
_ID = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"
_CODE = re.compile(rf"{MARK}:({_ID}):([0-9a-f]{{10}}):([A-Z]\d+):({_ID}):([0-9A-Za-z]{{{_MAC_LETTERS}}})")


def plan_version(runbook: Runbook) -> str:
    """Ten letters that change with any word of the plan: SHA-256 over its canonical JSON, defaults left out."""
    plain = runbook.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Code:
    """Where a printed line stands: `sheet` is the kind of pack and the line in it, such as S12."""

    runbook: str
    version: str
    sheet: str
    task: str

    def sealed(self, key: bytes) -> str:
        """The text of the square code."""
        text = f"{MARK}:{self.runbook}:{self.version}:{self.sheet}:{self.task}"
        return f"{text}:{_mac(text, key)}"

    def serial(self, key: bytes) -> str:
        """What stands beneath it for a person to type: line and MAC."""
        return f"{self.sheet} {self.sealed(key).rpartition(':')[2]}"


def read_code(text: str, key: bytes) -> Code:
    """The line a code stands for. Raises Invalid when it is no code of ours, or was not printed under this key."""
    match = _CODE.fullmatch(text.strip())
    if match is None:
        raise Invalid(Problem(f"'{text.strip()[:120]}' is not a code of a printed plan", expected=_EXPECTED))
    code = Code(*match.groups()[:4])
    claimed = match[5].upper().translate(_LOOKALIKE)
    if not hmac.compare_digest(code.sealed(key).rpartition(":")[2], claimed):
        raise Invalid(
            Problem(f"the check of '{text.strip()}' is wrong", expected="a code printed by this programme")
        )
    return code


def square(text: str) -> str:
    """The square code as SVG, 1 unit a module, with the quiet zone its standard asks for (ISO/IEC 18004: 4)."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, svgns=True, border=4)
    return out.getvalue().decode()


def _mac(text: str, key: bytes) -> str:
    number = int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:4], "big")
    return "".join(_LETTERS[(number >> (5 * i)) & 31] for i in range(_MAC_LETTERS))
