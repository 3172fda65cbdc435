"""Ask this machine: what is in a folder, what does a plugin say. Bounded in time, in words and in processes."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cutover.core.errors import Invalid, Unavailable
from monitors.domain.check import NoAnswer, Reason, Result, unknown
from monitors.domain.judging import FileSeen, judge_files
from monitors.domain.kinds import CommandCheck, FilesCheck
from monitors.domain.plugin import interpret_plugin, not_run
from monitors.session import Session, trouble

MOST_FILES = 100_000
MOST_SAID = 65_536  # bytes of a plugin's output that are read
_PLAIN = ("PATH", "HOME", "LANG", "TZ")


async def probe_files(session: Session, check: FilesCheck, at: datetime) -> Result:
    """`at` is the moment that ages are counted to. Folders may hang on a network: a thread looks."""
    began = time.perf_counter()
    folder = session.path(check.folder)
    try:
        looking = partial(_files, folder, check.pattern, at)
        files = await session.beside.run(looking, check.target, check.timeout)
    except TimeoutError:
        return unknown(Reason.ERROR, f"the folder was not read within {check.timeout:g} s", check.timeout)
    except Unavailable as error:
        return unknown(Reason.ERROR, f"{check.folder}: {error}")
    except (OSError, ValueError) as error:
        return unknown(Reason.ERROR, f"{check.folder}: {trouble(error)}", time.perf_counter() - began)
    return judge_files(check, files).model_copy(update={"latency": time.perf_counter() - began})


async def probe_command(session: Session, check: CommandCheck, _at: datetime) -> Result:
    """Its own process group, a bare environment with the secrets it asks for, and nothing left running."""
    began = time.perf_counter()
    try:
        environment = {name: os.environ[name] for name in _PLAIN if name in os.environ}
        environment |= {name: session.secrets(secret) for name, secret in check.secrets.items()}
        process = await asyncio.create_subprocess_exec(
            *check.command, cwd=session.home, env=environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except Invalid as error:
        return unknown(Reason.ERROR, str(error))
    except (OSError, ValueError) as error:
        return not_run(NoAnswer(f"{check.command[0]}: {trouble(error)}", time.perf_counter() - began))
    try:
        async with asyncio.timeout(check.timeout):
            said, complaint = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
            code = await process.wait()
    except TimeoutError:
        return not_run(NoAnswer(f"it did not end within {check.timeout:g} s", time.perf_counter() - began))
    finally:
        await _end(process)
    latency = time.perf_counter() - began
    return interpret_plugin(
        code, session.secrets.mask(said), check.judge, latency, session.secrets.mask(complaint)
    )


async def _bounded(stream: asyncio.StreamReader | None) -> str:
    """The first part of what it says; the rest is read and thrown away, or it would never end."""
    said = bytearray()
    while stream is not None and (chunk := await stream.read(MOST_SAID)):
        said += chunk[: MOST_SAID - len(said)]
    return said.decode("utf-8", "replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what it started too
    await process.wait()


def _files(folder: Path, pattern: str, at: datetime) -> list[FileSeen]:
    return list(_seen(folder, pattern, at))


def _seen(folder: Path, pattern: str, at: datetime) -> Iterator[FileSeen]:
    """Raises ValueError for more than anybody would look at. A file that goes away meanwhile is not there."""
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number >= MOST_FILES:
                raise ValueError(f"more than {MOST_FILES} entries")
            if not fnmatch.fnmatchcase(entry.name, pattern):
                continue
            with suppress(FileNotFoundError):
                if entry.is_file():
                    written = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
                    yield FileSeen(entry.name, max(at - written, timedelta(0)))
