"""Whether a programme's downtimes and notices name what there is: checks, components, people, systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cutover.core.clock import read_moment
from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Programme
from cutover.store.documents import line_of, nodes_of
from monitors.domain.downtime import Downtime
from monitors.domain.monitor_file import MonitorFile
from monitors.domain.telling import OWNER, Notify

Files = Mapping[Path, MonitorFile]


def telling_problems(files: Files, programme: Programme | None) -> list[Problem]:
    """Everything that is wrong with downtimes and notices, of all files."""
    checks = {check.id for file in files.values() for check in file.checks}
    return [*_downtime_faults(files, programme, checks), *_notify_faults(files, programme)]


def _downtime_faults(files: Files, programme: Programme | None, checks: set[str]) -> Iterator[Problem]:
    components = {component.id for component in programme.components} if programme else set[str]()
    for path, file in files.items():
        for i, one in enumerate(file.downtimes):
            for name in one.checks:
                if name not in checks:
                    yield _problem(
                        path, ("downtimes", i, "checks"), f"no check '{name}'", nearest(name, checks)
                    )
            for name in one.components if programme else ():
                if name not in components:
                    what = f"no component '{name}'"
                    yield _problem(path, ("downtimes", i, "components"), what, nearest(name, components))
            if programme and (why := _out_of_order(one, programme.zone)):
                yield _problem(path, ("downtimes", i, "ends"), why)


def _out_of_order(downtime: Downtime, zone: str) -> str:
    """Why the moments of a fixed downtime are none; '' when they are."""
    if downtime.hours:
        return ""
    try:
        begins, ends = read_moment(downtime.begins, zone), read_moment(downtime.ends, zone)
    except Invalid as error:
        return str(error)
    return (
        ""
        if begins < ends
        else f"it ends {ends:%Y-%m-%dT%H:%MZ}, not after it begins {begins:%Y-%m-%dT%H:%MZ}"
    )


def _notify_faults(files: Files, programme: Programme | None) -> Iterator[Problem]:
    telling = [path for path, file in files.items() if file.notify]
    for path in telling[1:]:
        yield _problem(path, ("notify",), f"{telling[0].name} says already who is told")
    if programme is None:
        return
    people = {person.id for person in programme.people} | {OWNER}
    for path in telling[:1]:
        notify = files[path].notify or Notify()
        if (at := notify.alertmanager) and at.system and at.system not in programme.systems:
            what = f"no system '{at.system}'"
            yield _problem(
                path, ("notify", "alertmanager", "system"), what, nearest(at.system, programme.systems)
            )
        for i, route in enumerate(notify.routes):
            told = (*route.to, *(name for step in route.escalate for name in step.to))
            for name in told:
                if people > {OWNER} and name not in people:
                    yield _problem(
                        path, ("notify", "routes", i), f"no person '{name}'", nearest(name, people)
                    )


def _problem(path: Path, place: tuple[int | str, ...], message: str, near: str = "") -> Problem:
    line = line_of(nodes_of(path), place)
    field = ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
    return Problem(message, str(path), line, field, nearest=near)
