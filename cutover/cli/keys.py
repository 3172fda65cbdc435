"""What is pressed while something is drawn: read without Enter, and the terminal is left as it was found."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GONE = "\x04"  # what a terminal that was closed is taken to say, as Ctrl-D would


@contextmanager
def pressed() -> Iterator[Callable[[float], str]]:
    """Waits so many seconds, or until a key is pressed: which, or ''. Where nobody can press one it only waits."""
    if not sys.stdin.isatty():
        yield _only_wait
        return
    line = sys.stdin.fileno()
    before = termios.tcgetattr(line)

    def wait(seconds: float) -> str:
        if not select.select([line], [], [], seconds)[0]:
            return ""
        return os.read(line, 1).decode("ascii", "replace") or GONE

    tty.setcbreak(line)
    try:
        yield wait
    finally:
        termios.tcsetattr(line, termios.TCSADRAIN, before)


def _only_wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""
