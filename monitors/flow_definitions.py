"""Whether a programme's flows, expectations and agreed watch fit together, and in which order flows are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Programme
from cutover.store.documents import line_of, nodes_of
from monitors.domain.ageing import AgeingCheck
from monitors.domain.flow import CsvCounts, Flow, PoolCounts, PrometheusCounts
from monitors.domain.monitor_file import MonitorFile
from monitors.holidays import bank_holidays

Files = Mapping[Path, MonitorFile]
Placed = tuple[Path, int, Flow]


def flow_problems(files: Files, programme: Programme | None) -> list[Problem]:
    """Everything that is wrong between flows, of all files."""
    placed = [(path, i, flow) for path, file in files.items() for i, flow in enumerate(file.flows)]
    return [
        *_twice(files),
        *_second_watch(files),
        *_no_such_place(files),
        *_strangers(placed),
        *_false_comfort(placed, files),
        *_circles(placed),
        *(_misplaced(placed, programme) if programme else ()),
    ]


def in_order(flows: Iterable[Flow]) -> tuple[Flow, ...]:
    """Each flow after those it is a share or a sum of, so that their counts are there when its own are taken."""
    by = {flow.id: flow for flow in flows}
    return tuple(by[name] for name in TopologicalSorter({f.id: f.needs for f in by.values()}).static_order())


def _twice(files: Files) -> Iterator[Problem]:
    """A flow and a check may not share an id either: gates and waivers name them alike."""
    first: dict[str, Path] = {}
    for path, file in files.items():
        for check in file.checks:
            first.setdefault(check.id, path)
    for path, file in files.items():
        for i, flow in enumerate(file.flows):
            if flow.id in first:
                yield _problem(
                    (path, i, flow), "id", f"'{flow.id}' is given twice (first in {first[flow.id].name})"
                )
            first.setdefault(flow.id, path)


def _second_watch(files: Files) -> Iterator[Problem]:
    said = [path for path, file in files.items() if file.hypercare]
    for path in said[1:]:
        what = f"the watch is agreed in {said[0].name} already"
        yield Problem(what, str(path), field="hypercare", expected="one agreement in the folder")


def _no_such_place(files: Files) -> Iterator[Problem]:
    """A place of which no holidays are known would be noticed when a baseline is frozen, in the midst of the work."""
    for path, file in files.items():
        place = file.hypercare.holidays if file.hypercare else ""
        try:
            bank_holidays(place, ())
        except Invalid as error:
            line = line_of(nodes_of(path), ("hypercare", "holidays"))
            yield Problem(
                error.problems[0].message, str(path), line, "hypercare.holidays", expected="such as GB/ENG"
            )


def _strangers(placed: list[Placed]) -> Iterator[Problem]:
    flows = {flow.id for _, _, flow in placed}
    for one in placed:
        flow = one[2]
        parts = flow.counts.of if isinstance(flow.counts, PoolCounts) else ()
        named = [("counts", name) for name in parts]
        named += [("ratio_of", flow.ratio_of), ("pooled_into", flow.pooled_into)]
        for field, name in named:
            if name and name not in flows:
                yield _problem(one, field, f"no flow '{name}'", nearest(name, flows))


def _false_comfort(placed: list[Placed], files: Files) -> Iterator[Problem]:
    """What is said to stand in for a flow and does not see it."""
    pools = {f.id: f.counts.of for _, _, f in placed if isinstance(f.counts, PoolCounts)}
    rules = {c.id for file in files.values() for c in file.checks if isinstance(c, AgeingCheck)}
    for one in placed:
        flow = one[2]
        if flow.pooled_into and flow.id not in pools.get(flow.pooled_into, (flow.id,)):
            yield _problem(
                one,
                "pooled_into",
                f"the pool '{flow.pooled_into}' is not the sum of '{flow.id}' among others",
            )
        elif flow.pooled_into and flow.pooled_into not in pools:
            yield _problem(
                one, "pooled_into", f"'{flow.pooled_into}' is no pool", nearest(flow.pooled_into, pools)
            )
        if flow.aged_by and flow.aged_by not in rules:
            yield _problem(one, "aged_by", f"no ageing check '{flow.aged_by}'", nearest(flow.aged_by, rules))


def _circles(placed: list[Placed]) -> Iterator[Problem]:
    by = {one[2].id: one for one in placed}
    try:
        tuple(TopologicalSorter({name: one[2].needs for name, one in by.items()}).static_order())
    except CycleError as error:
        circle = [str(name) for name in reversed(error.args[1])]
        yield _problem(by[circle[0]], "counts", f"a circle: {' needs '.join(circle)}")


def _misplaced(placed: list[Placed], programme: Programme) -> Iterator[Problem]:
    known: Mapping[str, tuple[Iterable[str], Callable[[Flow], str]]] = {
        "component": ({c.id for c in programme.components}, lambda f: f.component),
        "owner": ({p.id for p in programme.people}, lambda f: f.owner),
        "business_owner": ({p.id for p in programme.people}, lambda f: f.business_owner),
        "counts": (programme.systems, lambda f: f.counts.system if isinstance(f.counts, PrometheusCounts) else ""),
    }  # fmt: skip
    for one in placed:
        for field, (names, of) in known.items():
            name = of(one[2])
            if name and name not in set(names):
                what = "system" if field == "counts" else "person" if field.endswith("owner") else field
                yield _problem(one, field, f"no {what} '{name}'", nearest(name, names))
        if isinstance(one[2].counts, CsvCounts) and one[2].counts.path.startswith(("/", "..")):
            yield _problem(one, "counts", "the file must be in the programme folder")


def _problem(one: Placed, field: str, message: str, near: str = "") -> Problem:
    path, index, _ = one
    line = line_of(nodes_of(path), ("flows", index, field))
    return Problem(message, str(path), line, f"flows.{index + 1}.{field}", nearest=near)
