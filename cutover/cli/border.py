"""Errors to exit codes, once: 0 done, 1 the answer is no, 2 bad input, 3 unavailable."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable

DONE, NO, BAD_INPUT, UNAVAILABLE, CRASHED, INTERRUPTED = 0, 1, 2, 3, 70, 130
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
        for line in _lines(error):
            print(f"{error.slug}: {line}", file=sys.stderr)
        return next((code for kind, code in EXITS.items() if isinstance(error, kind)), NO)
    except KeyboardInterrupt:
        print("interrupted; the journal is whole, `cutover run resume` goes on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # or the exit would flush into it again
        return DONE
    except Exception:  # noqa: BLE001  the one broad border of the command line: a defect, kept with its trace
        traceback.print_exc()
        print("this is a defect of cutover, not of your files; the journal is whole", file=sys.stderr)
        return CRASHED


def _lines(error: CutoverError) -> Iterable[object]:
    if isinstance(error, Invalid):
        return error.problems
    return error.reasons if isinstance(error, Refused) else (error,)
