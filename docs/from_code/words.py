"""How a piece of code is said in a page: one line, no pipe that would end a table cell."""

from __future__ import annotations

import inspect


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    if value in (None, "", [], {}, ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def doc(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def own_words(kind: type[object]) -> str:
    """A class's own docstring: an inherited one says nothing of this kind."""
    return " ".join((kind.__dict__.get("__doc__") or "").split())


def anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")
