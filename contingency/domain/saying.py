"""What must be said and was left blank: each missing thing is a reason to refuse, all of them at once."""

from __future__ import annotations

from cutover.core.errors import Refused


def need(*said: tuple[str, str]) -> None:
    """Each text with why it is needed. Raises Refused with the reason of every one that is blank."""
    if missing := [why for text, why in said if not text.strip()]:
        raise Refused(*missing)
