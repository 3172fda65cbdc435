"""Whether the people named can do what the plan asks of them: at once, without rest, alone, with what they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from cutover.core.duration import show_duration
from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground
from runbooks.domain.timing.network import Slot

LONGEST_SHIFT = timedelta(hours=12)
REST = timedelta(
    hours=11
)  # a pause this long ends a stretch of work (Working Time Regulations 1998, reg. 10)
MANY = 3  # tasks without a deputy from which one person is a single point of failure ...
SHARE = 0.25  # ... when they are also this share of all tasks that have an owner


def single_people(plan: Ground) -> Found:
    owned = [task for task in plan.runbook.tasks if task.owner]
    alone = Counter(task.owner for task in owned if not task.deputy)
    for person, n in alone.items():
        if n >= MANY and n >= SHARE * len(owned):
            yield "single_person", "", f"{person} owns {n} tasks without a deputy", "name a `deputy` for them"


def bookings(plan: Ground) -> Found:
    """A person who owns two tasks that happen at once, if all goes to plan; each task is named once."""
    for person, theirs in _busy(plan).items():
        last = theirs[0]
        for slot in theirs[1:]:
            if slot.early_start < last.early_finish:
                message = f"{person} is at {last.task} until {last.early_finish:%d %b %H:%M}Z"
                yield (
                    "double_booked",
                    slot.task,
                    message,
                    f"let it wait for {last.task}, or name another owner",
                )
            last = max(last, slot, key=lambda s: s.early_finish)


def duty(plan: Ground) -> Found:
    """A task that is not within one stretch of its owner's duty."""
    programme = plan.programme
    for person, theirs in _busy(plan).items():
        known = programme.person(person) if programme else None
        if programme is None or known is None or not known.shifts:
            continue
        stretches = programme.on_duty(known)
        for slot in theirs:
            if not any(begin <= slot.early_start and slot.early_finish <= end for begin, end, _ in stretches):
                message = f"{person} is not on duty from {slot.early_start:%d %b %H:%M}Z to {slot.early_finish:%H:%M}Z"
                yield "off_duty", slot.task, message, "name somebody who is, or move it into a shift"


def skills(plan: Ground) -> Found:
    """A skill that neither the owner, nor the deputy, nor anybody of the team has."""
    people = plan.programme.people if plan.programme else ()
    for task in plan.runbook.tasks:
        if not (task.skill and people):
            continue
        named = {task.owner, task.deputy} - {""}
        could = [p for p in people if p.id in named or (not named and task.team in ("", p.team))]
        if not any(task.skill in person.skills for person in could):
            who = " nor ".join(sorted(named)) or (f"nobody in {task.team}" if task.team else "nobody")
            has = sorted(p.id for p in people if task.skill in p.skills)
            fix = (
                f"{', '.join(has)} can"
                if has
                else "give somebody the skill in programme.yaml, or correct `skill`"
            )
            yield "no_skill", task.id, f"needs '{task.skill}', and {who} has it", fix


def _busy(plan: Ground) -> dict[str, list[Slot]]:
    """The slots of each named owner, in order of time; a task of no length keeps nobody busy."""
    slots: dict[str, list[Slot]] = {}
    for task in plan.runbook.tasks:
        slot = plan.timing.slots.get(task.id)
        if task.owner and slot and task.expected:
            slots.setdefault(task.owner, []).append(slot)
    return {
        person: sorted(theirs, key=lambda s: (s.early_start, s.early_finish))
        for person, theirs in slots.items()
    }


def shifts(plan: Ground) -> Found:
    for person, theirs in _busy(plan).items():
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
