"""Which tasks touch a component in the wrong mode: the mode it is in by then, from the mode changes in the plan.

What each mode allows is the programme's rule for staff. Software that moves data works on a component that is on
paper, for that is what the freeze is for; on one that is read-only it may only read, and a dark one answers nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from cutover.domain.modes import RULES, Mode
from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground
from runbooks.domain.plan import Task, TaskType

_WRITES = re.compile(
    r"\b(?:key|re-?key|enter|type|input|record|book|register|create|update|amend|log)\b"
    r"(?!.*\bpaper\b).*?\b(?:in|into|on|to)\b",
    re.IGNORECASE,
)
_BY_PEOPLE = frozenset({TaskType.NORMAL, TaskType.VALIDATION})
Switches: TypeAlias = Mapping[
    str, list[tuple[datetime, Mode, str]]
]  # component -> from when, mode, by which task


def modes(plan: Ground) -> Found:
    """Every touch that the mode of that moment does not allow, if all goes to plan."""
    if plan.is_way_back:
        return  # in which mode each component is then depends on how far the plan had come
    switches = _switches(plan)
    systems = {c.system: c.id for c in plan.programme.components if c.system} if plan.programme else {}
    for task in plan.runbook.tasks:
        if (slot := plan.timing.slots.get(task.id)) is None:
            continue
        for component, what, allowed in _touches(task, systems):
            mode, by = _mode(plan, switches, component, slot.early_start, task.id)
            if mode not in allowed:
                since = f" since {by}" if by else ""
                yield (
                    "wrong_mode",
                    task.id,
                    f"{what} {component}, which is {mode} by then{since}",
                    f"do it while {component} is {' or '.join(allowed)}, or switch its mode before",
                )


def _touches(task: Task, systems: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[Mode, ...]]]:
    """Which component a task touches, how, and in which modes that is right."""
    given = task.action.arguments if task.action else {}
    kind = task.action.kind if task.action else ""
    if kind == "mode" and _is_mode(given.get("to")):
        to = Mode(given["to"])
        yield str(given.get("component", "")), f"switches to {to}", tuple(m for m in Mode if m is not to)
    elif kind == "http" and (component := systems.get(str(given.get("system", "")))):
        if str(given.get("method", "POST")).upper() == "GET":
            yield component, "asks", tuple(m for m in Mode if m is not Mode.DARK)
        else:
            yield component, "writes to", (Mode.LIVE, Mode.PAPER)
    elif kind == "issue_paper" and task.component:
        yield task.component, "issues paper for", tuple(m for m in Mode if RULES[m].paper)
    elif task.component and task.type in _BY_PEOPLE and _WRITES.search(task.title):
        yield task.component, "reads like writing to", tuple(m for m in Mode if RULES[m].write)


def _switches(plan: Ground) -> Switches:
    found: dict[str, list[tuple[datetime, Mode, str]]] = {}
    for task in plan.runbook.tasks:
        slot = plan.timing.slots.get(task.id)
        given = task.action.arguments if task.action else {}
        if slot and task.action and task.action.kind == "mode" and _is_mode(given.get("to")):
            component = str(given.get("component", ""))
            found.setdefault(component, []).append((slot.early_finish, Mode(given["to"]), task.id))
    return {component: sorted(theirs) for component, theirs in found.items()}


def _mode(plan: Ground, switches: Switches, component: str, at: datetime, but: str) -> tuple[Mode, str]:
    """The mode of a component at a moment and the task that switched it; live unless the programme says otherwise."""
    known = plan.programme.component(component) if plan.programme else None
    mode, by = (known.mode if known else Mode.LIVE), ""
    for since, to, task in switches.get(component, ()):
        if since <= at and task != but:
            mode, by = to, task
    return mode, by


def _is_mode(name: object) -> bool:
    return name in set(Mode)
