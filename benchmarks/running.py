"""Runs a benchmark in a process of its own and keeps what it told: figures, CPU, wall, peak memory, versions, load."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import measuring, records
from benchmarks.measuring import ROOT, Used, load, tell, today, word
from benchmarks.records import Growth, Measured, Point, Run
from benchmarks.registry import Benchmark
from benchmarks.telling import PLACE
from cutover import __version__

SMALL = ROOT / "build" / "benchmarks"  # what a small size gave is no result


def run(one: Benchmark, *, quick: bool = False, place: Path | None = None) -> bool:
    """Every command of a benchmark, one after the other; whether each ended well."""
    kept_at = place or (SMALL if quick else records.PLACE)
    well = True
    for arguments in one.quick if quick else one.runs:
        tell(f"== {one.name}: {one.said(arguments)}")
        done, told, sizes = _measured(one, arguments)
        figures = {
            name: Measured(
                value=value, date=done.date, command=done.command, load=f"{done.load[0]:.1f} to {done.load[1]:.1f}", note=note
            )
            for name, (value, note) in told.items()
        }  # fmt: skip
        result = records.read(one.name, kept_at).with_run(done, figures)
        if sizes:
            result = result.model_copy(update={"growth": _grown(sizes, done)})
        records.write(result, kept_at)
        _tell(one, done, figures, quick=quick)
        well &= done.code == 0
    return well


def grow(one: Benchmark, *, place: Path = records.PLACE) -> bool:
    """A benchmark at each of its sizes, one after the other: what its growth is drawn from."""
    if one.sizes is None:
        return True
    points, began = [], load()
    for size in one.sizes.at:
        tell(f"== {one.name}, {size:,} {one.sizes.axis}")
        done, told, _ = _measured(one, one.at(size))
        values = {name: value for name, (value, _) in told.items()}
        points.append(Point(size=size, cpu=done.cpu, together=done.together, figures=values))
    growth = Growth(
        axis=one.sizes.axis,
        leading=one.sizes.leading,
        date=today(),
        load=(began, load()),
        points=tuple(points),
    )
    records.write(records.read(one.name, place).model_copy(update={"growth": growth}), place)
    return all(point.figures for point in points)


def _measured(
    one: Benchmark, arguments: str
) -> tuple[Run, dict[str, tuple[float, str]], list[dict[str, Any]]]:
    with _figures() as file, tempfile.TemporaryDirectory(prefix="bench-") as place:
        before = load()
        used = measuring.ran(one.words(arguments, place), env={PLACE: str(file)})
        told, sizes = _read(file)
        told |= _whole(one, used)
        done = Run(
            command=one.said(arguments), date=today(), code=used.code, machine=_machine(), versions=_versions(one),
            peers=one.peers, load=(round(before, 1), round(load(), 1)), cpu=round(used.cpu, 2), wall=round(used.wall, 1),
            largest=used.largest, together=used.together,
        )  # fmt: skip
    return done, told, sizes


def _grown(sizes: list[dict[str, Any]], done: Run) -> Growth:
    points = tuple(Point(size=s["size"], cpu=s["cpu"], together=round(s["mib"]), figures={}) for s in sizes)
    return Growth(axis=sizes[0]["axis"], leading="CPU", date=done.date, load=done.load, points=points)


def missing(one: Benchmark) -> str:
    """The program that is not here and without which the benchmark says nothing."""
    return one.needs if one.needs and shutil.which(one.needs) is None else ""


@contextmanager
def _figures() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="figures-", suffix=".jsonl") as file:
        yield Path(file.name)


def _read(file: Path) -> tuple[dict[str, tuple[float, str]], list[dict[str, Any]]]:
    """The figures, and the sizes where a benchmark takes several in one run."""
    told = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    figures = {one["figure"]: (one["value"], one["note"]) for one in told if "figure" in one}
    return figures, [one for one in told if "size" in one]


def _whole(one: Benchmark, used: Used) -> dict[str, tuple[float, str]]:
    seen = {
        "wall": used.wall,
        "cpu": used.cpu,
        "together": float(used.together),
        "largest": float(used.largest),
        "code": float(-1 if used.code is None else used.code),
    }
    return {figure: (seen[what], "") for what, figure in one.whole.items()}


def _machine() -> Mapping[str, str]:
    names = (
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    )
    memory = next((int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo")), 0)
    return {
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "processor": next(names, platform.machine()),
        "memory": f"{memory} GiB",
        "system": f"{platform.system()} {platform.release()}",
    }


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines()


def _versions(one: Benchmark) -> Mapping[str, str]:
    found = {"cutover": __version__}
    for name in one.packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _tell(one: Benchmark, done: Run, figures: Mapping[str, Measured], *, quick: bool) -> None:
    for name, seen in figures.items():
        budget = one.figures.get(name)
        kept = budget.kept(seen.value) if budget else None
        verdict = "" if kept is None or quick else word(kept)
        tell(f"   {name}: {seen.value:.4g} {budget.unit if budget else ''} {verdict}".rstrip())
    ended = "" if done.code == 0 else f", ended with {done.code}"
    tell(f"   {done.wall:.0f} s, {done.cpu:.1f} s CPU, {done.together:,} MiB{ended}")
