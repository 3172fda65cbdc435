"""A process of ours: its own group, its output drained for ever and kept in part, killed whole when its time is over."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KEPT = 16_384  # bytes kept of the beginning of a stream, and as many of its end
CHUNK = 65_536
GRACE = 2.0  # seconds between asking a group to end and ending it
AFTERWARDS = 1.0  # seconds in which output may still come when the process itself has ended
OURS = ("CUTOVER_", "PREFECT_")  # settings and secrets of ours are no business of a child


@dataclass
class Drained:
    """The beginning and the end of a stream, whatever its length: what lies between is counted and let go."""

    margin: int = 0  # characters of the longest secret: a text is not cut closer to one than this
    total: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = KEPT + self._spare - len(self._head)
        self._head += chunk[: max(room, 0)]
        self._tail += chunk[max(room, 0) :]
        if len(self._tail) > 4 * (KEPT + self._spare):
            del self._tail[: -(KEPT + self._spare)]

    def text(self, mask: Callable[[str], str] = str) -> str:
        """What was kept, with a line that says how much was not; masked before a piece next to a cut is dropped."""
        tail = bytes(self._tail[-(KEPT + self._spare) :])
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return mask((bytes(self._head) + tail).decode(errors="replace"))
        head_text, tail_text = mask(self._head.decode(errors="replace")), mask(tail.decode(errors="replace"))
        if self._spare:
            head_text, tail_text = head_text[: -self._spare], tail_text[self._spare :]
        return f"{head_text}\n[… {left_out:,} bytes left out …]\n{tail_text}"

    @property
    def _spare(self) -> int:
        return 4 * self.margin  # a character has at most four bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (negative: the signal that ended it), and what it said."""

    code: int
    out: Drained
    err: Drained


def child_environment(
    own: Mapping[str, str], key: str, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a child may know: this machine's environment without our settings, its own words, and the key."""
    known = os.environ if environ is None else environ
    kept = {name: value for name, value in known.items() if not name.startswith(OURS)}
    return {**kept, **own, "CUTOVER_KEY": key}


class _Ending(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells when the process itself is over: before Python 3.12.4, `wait` waits for everybody it left behind as well."""

    def __init__(self) -> None:
        super().__init__(limit=CHUNK, loop=asyncio.get_running_loop())
        self.over = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.over.set()


async def run_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    margin: int = 0,
) -> Ended:
    """Run a program to its end. Raises OSError when it cannot be started; cancelled, its whole group is killed."""
    transport, process = await asyncio.get_running_loop().subprocess_exec(
        _Ending, *argv, env=dict(env), cwd=cwd, start_new_session=True
    )
    out, err = Drained(margin), Drained(margin)
    assert process.stdin is not None  # all three are pipes
    assert process.stdout is not None
    assert process.stderr is not None
    flows = [
        asyncio.create_task(_drain(process.stdout, out)),
        asyncio.create_task(_drain(process.stderr, err)),
        asyncio.create_task(_feed(process.stdin, stdin)),
    ]
    try:
        await process.over.wait()
        await asyncio.wait(flows, timeout=AFTERWARDS)  # somebody it left behind may hold its output open
    except BaseException:
        await _kill_group(transport.get_pid(), process.over)
        await asyncio.wait(flows, timeout=AFTERWARDS)  # its output ends when all of the group is gone
        raise
    finally:
        for flow in flows:
            flow.cancel()
        await asyncio.gather(*flows, return_exceptions=True)
        transport.close()  # our ends of its pipes: one that is held open elsewhere would keep them for ever
    code = transport.get_returncode()
    assert code is not None  # it is over
    return Ended(code, out, err)


async def _drain(stream: asyncio.StreamReader, kept: Drained) -> None:
    while chunk := await stream.read(CHUNK):
        kept.add(chunk)


async def _feed(stream: asyncio.StreamWriter, what: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(what)
        await stream.drain()
    stream.close()


async def _kill_group(group: int, over: asyncio.Event) -> None:
    """First asked, then ended: the process and everything it started that is still in its group."""
    _signal(group, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), GRACE)
    _signal(group, signal.SIGKILL)
    await over.wait()


def _signal(group: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, what)
