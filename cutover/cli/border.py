"""Errors to exit codes, once: 0 done, 1 the answer is no, 2 bad input, 3 unavailable. With --json they are JSON too."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence

from typing_extensions import TypedDict

from cutover.cli.output import json_text
from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable

DONE, NO, BAD_INPUT, UNAVAILABLE, CRASHED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 70, 130, 143
EXITS: dict[type[CutoverError], int] = {
    Refused: NO,
    Conflict: NO,
    Invalid: BAD_INPUT,
    NotFound: BAD_INPUT,
    Unavailable: UNAVAILABLE,
}


class ErrorSaid(TypedDict):
    """Why not: `slug` is one of `docs/reference/errors.md`, `exit` the exit code, `reasons` every reason, for a person."""

    slug: str
    exit: int
    reasons: Sequence[str]


class JsonError(TypedDict):
    """What a command prints in place of its answer."""

    error: ErrorSaid


def guarded(run: Callable[[], int | None], *, as_json: bool = False) -> int:
    """Run a command; print what a person can act on, one message a line, and return the exit code.

    `as_json`: on standard output as well, where a program reads the one document that every command prints.
    """
    try:
        return run() or DONE
    except CutoverError as error:
        code = next((code for kind, code in EXITS.items() if isinstance(error, kind)), NO)
        return refuse(error.slug, code, _reasons(error), as_json=as_json)
    except BaseException as error:  # noqa: BLE001  the one broad border of the command line
        return _end(error, as_json=as_json)


def refuse(slug: str, code: int, reasons: Sequence[str], *, as_json: bool) -> int:
    """Say why not, and return the exit code."""
    for line in reasons:
        print(f"{slug}: {line}", file=sys.stderr)
    if as_json:
        print(json_text(JsonError(error=ErrorSaid(slug=slug, exit=code, reasons=reasons))))
    return code


def _end(error: BaseException, *, as_json: bool) -> int:
    """What ended a command without being an answer: a person, a closed pipe, the file system, or a defect."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, BrokenPipeError):
        # or the exit would flush into it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    if isinstance(error, OSError) and error.filename is not None:
        return refuse("unavailable", UNAVAILABLE, [f"{error.filename}: {error.strerror}"], as_json=as_json)
    # Prefect turns SIGTERM into an exception of its own, which only flows may import.
    terminated = type(error).__name__ == "TerminationSignal"
    if terminated or isinstance(error, KeyboardInterrupt):
        print("interrupted; the journal is whole, `cutover run resume` goes on", file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    traceback.print_exception(error)
    print("this is a defect of cutover, not of your files; the journal is whole", file=sys.stderr)
    return CRASHED


def _reasons(error: CutoverError) -> list[str]:
    if isinstance(error, Invalid):
        return [str(problem) for problem in error.problems]
    return list(error.reasons) if isinstance(error, Refused) else [str(error)]
