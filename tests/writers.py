"""Processes that write facts as fast as they can, and what somebody was told of by them: where it stands, and when."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PROGRAMME = """
title: Written to all the time
zone: Europe/London
window: {opens: "2026-10-23T22:00", closes: "2026-10-26T21:00", backout: 24h}
"""
WRITER = """
import sys, time
from pathlib import Path
from cutover.app.bootstrap import build_world
from cutover.domain.modes import COMPONENT, Mode, component_stream
from tests.cutover.store.desks import switch

world = build_world(Path(sys.argv[1]))
for n in range(100_000):
    stream = component_stream(f"{sys.argv[2]}-{n}")
    for fact in world.desk.ask(COMPONENT, stream, switch(Mode.PAPER)):
        print(fact.position, time.time(), flush=True)
"""


class Writers:
    """Several of them at one programme; killed at the end of the `with`."""

    def __init__(self, folder: Path, env: Mapping[str, str], count: int = 2) -> None:
        self.told: list[tuple[int, float]] = []  # position, and the second at which it was acknowledged
        self._more = threading.Condition()
        self._processes = [
            subprocess.Popen([sys.executable, "-c", WRITER, folder, f"w{n}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
            for n in range(count)
        ]  # fmt: skip
        self._ears = [threading.Thread(target=self._listen, args=(one,)) for one in self._processes]

    def __enter__(self) -> Self:
        for ear in self._ears:
            ear.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process, ear in zip(self._processes, self._ears, strict=True):
            process.kill()
            ear.join()
            process.communicate()

    def tell(self, more: int, patience: float = 120) -> bool:
        """Whether so many more were told of in time."""
        with self._more:
            wanted = len(self.told) + more
            return self._more.wait_for(lambda: len(self.told) >= wanted, patience)

    @property
    def newest(self) -> int:
        return max(position for position, _ in self.told)

    def _listen(self, writer: subprocess.Popen[str]) -> None:
        assert writer.stdout is not None
        for line in writer.stdout:
            position, at = line.split()
            with self._more:
                self.told.append((int(position), float(at)))
                self._more.notify_all()
