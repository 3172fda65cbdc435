"""Which checks a programme has: every file of its `monitors/` folder, read and checked as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Programme
from cutover.store.documents import line_of, nodes_of, read_yaml
from monitors.domain.declared import AnyCheck
from monitors.domain.downtime import Downtime
from monitors.domain.flow import Flow, Hypercare
from monitors.domain.monitor_file import MonitorFile
from monitors.domain.register import Expectation
from monitors.domain.telling import Notify
from monitors.flow_definitions import flow_problems, in_order
from monitors.telling_definitions import telling_problems

Placed = tuple[Path, int, AnyCheck]


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything a programme's `monitors/` folder declares."""

    checks: tuple[AnyCheck, ...] = ()
    flows: tuple[Flow, ...] = ()
    expected: tuple[Expectation, ...] = ()
    hypercare: Hypercare = field(default_factory=Hypercare)
    downtimes: tuple[Downtime, ...] = ()
    notify: Notify = field(default_factory=Notify)


def load_checks(folder: Path, programme: Programme | None = None) -> tuple[AnyCheck, ...]:
    """The checks of `folder`/*.yaml in order of file name; none when there is no such folder."""
    return load_monitors(folder, programme).checks


def load_monitors(folder: Path, programme: Programme | None = None) -> Watched:
    """Everything in `folder`/*.yaml in order of file name; nothing when there is no such folder.

    Raises Invalid for what is wrong in any file, for an id given twice, an unknown parent, parents that go
    round in a circle (they would silence one another), flows that refer to no flow, and, given the programme,
    an unknown component, system or owner.
    """
    files: dict[Path, MonitorFile] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            files[path] = read_yaml(path, MonitorFile)
        except Invalid as error:
            problems += error.problems
    placed = [(path, i, check) for path, file in files.items() for i, check in enumerate(file.checks)]
    if not problems:
        problems = [*_twice(placed), *_strangers(placed), *_circles(placed), *_misplaced(placed, programme)]
        problems += [*flow_problems(files, programme), *telling_problems(files, programme)]
    if problems:
        raise Invalid(*problems)
    return Watched(
        checks=tuple(check for _, _, check in placed),
        flows=in_order(flow for file in files.values() for flow in file.flows),
        expected=tuple(one for file in files.values() for one in file.expected),
        hypercare=next((file.hypercare for file in files.values() if file.hypercare), Hypercare()),
        downtimes=tuple(one for file in files.values() for one in file.downtimes),
        notify=next((file.notify for file in files.values() if file.notify), Notify()),
    )


def _twice(placed: list[Placed]) -> Iterable[Problem]:
    first: dict[str, Path] = {}
    for one in placed:
        path, _, check = one
        if check.id in first:
            yield _problem(one, "id", f"'{check.id}' is given twice (first in {first[check.id].name})")
        first.setdefault(check.id, path)


def _strangers(placed: list[Placed]) -> Iterable[Problem]:
    known = {check.id for _, _, check in placed}
    for one in placed:
        for parent in one[2].parents:
            if parent not in known:
                yield _problem(one, "parents", f"no check '{parent}'", nearest(parent, known))


def _circles(placed: list[Placed]) -> Iterable[Problem]:
    parents = {check.id: check.parents for _, _, check in placed}
    for one in placed:
        if one[2].id in _above(one[2].id, parents):
            yield _problem(one, "parents", f"'{one[2].id}' is an ancestor of itself")


def _above(check_id: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    pending = list(parents.get(check_id, ()))
    while pending:
        parent = pending.pop()
        if parent not in found:
            found.add(parent)
            pending += parents.get(parent, ())
    return found


def _misplaced(placed: list[Placed], programme: Programme | None) -> Iterable[Problem]:
    if programme is None:
        return
    components = {component.id for component in programme.components}
    for one in placed:
        check = one[2]
        if check.component and check.component not in components:
            yield _problem(
                one, "component", f"no component '{check.component}'", nearest(check.component, components)
            )
        for what, known in (("system", programme.systems), ("calendar", programme.calendars)):
            name = getattr(check, what, "")
            if name and name not in known:
                yield _problem(one, what, f"no {what} '{name}'", nearest(name, known))


def _problem(one: Placed, field: str, message: str, near: str = "") -> Problem:
    path, index, _ = one
    line = line_of(nodes_of(path), ("checks", index, field))
    return Problem(message, str(path), line, f"checks.{index + 1}.{field}", nearest=near)
