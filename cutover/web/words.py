"""Moments, spans and shares as a reader wants them: wall time with its zone, minutes and not microseconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

from cutover.core.clock import show
from cutover.core.duration import show_duration

MINUTE = timedelta(minutes=1)
_LOCAL = "/#"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=10_000)  # a board of thousands of tasks says the same few hundred moments again and again
def moment(at: datetime | None, zone: str) -> str:
    """Sat 24 Oct 03:10 BST; '' for none."""
    return show(at, zone) if at else ""


def lasting(span: timedelta) -> str:
    """A span to the minute, without sign: 1d 4h 12m; under a minute says so."""
    return _minutes(abs(span) // MINUTE)


@lru_cache(maxsize=10_000)
def _minutes(count: int) -> str:
    return show_duration(count * MINUTE) if count else "under a minute"


def share(chance: float) -> str:
    """A chance as a percentage that never says certainty: it was counted in samples."""
    if chance < 0.01:  # noqa: PLR2004  below this a percentage says "never", and it may
        return "under 1 %"
    if chance > 0.99:  # noqa: PLR2004
        return "over 99 %"
    return f"{chance:.0%}".replace("%", " %")


def spelled(kind: str) -> str:
    """The name of an event kind as words: GateWentNoGo -> Gate went no go."""
    return _CAMEL.sub(" ", kind).capitalize()


def safe_link(link: str) -> str:
    """A link that leads to one of our pages or to a web page; '' for anything else, whoever recorded it."""
    inside = link[:1] in _LOCAL and not link.startswith(("//", "/\\"))
    return link if link and (inside or link.startswith(("https://", "http://"))) else ""
