"""Errors to exit codes, once: 0 done, 1 the answer is no, 2 bad input, 3 unavailable."""

from __future__ import annotations

import sys
from collections.abc import Callable

import structlog

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable

DONE, NO, BAD_INPUT, UNAVAILABLE, CRASHED = 0, 1, 2, 3, 70
EXITS: dict[type[CutoverError], int] = {Refused: NO, Conflict: NO, Invalid: BAD_INPUT, NotFound: BAD_INPUT, Unavailable: UNAVAILABLE}


def guarded(run: Callable[[], int | None]) -> int:
    """Run a command; print what a person can act on, one message a line, and return the exit code."""
    try:
        return run() or DONE
    except CutoverError as error:
        lines = error.problems if isinstance(error, Invalid) else error.reasons if isinstance(error, Refused) else (str(error),)
        for line in lines:
            print(f"{error.slug}: {line}", file=sys.stderr)  # noqa: T201
        return EXITS.get(type(error), NO)
    except KeyboardInterrupt:
        print("interrupted; the journal is whole, `cutover run resume` goes on", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        return DONE
    except Exception:  # the one broad border of the command line: a defect, kept with its trace
        structlog.get_logger().exception("command_crashed")
        return CRASHED
