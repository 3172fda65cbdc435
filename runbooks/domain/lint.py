"""What the plan lacks: findings with a severity and the fix, and for each kind how much of the plan it concerns.

An error is what would stop or endanger a run; a warning is what a careful planner would mend; the rest is
worth knowing. Dependencies hidden in free text are suggested, never assumed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cutover.core.duration import show_duration
from cutover.core.errors import nearest
from cutover.domain.programme import Programme
from runbooks.domain.network import Schedule, Slot, schedule
from runbooks.domain.plan import Runbook, Task, TaskType


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One lack; `task` is empty when it concerns the plan as a whole."""

    code: str
    severity: Severity
    task: str
    message: str
    fix: str


# code -> severity, and how the summary says it of n tasks
CODES: Mapping[str, tuple[Severity, str]] = {
    "no_action": (Severity.ERROR, "are automated and say nothing to do"),
    "no_effect": (Severity.ERROR, "are automated and do not say what to do when they may or may not have happened"),
    "no_decider": (Severity.ERROR, "are gates that nobody decides"),
    "unguarded_point_of_no_return": (Severity.ERROR, "are points of no return with no gate before them"),
    "no_duration": (Severity.WARNING, "have no duration"),
    "no_owner": (Severity.WARNING, "have neither owner nor team"),
    "no_predecessor": (Severity.WARNING, "wait for nothing and are not the first"),
    "no_rollback": (Severity.WARNING, "do not say how they are undone"),
    "no_verify": (Severity.WARNING, "do not say how one knows they worked"),
    "no_criteria": (Severity.WARNING, "are gates without criteria"),
    "dangling_gate": (Severity.WARNING, "are gates that nothing waits for"),
    "no_audience": (Severity.WARNING, "are comms that do not say whom they tell"),
    "single_person": (Severity.WARNING, "hang on one person without a deputy"),
    "long_shift": (Severity.WARNING, "stretches of work are longer than a person should stand"),
    "unknown_name": (Severity.WARNING, "name someone or something the programme does not know"),
    "past_window": (Severity.WARNING, "end after the window closes"),
    "clock_only": (Severity.INFO, "are held by their clock time alone"),
    "hidden_dependency": (Severity.INFO, "speak of another task in their text and do not wait for it"),
    "way_back": (Severity.INFO, "read like part of the way back, and are in the way forward"),
}  # fmt: skip
CHANGES_SOMETHING = frozenset({TaskType.NORMAL, TaskType.AUTOMATED})
NEEDS_NOBODY = frozenset({TaskType.MILESTONE, TaskType.WAIT})
TAKES_NO_TIME = frozenset({TaskType.MILESTONE})
LONGEST_SHIFT = timedelta(hours=12)
REST = timedelta(
    hours=11
)  # a pause this long ends a stretch of work (Working Time Regulations 1998, reg. 10)
MANY = 3  # tasks without a deputy from which one person is a single point of failure ...
SHARE = 0.25  # ... when they are also this share of all tasks that have an owner
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HINT = re.compile(
    r"\b(?:after|once|following|depends\s+on|requires|wait(?:s|ing)?\s+for)\s+(?:the\s+)?(?:completion\s+of\s+)?"
    r"(?:(?P<word>steps?|tasks?|items?|activity)\s+)?#?(?P<id>[A-Za-z0-9][A-Za-z0-9_.\-]*)",
    re.IGNORECASE,
)
_WAY_BACK = re.compile(r"\b(roll(?:ing|ed)?[\s-]?back|back(?:ing|ed)?[\s-]?out)\b", re.IGNORECASE)
Found = Iterator[tuple[str, str, str, str]]  # code, task, message, fix


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan with what several checks ask of it."""

    runbook: Runbook
    tasks: Mapping[str, Task]
    followers: Mapping[str, Sequence[Task]]
    programme: Programme | None
    timing: Schedule


def lint(runbook: Runbook, programme: Programme | None = None) -> list[Finding]:
    """Everything the plan lacks, gravest first, then in the plan's order. Raises Invalid for a faulty plan."""
    opens = programme.opens if programme else _EPOCH
    timing = schedule(runbook.tasks, opens)
    followers: dict[str, list[Task]] = {task.id: [] for task in runbook.tasks}
    for task in runbook.tasks:
        for link in task.after:
            followers[link.task].append(task)
    plan = _Plan(runbook, runbook.by_id(), followers, programme, timing)
    found = [
        Finding(code, CODES[code][0], task, message, fix)
        for check in _CHECKS
        for code, task, message, fix in check(plan)
    ]
    gravity = list(Severity)
    place = {task.id: i for i, task in enumerate(runbook.tasks)}
    return sorted(found, key=lambda f: (gravity.index(f.severity), place.get(f.task, -1)))


def summary(runbook: Runbook, findings: Iterable[Finding]) -> list[str]:
    """What the plan lacks in a line a kind: `144 of 144 tasks have no duration`."""
    counts = Counter(finding.code for finding in findings)
    return [
        f"{severity}: {_count(code, counts[code], len(runbook.tasks))} {words}"
        for code, (severity, words) in CODES.items()
        if counts[code]
    ]


def _count(code: str, n: int, total: int) -> str:
    return str(n) if code in ("long_shift", "single_person") else f"{n} of {total} tasks"


# --- one check after another ----------------------------------------------------------------------------


def _order(plan: _Plan) -> Found:
    for i, task in enumerate(plan.runbook.tasks):
        if task.after or task.repairs or i == 0:
            continue
        if task.not_before is None and task.start_offset is None:
            yield (
                "no_predecessor",
                task.id,
                "waits for nothing and would start with the window",
                "name what comes before it in `after`",
            )
        else:
            yield (
                "clock_only",
                task.id,
                "starts at its time even when nothing before it is done",
                "name what comes before it in `after`",
            )


def _length(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if task.duration is None and task.estimate is None and task.type not in TAKES_NO_TIME:
            yield (
                "no_duration",
                task.id,
                "has no duration",
                "give `duration: 30m`, or an estimate with low, likely and high",
            )


def _people(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        has_deciders = task.gate is not None and bool(task.gate.deciders)
        if not (task.owner or task.team or has_deciders) and task.type not in NEEDS_NOBODY:
            yield (
                "no_owner",
                task.id,
                "has neither owner nor team",
                "name the team, or the person, in `team` or `owner`",
            )


def _control(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if task.type not in CHANGES_SOMETHING:
            continue
        checked = (t.type in (TaskType.VALIDATION, TaskType.APPROVAL) for t in plan.followers[task.id])
        if not task.verify and not any(checked):
            yield (
                "no_verify",
                task.id,
                "nothing says how one knows it worked",
                "fill `verify`, or let a validation follow it",
            )
        if not task.rollback:
            yield (
                "no_rollback",
                task.id,
                "nothing says how it is undone",
                "fill `rollback`, if only with: nothing to undo",
            )


def _automation(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if task.type is not TaskType.AUTOMATED:
            continue
        if task.action is None:
            yield (
                "no_action",
                task.id,
                "is automated and says nothing to do",
                "give it an `action`, or make it a normal task",
            )
        if task.effect is None:
            yield (
                "no_effect",
                task.id,
                "after a crash nobody could tell whether it happened",
                "declare `effect`: idempotent, probe or manual_verify",
            )


def _gates(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if task.type is not TaskType.APPROVAL:
            continue
        if task.gate is None or not task.gate.deciders:
            yield "no_decider", task.id, "is a gate that nobody decides", "name its deciders under `gate`"
        elif not task.gate.criteria:
            yield (
                "no_criteria",
                task.id,
                "is a gate without criteria: nothing green can open it, and nothing red can hold it",
                "bind criteria to evidence under `gate`",
            )
        if not plan.followers[task.id]:
            yield (
                "dangling_gate",
                task.id,
                "nothing waits for its decision",
                "let the tasks it protects follow it",
            )


def _no_return(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if (
            task.point_of_no_return
            and task.type is not TaskType.APPROVAL
            and not _has_gate_before(plan, task)
        ):
            yield (
                "unguarded_point_of_no_return",
                task.id,
                "no gate stands before the point of no return",
                "put a task of type approval before it",
            )


def _has_gate_before(plan: _Plan, task: Task) -> bool:
    seen: set[str] = set()
    stack = [link.task for link in task.after]
    while stack:
        name = stack.pop()
        if plan.tasks[name].type is TaskType.APPROVAL:
            return True
        if name not in seen:
            seen.add(name)
            stack += [link.task for link in plan.tasks[name].after]
    return False


def _comms(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if task.type is TaskType.COMMS and not task.audience:
            yield "no_audience", task.id, "does not say whom it tells", "fill `audience`"


def _single_people(plan: _Plan) -> Found:
    owned = [task for task in plan.runbook.tasks if task.owner]
    alone = Counter(task.owner for task in owned if not task.deputy)
    for person, n in alone.items():
        if n >= MANY and n >= SHARE * len(owned):
            yield "single_person", "", f"{person} owns {n} tasks without a deputy", "name a `deputy` for them"


def _shifts(plan: _Plan) -> Found:
    slots: dict[str, list[Slot]] = {}
    for task in plan.runbook.tasks:
        if task.owner and task.id in plan.timing.slots and task.expected:
            slots.setdefault(task.owner, []).append(plan.timing.slots[task.id])
    for person, theirs in slots.items():
        for first, last in _stretches(theirs):
            if last - first > LONGEST_SHIFT:
                message = f"{person} works {show_duration(last - first)} without {show_duration(REST)} of rest, from {first:%d %b %H:%M}Z"
                yield "long_shift", "", message, "give some of these tasks to another person"


def _stretches(slots: Iterable[Slot]) -> Iterator[tuple[datetime, datetime]]:
    """Work without a rest in between, as (from, to)."""
    first = last = None
    for slot in sorted(slots, key=lambda s: s.early_start):
        if first is None or last is None or slot.early_start - last >= REST:
            if first is not None and last is not None:
                yield first, last
            first, last = slot.early_start, slot.early_finish
        last = max(last, slot.early_finish)
    if first is not None and last is not None:
        yield first, last


def _names(plan: _Plan) -> Found:
    programme = plan.programme
    if programme is None:
        return
    known = {
        "team": {team.id for team in programme.teams},
        "owner": {person.id for person in programme.people},
        "deputy": {person.id for person in programme.people},
        "component": {component.id for component in programme.components},
    }
    for task in plan.runbook.tasks:
        for field, names in known.items():
            name = getattr(task, field)
            if name and name not in names:
                near = nearest(name, names)
                hint = (
                    f"did you mean '{near}'?" if near else f"add it to programme.yaml, or correct `{field}`"
                )
                yield "unknown_name", task.id, f"{field} '{name}' is not in the programme", hint


def _window(plan: _Plan) -> Found:
    if plan.programme is None:
        return
    closes = plan.programme.closes
    for name, slot in plan.timing.slots.items():
        if slot.early_finish > closes:
            late = show_duration(slot.early_finish - closes)
            yield (
                "past_window",
                name,
                f"ends {late} after the window closes, if all goes to plan",
                "shorten or reorder what comes before it",
            )


def _hints(plan: _Plan) -> Found:
    by_lower = {name.lower(): name for name in plan.tasks}
    for task in plan.runbook.tasks:
        waits_for = {link.task for link in task.after} | {task.id, task.parent, task.repairs}
        for match in _HINT.finditer(f"{task.title}\n{task.description}"):
            name = by_lower.get(match["id"].rstrip(".-").lower(), "")
            clear = match["word"] or (any(c.isdigit() for c in name) and not name.isdigit())
            if name and clear and name not in waits_for:
                waits_for.add(name)
                yield (
                    "hidden_dependency",
                    task.id,
                    f"its text says '{' '.join(match[0].split())}'",
                    f"add {name} to `after` if it has to wait",
                )


def _backwards(plan: _Plan) -> Found:
    for task in plan.runbook.tasks:
        if _WAY_BACK.search(task.title) and not (task.conditional or task.optional or task.repairs):
            yield (
                "way_back",
                task.id,
                "reads like part of the way back",
                "make it conditional, or move it to a runbook of its own",
            )


_CHECKS: tuple[Callable[[_Plan], Found], ...] = (
    _order, _length, _people, _control, _automation, _gates, _no_return, _comms, _single_people, _shifts, _names,
    _window, _hints, _backwards,
)  # fmt: skip
