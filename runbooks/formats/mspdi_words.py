"""What MS Project calls things: its text columns, link types, lag formats, moments and lengths, both ways.

What MS Project has no place for goes into text columns where it is short, and whole into the last line of the
notes where it is not: `[cutover] {...}`, JSON that says for each field what MS Project's own form reads as and
what was meant. An edit made in MS Project changes the former, and then the edit counts.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from cutover.core.clock import to_utc
from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import LinkKind

NAMESPACE = "http://schemas.microsoft.com/project"
MARK = "[cutover] "
WIDEST = 255  # characters of a text column
LINK_TYPES = {"0": LinkKind.FF, "1": LinkKind.FS, "2": LinkKind.SF, "3": LinkKind.SS}
# Lag and length formats: `?` after one of these (estimated) adds 32.
ESTIMATED = 32
ELAPSED = frozenset({4, 6, 8, 10, 12, 20})
PERCENT = frozenset({19, 20})
NO_LENGTH = frozenset({21, 53})
CONSTRAINTS = {
    "0": "as soon as possible",
    "1": "as late as possible",
    "2": "must start on",
    "3": "must finish on",
    "4": "start no earlier than",
    "5": "start no later than",
    "6": "finish no earlier than",
    "7": "finish no later than",
}
# Field -> heading of its text column; the first one marks a document as written here.
ID_COLUMN = "Cutover id"
COLUMNS = {
    "type": "Type",
    "stream": "Stream",
    "component": "Component",
    "verify": "Verify",
    "rollback": "Rollback",
    "skill": "Skill",
    "audience": "Audience",
    "parent": "Parent",
    "repairs": "Repairs",
    "undoes": "Undoes",
    "optional": "Optional",
    "conditional": "Conditional",
    "point_of_no_return": "Point of no return",
}
FOREIGN = ("stream", "component", "verify", "rollback", "skill", "audience")  # taken from anybody's columns
ROW_COLUMN = "Cutover row"
_FIRST = (188743731, 188743734, 188743737, 188743740, 188743743, 188743746)
TEXT_FIELDS = (*_FIRST, *range(188743747, 188743751), *range(188743997, 188744017))  # Text1 to Text30
_LENGTH = re.compile(
    r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Text as an XML document can hold it and MS Project gives it back."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def read_length(text: str, form: str, minutes_per_day: int) -> timedelta | None:
    """PT8H0M0S; days are the calendar's unless the format counts elapsed time. Raises Invalid."""
    if not text or whole(form, 0) in NO_LENGTH:
        return None
    match = _LENGTH.fullmatch(text)
    if match is None or not any(match.groups()):
        raise Invalid(Problem(f"'{text}' is not a duration", expected="such as PT8H0M0S"))
    years, months, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if years or months:
        raise Invalid(Problem(f"'{text}' counts in months or years", expected="hours, such as PT8H0M0S"))
    day = 1440 if is_elapsed(form) else minutes_per_day
    return timedelta(minutes=days * day + minutes, hours=hours, seconds=seconds)


def spell_length(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"


def is_elapsed(form: str) -> bool:
    """Whether a format counts the clock's time and not the calendar's."""
    return _plain(form) in ELAPSED


def is_percent(form: str) -> bool:
    return _plain(form) in PERCENT


def _plain(form: str) -> int:
    number = whole(form, 0)
    return number - ESTIMATED if number > ESTIMATED else number


def whole(text: str, otherwise: int) -> int:
    """A whole number, or `otherwise` for anything that is none."""
    return int(text) if re.fullmatch(r"[-+]?\d{1,12}", text) else otherwise


def read_wall(text: str, zone: str) -> datetime | None:
    """A moment of MS Project, which knows no zones, as UTC. Raises Invalid, for a repeated hour with both."""
    if text in ("", "NA"):
        return None
    try:
        wall = datetime.fromisoformat(text)
        return to_utc(wall, zone)
    except (ValueError, OverflowError):
        raise Invalid(
            Problem(f"'{text}' is not a date and time", expected="such as 2026-10-24T09:00:00")
        ) from None


def spell_wall(at: datetime) -> str:
    return at.replace(tzinfo=None, microsecond=0).isoformat()


def read_mark(notes: str) -> tuple[str, dict[str, Any]]:
    """Notes without their last line where that is ours, and what it says. Raises Invalid for a broken one."""
    head, _, last = notes.strip().rpartition("\n")
    if not last.startswith(MARK):
        return notes.strip(), {}
    try:
        said = json.loads(last.removeprefix(MARK))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Invalid(
            Problem(
                f"the line of the notes that begins {MARK.strip()} was changed",
                field="Notes",
                expected="that line as it was exported, or none",
            )
        )
    return head.strip(), said


def with_mark(notes: str, said: dict[str, Any]) -> str:
    """Notes that `read_mark` takes apart again."""
    if not said and MARK not in notes:
        return notes
    return (notes + "\n\n" if notes else "") + MARK + json.dumps(said, separators=(",", ":"))
