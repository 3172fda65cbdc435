"""How long: 45m, 1.5h, 2h 30m, 1:30, 90 (minutes), 3d. One meaning everywhere."""

from __future__ import annotations

import re
from datetime import timedelta

from cutover.core.errors import Invalid, Problem

EXPECTED = "a duration such as 45m, 1.5h, 2h 30m, 1:30 or 3d"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # each unit is known by its first letter
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])", re.ASCII
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def parse_duration(text: str | float | timedelta) -> timedelta:
    """Read a duration; a bare number is minutes. Raises Invalid for anything else, negatives included."""
    if isinstance(text, timedelta):
        return _not_negative(text, str(text))
    if isinstance(text, int | float):
        return _not_negative(_span(text, 60, str(text)), str(text))
    spelled = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", spelled):
        return _span(float(spelled), 60, text)
    if clock := _CLOCK.fullmatch(spelled):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    parts = _PART.findall(spelled)
    if not parts or _PART.sub("", spelled).strip(" ,+"):
        raise Invalid(Problem(f"'{text}' is not a duration", expected=EXPECTED))
    return sum((_span(float(n), _SECONDS[unit[0]], text) for n, unit in parts), timedelta(0))


def show_duration(span: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back, to the second: 2d 3h, 1h 30m, 45m, 20s."""
    if span < timedelta(0):
        return "-" + show_duration(-span)
    left, parts = round(span.total_seconds()), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0m"


def show_minutes(span: timedelta) -> str:
    """As `show_duration`, to the minute: what is only expected knows no seconds."""
    return show_duration(timedelta(minutes=round(span / timedelta(minutes=1))))


def spell_duration(span: timedelta) -> str:
    """As `show_duration`, but exact to the microsecond: what files and facts keep."""
    if not span.microseconds:
        return show_duration(span)
    return f"{span.total_seconds():.6f}".rstrip("0") + "s"


def _span(count: float, unit: int, text: str) -> timedelta:
    try:
        return timedelta(seconds=count * unit)
    except (OverflowError, ValueError) as error:
        raise Invalid(Problem(f"'{text}' is no length of time", expected=EXPECTED)) from error


def _not_negative(span: timedelta, text: str) -> timedelta:
    if span < timedelta(0):
        raise Invalid(Problem(f"'{text}' is negative", expected=EXPECTED))
    return span
