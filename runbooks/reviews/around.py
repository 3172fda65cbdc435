"""What went on around a run while it ran, told by other rooms: lines, tables and pictures added to its review.

Knows no room: whoever knows of outages, paper or alarms makes these, and every form of a review shows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from runbooks.reviews.cells import Sheet


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as it stands on the page: its SVG, escaped already, its size in pixels and what it says."""

    title: str
    says: str
    svg: Markup
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Around:
    """What is added to a review: what cannot be known, lines of the head, pictures, tables."""

    caveats: tuple[str, ...] = ()
    head: tuple[tuple[str, str], ...] = ()
    drawings: tuple[Drawing, ...] = ()
    sheets: tuple[Sheet, ...] = ()


NOTHING = Around()
