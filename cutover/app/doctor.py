"""Is this machine ready: versions, Prefect's server, our six package names, database, clock, folders.

Looks and does not mend: it makes no database and no folder, and each fault comes with its remedy.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cutover
from cutover.core.clock import SystemClock
from cutover.core.errors import CutoverError, Invalid, Unavailable
from cutover.store import schema
from cutover.store.clock_file import programme_clock
from cutover.store.engine import open_engine, reachable

DISTRIBUTION = "cutover-golive"
PACKAGES = ("cutover", "runbooks", "contingency", "monitors", "paper_capture", "flows")
PYTHONS = ((3, 11), (3, 15))
ZONE = "Europe/London"
PLAUSIBLE_YEARS = range(2026, 2100)
DRIFT_SECONDS = 1.0  # the wall may be corrected under way, but not by as much as this
SERVER_SECONDS = 180  # importing Prefect's server takes seconds, on a loaded machine many
_REINSTALL = "install again from constraints.txt: pip install -c constraints.txt cutover-golive"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: is it well, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(database_url: str, folder: Path) -> list[Finding]:
    """Look at everything the main job needs; `folder` is the programme folder, made or not."""
    wall, steady = time.time(), time.monotonic()
    looked_at = [
        *versions(),
        prefect_server(),
        *package_names(),
        database(database_url),
        *folders(folder),
        *rehearsal_clock(folder),
        zone_database(),
    ]
    return [*looked_at, machine_clock(time.time() - wall, time.monotonic() - steady, time.gmtime().tm_year)]


def versions(
    installed: Callable[[str], str] = metadata.version, python: tuple[int, int] = sys.version_info[:2]
) -> Iterator[Finding]:
    """Python and the two libraries whose wrong version breaks us silently."""
    low, high = PYTHONS
    detail = f"{python[0]}.{python[1]}"
    yield Finding("python", low <= python < high, detail, "use Python 3.11, 3.12, 3.13 or 3.14")
    yield _version("prefect", installed, (3, 8), (4,))
    yield _version("fastapi", installed, (0,), (0, 151))


def _version(
    name: str, installed: Callable[[str], str], low: tuple[int, ...], below: tuple[int, ...]
) -> Finding:
    try:
        found = installed(name)
    except metadata.PackageNotFoundError:
        return Finding(name, ok=False, detail="not installed", remedy=_REINSTALL)
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    return Finding(name, low <= numbers < below, found, _REINSTALL)


def prefect_server(python: str = sys.executable, module: str = "prefect.server.api.server") -> Finding:
    """Can the server be imported: asked of another process, because only flows import Prefect."""
    quiet = {
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [python, "-P", "-c", f"import {module}"]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter
            command,
            env={**os.environ, **quiet},
            capture_output=True,
            text=True,
            timeout=SERVER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        detail = f"importing {module} took more than {SERVER_SECONDS} s"
        return Finding(
            "prefect server", ok=False, detail=detail, remedy="try again when the machine is less busy"
        )
    last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    well = done.returncode == 0
    return Finding("prefect server", well, f"{module} imports" if well else last, _REINSTALL)


def package_names(packages: tuple[str, ...] = PACKAGES) -> Iterator[Finding]:
    """Each of our names must lead to our own files: a stranger's `flows` folder would be run instead."""
    root = Path(cutover.__file__).resolve().parents[1]
    try:
        version = metadata.version(DISTRIBUTION)
        yield Finding("distribution", ok=True, detail=f"{DISTRIBUTION} {version}")
    except metadata.PackageNotFoundError:
        yield Finding("distribution", ok=False, detail=f"{DISTRIBUTION} is not installed", remedy=_REINSTALL)
    for name in packages:
        spec = importlib.util.find_spec(name)
        place = Path(spec.origin).resolve().parent if spec and spec.origin else None
        remedy = f"move or rename what hides it, and start with `cutover`, not `python -m`, outside {place}"
        yield Finding(f"package {name}", place == root / name, str(place or "not found"), remedy)


def database(url: str) -> Finding:
    """Is it there and at this version's schema; an SQLite file that is not made yet is no fault, nor is no programme."""
    if not url:
        return Finding("database", ok=True, detail="no programme here, so none to look at")
    try:
        engine = open_engine(url)
    except Invalid as error:
        return Finding("database", ok=False, detail=str(error), remedy="mend CUTOVER_DATABASE_URL")
    shown = engine.url.render_as_string(hide_password=True)
    try:
        if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
            return Finding("database", ok=True, detail=f"{shown} is not made yet; the first command makes it")
        if why := reachable(engine):
            remedy = "start it, or mend CUTOVER_DATABASE_URL"
            return Finding(
                "database",
                ok=False,
                detail=f"{shown} does not answer: {' '.join(why.split())}",
                remedy=remedy,
            )
        at = schema.current(engine)
    except Unavailable as error:
        return Finding(
            "database", ok=False, detail=str(error), remedy="is it a cutover database, and is its disk well?"
        )
    finally:
        engine.dispose()
    detail = f"{shown} is at schema {at or 'none'}, this version's is {schema.HEAD}"
    return Finding("database", at == schema.HEAD, detail, "cutover db upgrade")


def folders(folder: Path) -> Iterator[Finding]:
    """Can be written to: the programme's folder, its state, and the place for temporary files."""
    for name, place in (
        ("programme folder", _nearest_there(folder)),
        ("state folder", _nearest_there(folder / "state")),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        why = _why_not_writable(place)
        yield Finding(
            name, not why, f"{place}: {why or 'writable'}", f"give yourself the right to write in {place}"
        )


def _nearest_there(place: Path) -> Path:
    return next(path for path in (place.absolute(), *place.absolute().parents) if path.exists())


def _why_not_writable(place: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return error.strerror or "cannot be written to"


def machine_clock(wall: float, steady: float, year: int) -> Finding:
    """Do wall and monotonic clock agree on how long the examination took, and is the year one of ours."""
    drift = abs(wall - steady)
    detail = f"year {year}; the wall clock moved {drift:.2f} s against the steady one"
    return Finding(
        "clock",
        drift < DRIFT_SECONDS and year in PLAUSIBLE_YEARS,
        detail,
        "set the clock (NTP) and wait until it is steady",
    )


def rehearsal_clock(folder: Path) -> Iterator[Finding]:
    """Whether the clock that a rehearsal left in the folder can be read; a folder without one has none to look at."""
    clock = programme_clock(folder / "state" / "clock.json")
    if isinstance(clock, SystemClock):
        return
    try:
        yield Finding("rehearsal clock", ok=True, detail=f"{clock.now():%a %d %b %Y %H:%MZ}")
    except CutoverError as error:
        yield Finding("rehearsal clock", ok=False, detail=str(error), remedy="remove the file")


def zone_database(zone: str = ZONE) -> Finding:
    try:
        ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return Finding(
            "time zones", ok=False, detail=f"{zone} is unknown", remedy="install the package tzdata"
        )
    return Finding("time zones", ok=True, detail=f"{zone} is known")
