"""Errors to exit codes, once: 0 done, 1 the answer is no, 2 bad input, 3 unavailable."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable

DONE, NO, BAD_INPUT, UNAVAILABLE, CRASHED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 70, 130, 143
EXITS: dict[type[CutoverError], int] = {
    Refused: NO,
    Conflict: NO,
    Invalid: BAD_INPUT,
    NotFound: BAD_INPUT,
    Unavailable: UNAVAILABLE,
}


def guarded(run: Callable[[], int | None]) -> int:
    """Run a command; print what a person can act on, one message a line, and return the exit code."""
    try:
        return run() or DONE
    except CutoverError as error:
        return _say(error)
    except BaseException as error:  # noqa: BLE001  the one broad border of the command line
        return _end(error)


def _say(error: CutoverError) -> int:
    for line in _lines(error):
        print(f"{error.slug}: {line}", file=sys.stderr)
    return next((code for kind, code in EXITS.items() if isinstance(error, kind)), NO)


def _end(error: BaseException) -> int:
    """What ended a command without being an answer: a person, a closed pipe, the file system, or a defect."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, BrokenPipeError):
        # or the exit would flush into it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    if isinstance(error, OSError) and error.filename is not None:
        print(f"unavailable: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNAVAILABLE
    # Prefect turns SIGTERM into an exception of its own, which only flows may import.
    terminated = type(error).__name__ == "TerminationSignal"
    if terminated or isinstance(error, KeyboardInterrupt):
        print("interrupted; the journal is whole, `cutover run resume` goes on", file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    traceback.print_exception(error)
    print("this is a defect of cutover, not of your files; the journal is whole", file=sys.stderr)
    return CRASHED


def _lines(error: CutoverError) -> Iterable[object]:
    if isinstance(error, Invalid):
        return error.problems
    return error.reasons if isinstance(error, Refused) else (error,)
