"""Was the machine's clock set while nobody ran: told by the counter that no setting moves, within one start of the machine.

A mark beside the database says what clock and counter said together. Both go on while the machine sleeps, so a machine
that stood still is not taken for a clock that was set. After a restart of the machine nothing can be told.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cutover.store.steady import steady_seconds, wall_time

BOOT = Path("/proc/sys/kernel/random/boot_id")
SET = timedelta(minutes=2)  # what a time service corrects in between is less


@dataclass(frozen=True, slots=True)
class Mark:
    """What clock and counter say at one moment, and which start of the machine the counter counts from ('' unknown)."""

    boot: str
    counter: float
    wall: str

    @classmethod
    def now(cls) -> Mark:
        boot = BOOT.read_text(encoding="ascii").strip() if BOOT.exists() else ""
        return cls(boot, steady_seconds(), wall_time().isoformat())

    def set_since(self, earlier: Mark) -> timedelta:
        """By how much the clock was set between two marks, forward or back; nothing where that cannot be told."""
        if not self.boot or self.boot != earlier.boot:
            return timedelta(0)
        shown = datetime.fromisoformat(self.wall) - datetime.fromisoformat(earlier.wall)
        by = shown - timedelta(seconds=self.counter - earlier.counter)
        return by if abs(by) > SET else timedelta(0)


def set_meanwhile(file: Path, now: Mark) -> timedelta:
    """By how much the clock was set since the mark in this file; the new mark takes its place."""
    try:
        earlier = Mark(**json.loads(file.read_text(encoding="utf-8")))
        by = now.set_since(earlier)
    except (OSError, ValueError, TypeError):
        by = timedelta(0)  # none yet, or none that we wrote
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(now)), encoding="utf-8")
    partial.replace(file)
    return by
