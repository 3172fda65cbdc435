"""What a piece of work costs, in one way for all benchmarks: CPU, wall time, peak memory, and the machine it ran on.

CPU is user and system time, because a machine may be shared. Needs nothing but Python, so that the interpreter of a
peer's own environment can import it.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LOOK = 0.25  # seconds between two looks at the memory of a process and its children


@dataclass(frozen=True, slots=True)
class Used:
    """What a process and those it waited for took; `together` is the most that all of them held at one moment."""

    code: int | None  # None: it had to be ended
    cpu: float
    wall: float
    largest: int  # MiB
    together: int  # MiB


def own_cpu() -> float:
    """CPU seconds of this process until now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ended_cpu() -> float:
    """CPU seconds of every child that has ended and was waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_peak() -> float:
    """MiB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process."""
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) / TICKS


def cpu_of_family(pid: int) -> float:
    """CPU seconds of a running process, of its children, and of those children that have ended."""
    total = sum(map(int, _stat(pid)[11:15]))
    for child, fields in _processes():
        if child != pid and fields[1] == str(pid):
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def cost(work: Callable[[], object], times: int = 5) -> float:
    """CPU seconds of this process, the median of so many goes."""
    spent = []
    for _ in range(times):
        began = own_cpu()
        work()
        spent.append(own_cpu() - began)
    return statistics.median(spent)


def memory_over(work: Callable[[], object]) -> float:
    """MB at the peak over what the process held, in a child of its own."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = status_of("self", "VmRSS")
        work()
        os.write(writer, f"{status_of('self', 'VmHWM') - before}".encode())
        os._exit(0)
    os.wait()
    return float(os.read(reader, 64))


def status_of(pid: int | str, field: str) -> float:
    """MiB of one line of a process's status: VmRSS now, VmHWM at most. 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def shares(values: Sequence[float]) -> tuple[float, float, float]:
    """Half, nineteen in twenty and the last of them."""
    ordered = sorted(values) or [float("nan")]
    return ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))], ordered[-1]


def again(file: str, *words: object) -> list[str]:
    """The command of a benchmark's own module, in a process of its own."""
    name = ".".join(Path(file).relative_to(ROOT).with_suffix("").parts)
    return [sys.executable, "-m", name, *map(str, words)]


def machine() -> str:
    """The machine as the results name it."""
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, load {load():.1f}"
    )


def load() -> float:
    """How many processes wanted a core, over the last minute."""
    return os.getloadavg()[0]


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def tell(text: str) -> None:
    """Print at once: a benchmark runs for minutes."""
    print(text, flush=True)


def word(kept: bool) -> str:
    return "kept" if kept else "MISSED"


def ran(
    command: Sequence[object],
    *,
    log: Path | None = None,
    patience: float | None = None,
    room: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Used:
    """Run a command to its end, or end it after `patience` seconds or when it and its children hold more than `room` MiB."""
    began, ours = time.monotonic(), own_peak()  # the kernel counts what a parent held as its child's peak
    with _log(log) as out:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=out,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
        most = 0
        while True:
            ended, status, used = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            most = max(most, held := sum(_family_memory(child.pid)))
            late = patience is not None and time.monotonic() - began > patience
            if late or (room is not None and held > room):
                child.kill()
                _, status, used = os.wait4(child.pid, 0)
                child.returncode = -9
                return _used(None, used, began, most, ours)
            time.sleep(LOOK)
    child.returncode = os.waitstatus_to_exitcode(status)
    return _used(child.returncode, used, began, most, ours)


def _used(code: int | None, used: resource.struct_rusage, began: float, most: int, ours: float) -> Used:
    largest = used.ru_maxrss // 1024
    seen = max(most, largest) if largest > ours + 1 else most
    return Used(code, used.ru_utime + used.ru_stime, time.monotonic() - began, min(largest, seen), seen)


@contextmanager
def _log(place: Path | None) -> Iterator[int | None]:
    if place is None:
        yield None
        return
    with place.open("ab") as out:
        yield out.fileno()


def _family_memory(pid: int) -> Iterator[int]:
    """MiB of a process and of all that descend from it."""
    parents: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for one, fields in _processes():
        parents.setdefault(int(fields[1]), []).append(one)
        pages[one] = int(fields[21])
    todo = [pid]
    while todo:
        one = todo.pop()
        todo += parents.get(one, [])
        yield pages.get(one, 0) * PAGE // 2**20


def _processes() -> Iterator[tuple[int, list[str]]]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            yield int(place.name), _stat(int(place.name))
        except OSError:
            continue


def _stat(pid: int) -> list[str]:
    """The fields behind the name: state, parent, …; [11] and [12] are user and system ticks, [13] and [14] those of
    children that were waited for, [21] the resident pages."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
