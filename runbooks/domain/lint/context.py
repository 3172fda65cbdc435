"""What does not fit the programme: names it does not know, its window, its deadlines, its teams, its runbooks."""

from __future__ import annotations

from cutover.core.clock import to_utc
from cutover.core.duration import show_duration
from cutover.core.errors import nearest
from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground


def names(plan: Ground) -> Found:
    programme = plan.programme
    if programme is None:
        return
    known = {
        "team": {team.id for team in programme.teams},
        "owner": {person.id for person in programme.people},
        "deputy": {person.id for person in programme.people},
        "component": {component.id for component in programme.components},
        "calendar": set(programme.calendars),
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


def window(plan: Ground) -> Found:
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


def fixed_starts(plan: Ground) -> Found:
    """A fixed start long before the window holds nothing, and is likely of another year's plan."""
    if plan.programme is None:
        return
    opens, closes = plan.programme.opens, plan.programme.closes
    for task in plan.runbook.tasks:
        at = task.not_before and to_utc(task.not_before, plan.programme.zone)
        if at and not opens <= at <= closes:
            yield (
                "outside_window",
                task.id,
                f"its fixed start {at:%Y-%m-%d %H:%MZ} lies {'before the window opens' if at < opens else 'after the window closes'}",
                "move `not_before` into the window, or take it out",
            )


def deadlines(plan: Ground) -> Found:
    for name in plan.timing.missed:
        slot = plan.timing.slots[name]
        if slot.deadline is not None:
            late = show_duration(slot.early_finish - slot.deadline)
            yield (
                "past_deadline",
                name,
                f"ends {late} after its deadline, if all goes to plan",
                "shorten or reorder what comes before it",
            )


def capacity(plan: Ground) -> Found:
    """Tasks that take more of their team than it ever has: no order of the plan could do them."""
    programme = plan.programme
    if programme is None:
        return
    most = {
        team.id: max([c for *_, c in programme.on_duty(team)] or [team.capacity]) for team in programme.teams
    }
    for task in plan.runbook.tasks:
        if task.units > most.get(task.team, task.units):
            yield (
                "over_capacity",
                task.id,
                f"takes {task.units} of {task.team}, which can do {most[task.team]} at once",
                "lower `units`, or raise the team's capacity",
            )


def backout(plan: Ground) -> Found:
    """A way back that is missing where there is a point to turn back from, or named and not there."""
    book, known = plan.runbook, plan.runbooks
    if book.backout and known is not None and book.backout not in known:
        near = nearest(book.backout, known)
        fix = f"did you mean '{near}'?" if near else f"`cutover runbook backout {book.id}` makes one"
        yield "unknown_backout", "", f"the way back '{book.backout}' is not a runbook of the programme", fix
    if not book.backout and any(task.point_of_no_return for task in book.tasks):
        message = "there is a point of no return and no plan of the way back from before it"
        yield (
            "no_backout",
            "",
            message,
            f"`cutover runbook backout {book.id}` makes one of what each task says undoes it",
        )
