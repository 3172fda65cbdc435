"""The numbers in one table: each figure of the issues, its budget, what was seen last, and whether it was kept.

Written from benchmarks.yaml and results/ into benchmarks/RESULTS.md and docs/explanation/the-numbers.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks import drawings, records
from benchmarks.measuring import ROOT
from benchmarks.records import Measured, Result
from benchmarks.registry import Benchmark, Figure, Group, by_tests, groups

BEGINS, ENDS = "<!-- the numbers: python -m benchmarks table -->", "<!-- the numbers end -->"
HEAD = "| figure | issue | budget | last seen | | date, load | command, after `python -m` |\n|---|---|---|---|---|---|---|"
PAGES = {
    ROOT / "benchmarks" / "RESULTS.md": "plots",
    ROOT / "docs" / "explanation" / "the-numbers.md": "../../benchmarks/plots",
}


def numbers(pictures: str, place: Path = records.PLACE) -> str:
    """The tables and the drawings of growth; `pictures` is where the drawings are, seen from the page."""
    known = {one.name: records.read(one.name, place) for group in groups() for one in group.benchmarks}
    parts = [_in_short(known), ""]
    for group in groups():
        rows = [row for one in group.benchmarks for row in _rows(one, known[one.name])]
        parts += [f"### {group.group}", "", HEAD, *rows, ""]
    parts += ["### Asserted by tests in every gate", "", "| figure | issue | test |", "|---|---|---|"]
    parts += [f"| {one.says} | {one.issue} | `{one.where}` |" for one in by_tests()]
    drawn = [f"![{name}]({pictures}/{name}.svg)" for name in grown(known)]
    parts += ["", "### Growth", "", *[line for picture in drawn for line in (picture, "")]]
    return "\n".join(parts).strip()


def grown(known: dict[str, Result]) -> list[str]:
    return [name for name, result in known.items() if result.growth is not None]


def _in_short(known: dict[str, Result]) -> str:
    verdicts: Counter[str] = Counter()
    missed = []
    for group in groups():
        for one in group.benchmarks:
            for name, figure in one.figures.items():
                verdict = _verdict(figure, known[one.name].figures.get(name))
                verdicts[verdict] += 1
                missed += [f"`{name}`"] if verdict == "**missed**" else []
    said = (
        f"{verdicts['kept']} figures kept, {verdicts['**missed**']} missed, {verdicts['**not run**']} not run"
    )
    return f"{said}; {verdicts['']} more are told for comparison. Missed: {', '.join(missed) or 'none'}."


def _rows(one: Benchmark, result: Result) -> Iterator[str]:
    for name, figure in one.figures.items():
        seen = result.figures.get(name)
        last = f"{_number(seen.value)} {figure.unit}".strip() if seen else ""
        last += f" ({seen.note})" if seen and seen.note else ""
        when = f"{seen.date}, {seen.load}" if seen and seen.load else seen.date if seen else ""
        command = _command(seen, one)
        yield f"| {figure.says} `{name}` | {figure.issue} | {_budget(figure)} | {last} | {_verdict(figure, seen)} | {when} | {command} |"


def _command(seen: Measured | None, one: Benchmark) -> str:
    command = seen.command if seen else f"python -m benchmarks run {one.name}"
    return f"`{command.removeprefix('python -m ')}`"


def _verdict(figure: Figure, seen: Measured | None) -> str:
    if seen is None:
        return "**not run**"
    kept = figure.kept(seen.value)
    return "" if kept is None else "kept" if kept else "**missed**"


def _budget(figure: Figure) -> str:
    if figure.most is not None:
        return f"<= {_number(figure.most)} {figure.unit}".strip()
    return f">= {_number(figure.least)} {figure.unit}".strip() if figure.least is not None else ""


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    if 0 < abs(value) < 1e-3:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) < 1 else f"{value:.3g}"


def put(page: Path, text: str) -> bool:
    """Write the text between the marks of a page; whether that changed it. Raises ValueError for a page without them."""
    before = page.read_text(encoding="utf-8")
    head, begins, rest = before.partition(BEGINS)
    _, ends, tail = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"{page.name} has no {BEGINS} … {ENDS}")
    after = f"{head}{BEGINS}\n\n{text}\n\n{ENDS}{tail}"
    if after != before:
        page.write_text(after, encoding="utf-8")
    return after != before


def write_all(every: tuple[Group, ...] | None = None) -> None:
    """Both pages and all drawings, from what is in results/."""
    named = {
        one.name: (one, records.read(one.name).growth)
        for group in every or groups()
        for one in group.benchmarks
    }
    drawings.write(named)
    for page, pictures in PAGES.items():
        put(page, numbers(pictures))
