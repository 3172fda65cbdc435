"""Which programmes one can begin from, and how one of them becomes somebody's own: its folder, title and window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

from cutover.core.errors import NotFound

NOTICE = timedelta(days=14)  # at the least, between writing a programme and its window
_OPENS = re.compile(r"^(  opens: )(\S+)", re.MULTILINE)
_CLOSES = re.compile(r"^(  closes: )(\S+)", re.MULTILINE)
_TITLE = re.compile(r"^title: .*$", re.MULTILINE)
_WALL = "%Y-%m-%dT%H:%M"

TEMPLATES: Mapping[str, str] = {
    "small-upgrade": "one application to its next version, in a night",
    "big-bang": "a system of record replaced in a weekend, everybody at once",
    "data-centre-switch": "every service from one site to the other, in a night",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is the user's own in a new programme; '' and None keep the template's."""

    title: str = ""
    opens: datetime | None = None


def template(name: str) -> Path:
    """The folder of a shipped programme. Raises NotFound."""
    if name not in TEMPLATES:
        raise NotFound("template", name, TEMPLATES)
    return Path(str(files("runbooks.library"))) / name


def made_own(text: str, wanted: Wanted) -> str:
    """The text of a programme file under another title and at another time; comments and order stay."""
    if wanted.title:
        quoted = '"' + wanted.title.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text = _TITLE.sub(lambda _: f"title: {quoted}", text, count=1)
    if wanted.opens is not None:
        opens, closes = window_of(text)
        ends = wanted.opens + (closes - opens)
        text = _OPENS.sub(lambda m: f"{m[1]}{wanted.opens:{_WALL}}", text, count=1)
        text = _CLOSES.sub(lambda m: f"{m[1]}{ends:{_WALL}}", text, count=1)
    return text


def window_of(text: str) -> tuple[datetime, datetime]:
    """When the window of a shipped programme opens and closes, wall times of its zone."""
    opens, closes = _OPENS.search(text), _CLOSES.search(text)
    assert opens is not None  # what we ship has a window
    assert closes is not None
    return datetime.strptime(opens[2], _WALL), datetime.strptime(closes[2], _WALL)  # noqa: DTZ007  wall times


def next_window(text: str, now: datetime) -> datetime:
    """The template's weekday and hour, the first that leaves a fortnight."""
    opens, _ = window_of(text)
    day = now.replace(tzinfo=None) + NOTICE
    ahead = (opens.weekday() - day.weekday()) % 7
    found = (day + timedelta(days=ahead)).replace(
        hour=opens.hour, minute=opens.minute, second=0, microsecond=0
    )
    return found if found >= day else found + timedelta(days=7)
