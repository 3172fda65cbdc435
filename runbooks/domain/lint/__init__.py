"""What the plan lacks: findings with a severity and the fix, and for each kind how much of the plan it concerns.

Dependencies hidden in free text are suggested, never assumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable

from cutover.domain.programme import Programme
from runbooks.domain.lint import context, gates, hints, modes, people, tasks
from runbooks.domain.lint.findings import CODES, Finding, Found, Severity
from runbooks.domain.lint.ground import Ground, ground
from runbooks.domain.plan import Runbook

__all__ = ["CODES", "Finding", "Severity", "lint", "summary"]

_CHECKS: tuple[Callable[[Ground], Found], ...] = (
    tasks.order, tasks.length, tasks.people, tasks.control, tasks.automation, gates.gates, gates.no_return,
    tasks.comms, people.single_people, people.shifts, people.bookings, people.duty, people.skills, context.names,
    context.window, context.fixed_starts, context.deadlines, context.capacity, context.backout, modes.modes, hints.hints, hints.backwards,
)  # fmt: skip


def lint(
    runbook: Runbook, programme: Programme | None = None, runbooks: Collection[str] | None = None
) -> list[Finding]:
    """Everything the plan lacks, gravest first, then in the plan's order. Raises Invalid for a faulty plan.

    `runbooks` are the ids of the programme's runbooks, where they are known.
    """
    plan = ground(runbook, programme, runbooks)
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
        f"{severity}: {_count(code, counts[code], len(runbook.tasks))}{words}"
        for code, (severity, words) in CODES.items()
        if counts[code]
    ]


def _count(code: str, n: int, total: int) -> str:
    if code in ("no_backout", "unknown_backout"):
        return ""
    return f"{n} " if code in ("long_shift", "single_person") else f"{n} of {total} tasks "
