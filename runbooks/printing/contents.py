"""What stands on the pages of a pack, in words: head, tasks by day, decision rules, telephones. No layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from cutover.core.clock import show
from cutover.core.duration import show_duration, show_minutes
from cutover.domain.gates import Criterion, OnTimeout
from runbooks.domain.plan import Task, TaskType
from runbooks.printing.codes import Code, plan_version, square
from runbooks.printing.laid import Laid
from runbooks.printing.packs import Kind, Pack
from runbooks.printing.phones import phone_tree

SILENCE: Mapping[OnTimeout, str] = {
    OnTimeout.HOLD: "it expires, and nothing behind it starts until it is asked again",
    OnTimeout.NO_GO: "silence counts as NO GO",
    OnTimeout.ESCALATE: "more people are asked; nothing behind this gate starts",
}
SOURCES: Mapping[str, str] = {
    "reconcile": "the reconciliation",
    "monitor": "the monitor",
    "flow": "the outcome flow",
    "task": "task",
    "person": "the word of",
}
KINDS: Mapping[TaskType, str] = {
    TaskType.MILESTONE: "milestone",
    TaskType.VALIDATION: "check",
    TaskType.APPROVAL: "go or no-go",
    TaskType.COMMS: "message",
    TaskType.AUTOMATED: "software",
    TaskType.WAIT: "wait",
}
STRICT = "Missing, stale or unclear evidence is a no. A yes on a condition is not a yes. The first decision stands."
NAMED = 3  # of the tasks that wait for one: they fit a line or two
HOW = (
    "Write what happened when it happens, with a pen, times on the 24-hour clock. Initial every line you fill in.",
    "Tick one of done, failed, not done. A failed task holds what waits for it: call your lead.",
    "Strike a mistake through once and initial it. When systems are back, each line is entered from its square code.",
)
PACK_WORDS: Mapping[Kind, str] = {
    Kind.WHOLE: "The whole runbook",
    Kind.STREAM: "Stream",
    Kind.STATION: "Station",
    Kind.PERSON: "Personal pack",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a printed line come back to its task: the plan's version, under the programme's key."""

    key: bytes
    version: str

    def on(self, runbook: str, sheet: str, task: str) -> dict[str, str]:
        """The square code of one line, with the text it holds and the serial for a person to type."""
        code = Code(runbook, self.version, sheet, task)
        text = code.sealed(self.key)
        return {"code": text, "serial": code.serial(self.key), "square": square(text)}


def contents(laid: Laid, pack: Pack, key: bytes, printed: datetime) -> dict[str, Any]:
    """The pack as plain JSON values."""
    version = plan_version(laid.runbook)
    teams = {task.team for task in pack.tasks if task.team}
    return {
        "title": pack.title,
        "kind": PACK_WORDS[pack.kind],
        "runbook": laid.runbook.title,
        "programme": laid.programme.title,
        "foot": f"plan {laid.runbook.id} {version} · printed {show(printed, laid.programme.zone, '%a %d %b %Y %H:%M %Z')}",
        "facts": [list(fact) for fact in _facts(laid, pack, version)],
        "how": list(HOW),
        "days": _days(laid, pack, Stamp(key, version)),
        "rules": [_rule(laid, gate) for gate in laid.gates() if _concerns(gate, pack)],
        "back": _way_back(laid),
        "phones": [asdict(calls) for calls in phone_tree(laid, None if pack.kind is Kind.WHOLE else teams)],
    }


def _facts(laid: Laid, pack: Pack, version: str) -> Iterator[tuple[str, str]]:
    programme = laid.programme
    yield "Window", f"{laid.moment(programme.opens)} to {laid.moment(programme.closes)}"
    if pack.tasks:
        timed = [laid.times[task.id] for task in pack.tasks if task.id in laid.times]
        if timed:
            yield (
                "These tasks",
                f"{laid.moment(min(t[0] for t in timed))} to {laid.moment(max(t[1] for t in timed))}",
            )
    critical = sum(1 for task in pack.tasks if task.id in laid.critical)
    yield (
        "How many",
        f"{len(pack.tasks)}"
        + (f", {critical} of them critical (◆): late there is late at the end" if critical else ""),
    )
    if laid.latest_backout:
        yield "Latest safe backout", laid.moment(laid.latest_backout)
    yield "Plan version", f"{version} (ask the command centre whether it still holds)"


# --- tasks ----------------------------------------------------------------------------------------------


def _days(laid: Laid, pack: Pack, stamp: Stamp) -> list[dict[str, Any]]:
    following = laid.following()
    numbered = enumerate(pack.tasks, 1)
    return [
        {
            "day": day,
            "tasks": [
                _task(laid, task, following[task.id], pack.notes.get(task.id, ""))
                | stamp.on(laid.runbook.id, f"{pack.kind.letter}{n}", task.id)
                for n, task in lines
            ],
        }
        for day, lines in groupby(numbered, key=lambda line: laid.day(line[1]))
    ]


def _task(laid: Laid, task: Task, following: Sequence[Task], note: str) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "when": laid.when(task),
        "length": laid.length(task),
        "who": laid.who(task),
        "note": note,
        "kind": KINDS.get(task.type, ""),
        "ends_as": ["GO", "NO GO", "not asked"] if task.gate else ["done", "failed", "not done"],
        "critical": task.id in laid.critical,
        "no_return": task.point_of_no_return,
        "lines": [list(line) for line in _lines(laid, task, following) if line[1]],
    }


def _lines(laid: Laid, task: Task, following: Sequence[Task]) -> Iterator[tuple[str, str]]:
    yield "Do", task.description
    yield "Tell", task.audience
    yield "After", laid.before(task)
    if task.gate is not None:
        yield "Ask", "; ".join(c.title for c in task.gate.criteria) + " (see the decision rules)"
    if task.deadline:
        yield "No later", laid.moment(task.deadline)
    yield "Verify", task.verify
    yield "Undo", _undo(task)
    more = f"; and {len(following) - NAMED} more" if len(following) > NAMED else ""
    yield "Then", "; ".join(f"{t.id} {t.title} ({laid.who(t)})" for t in following[:NAMED]) + more


def _undo(task: Task) -> str:
    span = task.undo_duration or (task.undo_estimate.likely if task.undo_estimate else None)
    return task.rollback + (f" (takes {show_duration(span)})" if span and task.rollback else "")


# --- decisions ------------------------------------------------------------------------------------------


def _concerns(gate: Task, pack: Pack) -> bool:
    """A gate of the pack, or one that a task of the pack waits for or leads to."""
    here = {task.id for task in pack.tasks}
    waiting = any(link.task == gate.id for task in pack.tasks for link in task.after)
    return gate.id in here or waiting or any(link.task in here for link in gate.after)


def _rule(laid: Laid, task: Task) -> dict[str, Any]:
    gate = task.gate
    assert gate is not None  # only gates are asked for
    by = laid.decide_by(task)
    repairs = [f"{t.id} {t.title}" for t in laid.runbook.tasks if t.repairs == task.id]
    return {
        "id": task.id,
        "title": task.title,
        "when": f"{laid.day(task)}, {laid.when(task)}" if task.id in laid.times else laid.when(task),
        "decide_by": laid.moment(by) if by else "",
        "needs": f"{gate.quorum} of {len(gate.deciders)} must say GO, each for themselves; one NO GO is enough to stop",
        "silence": SILENCE[gate.on_timeout],
        "no": f"after a NO GO: {'; '.join(repairs)}; then it is asked again" if repairs else "after a NO GO: the programme manager says whether to mend it or to turn back",
        "criteria": [[c.title, _source(laid, c)] for c in gate.criteria],
        "deciders": [laid.person(who) for who in gate.deciders],
        "no_return": task.point_of_no_return,
    }  # fmt: skip


def _source(laid: Laid, criterion: Criterion) -> str:
    kind, _, name = criterion.source.partition(":")
    task = laid.runbook.by_id().get(name)
    known = task.title if kind == "task" and task else laid.name(name) if kind == "person" else ""
    source = f"{SOURCES.get(kind, kind)} {name}".strip() if kind != "person" else f"the word of {known}"
    titled = f"{source}: {known}" if kind == "task" and known else source
    return titled + (f", not older than {show_duration(criterion.max_age)}" if criterion.max_age else "")


def _way_back(laid: Laid) -> list[str]:
    lines = []
    if laid.latest_backout:
        took = show_minutes(laid.way_back)
        lines.append(
            f"Latest safe backout: {laid.moment(laid.latest_backout)}. The way back takes {took}; begun later it ends after the window."
        )
    lines += [
        f"Point of no return: {task.id} {task.title}, {laid.when(task)} on {laid.day(task)}. After it there is no way back: only forward."
        for task in laid.in_order()
        if task.point_of_no_return
    ]
    return [*lines, STRICT]
