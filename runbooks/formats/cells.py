"""What the text of one cell means: a moment, a flag, names, a kind of task. Never guesses a date."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cutover.core.clock import to_utc
from cutover.core.duration import parse_duration
from cutover.core.errors import Invalid, Problem, nearest
from runbooks.domain.plan import TaskType

DateOrder = Literal["DMY", "MDY"]
EMPTY = frozenset({"", "-", "–", "—", "n/a", "na", "none", "nil"})
OPEN = frozenset({"tbc", "tbd", "t.b.c.", "t.b.d.", "to be confirmed", "to be decided", "?", "??", "pending"})
YES = frozenset({"1", "y", "yes", "true", "x", "✓", "✔", "on", "ja", "oui", "sim", "si", "sí"})
NO = EMPTY | {"0", "n", "no", "false", "off", "nein", "non", "não", "nao"}
# What people write in a time zone column. IST, and CST outside America, mean several places: those are asked for.
ZONES = {
    "ET": "America/New_York", "EST": "America/New_York", "EDT": "America/New_York",
    "CT": "America/Chicago", "CDT": "America/Chicago",
    "MT": "America/Denver", "MST": "America/Denver", "MDT": "America/Denver",
    "PT": "America/Los_Angeles", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "UK": "Europe/London", "BST": "Europe/London", "GMT": "UTC", "UTC": "UTC", "Z": "UTC",
    "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "EET": "Europe/Athens", "EEST": "Europe/Athens",
    "AEST": "Australia/Brisbane", "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland",
}  # fmt: skip
KINDS = {
    TaskType.APPROVAL: "approval, gate, go/no-go, go no go, sign-off, sign off, decision, checkpoint",
    TaskType.VALIDATION: "validation, verify, verification, check, test, smoke test, validate",
    TaskType.COMMS: "comms, communication, communications, sms, e-mail, email, call, notification",
    TaskType.AUTOMATED: "automated, automation, script, runbook automation",
    TaskType.MILESTONE: "milestone",
    TaskType.WAIT: "wait, hold, sleep, soak",
    TaskType.NORMAL: "normal, task, manual, technical",
}
STATUSES = ("planned", "in progress", "blocked", "complete", "skipped", "cancelled", "archived")
_STATUS_OF = {
    **{status: status for status in STATUSES},
    "not started": "planned", "to do": "planned", "todo": "planned", "open": "planned",
    "wip": "in progress", "started": "in progress", "running": "in progress", "ongoing": "in progress",
    "on hold": "blocked", "completed": "complete", "done": "complete", "closed": "complete", "finished": "complete",
    "n/a": "skipped", "canceled": "cancelled", "archive": "archived",
}  # fmt: skip
_KIND_OF = {word.strip(): kind for kind, words in KINDS.items() for word in words.split(",")}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?:[T,\s]+(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2}))?\s*(?P<half>[ap]m)?\s*(?P<z>Z|[+-]\d\d:?\d\d)?)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_FORMS = tuple(
    re.compile(_WEEKDAY + day + _TIME, re.IGNORECASE)
    for day in (
        r"(?P<y>\d{4})[-/.](?P<mo>\d{1,2})[-/.](?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s\-]+(?P<name>[a-z]{3,9})\.?[\s\-,]+(?P<y>\d{4}|\d{2})",
        r"(?P<name>[a-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})",
    )
)
_NUMERIC = re.compile(
    _WEEKDAY + r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})" + _TIME, re.IGNORECASE
)
_MOMENT = "a date and time such as 2026-10-23 22:00 or 23 Oct 2026 22:00"
_EXCEL_LENGTH = re.compile(r"(?:1899-12-3[01]|1900-0[12]-\d\d)(?:T\d\d:\d\d:\d\d)?")
_TWELVE = 12
_DAY = 86_400  # seconds
_EXCEL_NOUGHT = datetime(1899, 12, 31)  # noqa: DTZ001  # a length, not a moment


def is_ambiguous(text: str) -> bool:
    """Whether a date reads as one day D/M and as another M/D."""
    match = _NUMERIC.fullmatch(text.strip())
    if match is None or match["a"] == match["b"]:
        return False
    return max(int(match["a"]), int(match["b"])) <= _TWELVE


@lru_cache(maxsize=4096)
def read_moment(text: str, zone: str, order: DateOrder | None) -> datetime:
    """A date, or date and time, of `zone` as UTC; a date alone is its midnight.

    Raises Invalid for what is none, for a date that needs `order` and has none, and for a wall time that a
    clock change repeats or skips.
    """
    cell = text.strip()
    match = next((m for form in _FORMS if (m := form.fullmatch(cell))), None)
    try:
        if match:
            month = match["mo"] if "mo" in match.groupdict() else _month(match["name"])
            wall = _wall(match, int(month), int(match["d"]))
        else:
            wall = _numeric(cell, order)
    except ValueError as error:
        raise Invalid(Problem(f"'{text}' is not a date", expected=_MOMENT)) from error
    return to_utc(wall, zone)


def _numeric(cell: str, order: DateOrder | None) -> datetime:
    match = _NUMERIC.fullmatch(cell)
    if match is None:
        raise ValueError(cell)
    if order is None and is_ambiguous(cell):
        raise Invalid(
            Problem(
                f"'{cell}' may be day/month or month/day", expected="--date-order DMY or --date-order MDY"
            )
        )
    first, second = int(match["a"]), int(match["b"])
    by_day = order == "DMY" if order else first > _TWELVE
    day, month = (first, second) if by_day else (second, first)
    return _wall(match, month, day)


def _wall(match: re.Match[str], month: int, day: int) -> datetime:
    year = int(match["y"]) + (2000 if len(match["y"]) == len("26") else 0)
    hour, half = int(match["h"] or 0), (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= _TWELVE:
            raise ValueError(match[0])
        hour = hour % _TWELVE + (_TWELVE if half == "pm" else 0)
    clock = time(hour, int(match["mi"] or 0), int(match["s"] or 0))
    wall = datetime.combine(date(year, month, day), clock)
    offset = match["z"]
    return (
        datetime.fromisoformat(wall.isoformat() + offset.upper().replace("Z", "+00:00")) if offset else wall
    )


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def read_zone(text: str) -> str:
    """ET, BST or an IANA name as an IANA name. Raises Invalid for one that means no or several places."""
    word = text.strip()
    if word.upper() in ZONES:
        return ZONES[word.upper()]
    try:
        return ZoneInfo(word).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(word, [*ZONES, *available_timezones()])
        raise Invalid(
            Problem(
                f"'{text}' is not a time zone",
                expected="an IANA name such as Europe/London, or ET, PT, UK, CET",
                nearest=near,
            )
        ) from None


def read_flag(text: str) -> bool:
    """Yes or no, as people write it. Raises Invalid for anything else."""
    word = text.strip().casefold()
    if word not in YES and word not in NO:
        raise Invalid(Problem(f"'{text}' is neither yes nor no", expected="yes, no, 1, 0 or x"))
    return word in YES


@lru_cache(maxsize=4096)  # a plan has few lengths, each in many rows
def read_duration(text: str, unit: str = "", *, fractions: bool = False) -> timedelta:
    """A duration in whole seconds; a bare number is in `unit`, or minutes, or a part of a day. Raises Invalid."""
    bare = re.fullmatch(r"(\d+(?:\.\d+)?)(e-\d+)?", text.strip())
    if bare and fractions:
        return timedelta(seconds=round(float(text) * _DAY))
    span = parse_duration(text.strip() + unit if bare else text)
    return timedelta(seconds=round(span.total_seconds()))


def excel_length(text: str) -> timedelta | None:
    """The length that Excel keeps as a date: 30 h in a cell of h:mm is the 1st of January 1900, 06:00."""
    if not text.startswith(("1899-", "1900-")) or not _EXCEL_LENGTH.fullmatch(text):
        return None
    return datetime.fromisoformat(text) - _EXCEL_NOUGHT


def read_status(text: str) -> str:
    """`1-Planned`, `4 - Complete`, `WIP` as one of STATUSES; any other word as it stands."""
    word = re.sub(r"^\d+\s*[-–.:)]\s*", "", text.strip())
    return _STATUS_OF.get(" ".join(word.casefold().replace("_", " ").split()), text.strip())


@lru_cache(maxsize=1024)
def read_kind(text: str) -> TaskType | None:
    """The type of task a word means, or None."""
    return _KIND_OF.get(" ".join(text.casefold().replace("_", " ").split()))


def read_names(text: str) -> list[str]:
    """The people of a cell: `Asha/Bo`, `Asha; Bo`, `Asha & Bo`. A comma parts whole names only: `Smith, J` is one."""
    names = [n.strip() for n in re.split(r"\s*[/;&\n]\s*|\s+and\s+", text.strip()) if n.strip()]
    if len(names) == 1 and "," in text:
        parts = [n.strip() for n in text.split(",") if n.strip()]
        if len(parts) > 2 or all(" " in part for part in parts):  # noqa: PLR2004
            return parts
    return names


def title_of(file_name: str) -> str:
    """The words of a file's name: `go_live-v2` is go live v2."""
    return " ".join(file_name.replace("_", " ").replace("-", " ").split())


@lru_cache(maxsize=4096)
def slug(text: str, longest: int = 40) -> str:
    """An id made of words: `Lock deployments!` is lock-deployments; cut at a word."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    made = ""
    for word in words:
        if made and len(made) + 1 + len(word) > longest:
            break
        made = f"{made}-{word}" if made else word[:longest]
    return made


def free_id(name: str, taken: Collection[str]) -> str:
    """The name as an id that nobody has yet: load, else load-2, load-3 …"""
    n, made = 1, name
    while made in taken:
        n, made = n + 1, f"{name}-{n + 1}"
    return made
