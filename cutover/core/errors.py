"""What went wrong, grouped by what the caller can do about it.

HTTP status and exit code are mapped once, in the shells (cutover.cli.border, cutover.web.kit).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it stands, what was expected, what was probably meant."""

    message: str
    file: str = ""
    line: int | None = None
    field: str = ""
    expected: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line is not None else "")
        parts = [part for part in (place, self.field) if part]
        text = ": ".join([*parts, self.message])
        if self.expected:
            text += f"; expected {self.expected}"
        if self.nearest:
            text += f"; did you mean '{self.nearest}'?"
        return text


class CutoverError(Exception):
    """Something the software refuses or cannot do; `slug` is stable and documented."""

    slug = "error"


class Invalid(CutoverError):
    """The input is wrong: mend it where each problem says and try again. Exit 2."""

    slug = "invalid"

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotFound(CutoverError):
    """Nothing has that name, or with '' there is none at all. Exit 2; the message names the nearest that exists.

    `listed` are named where nothing is near: for names that nobody can know by heart.
    """

    slug = "not-found"

    def __init__(
        self, what: str, name: str, known: Iterable[str] = (), *, listed: Sequence[str] = ()
    ) -> None:
        near = hint(name, known) or (f"; there is {', '.join(listed)}" if listed else "")
        super().__init__(f"no {what} named '{name}'{near}" if name else f"there is no {what} here yet")


class Refused(CutoverError):
    """The rules say no, for all of these reasons at once. Exit 1."""

    slug = "refused"

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Conflict(CutoverError):
    """Somebody was quicker: reload and decide again. Exit 1."""

    slug = "conflict"


class Unavailable(CutoverError):
    """A part we depend on does not answer. Exit 3; `permanent` says that waiting will not help."""

    slug = "unavailable"

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message)


def hint(name: str, known: Iterable[str]) -> str:
    """How a message ends that names the known one most like `name`; '' when nothing is close."""
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, or '' when nothing is close."""
    return next(iter(difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)), "")
