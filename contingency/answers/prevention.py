"""Question 6: is there a plan to prevent further backlogs, and was each part of it verified by somebody else?"""

from __future__ import annotations

from collections.abc import Iterator

from contingency.domain.improvements import ActionStage
from contingency.domain.triggers import PlayStage, PlayState
from contingency.figures import Answer, Figure, Record, count, so_many, words
from contingency.improvements import ActionView
from contingency.sources import Seen
from contingency.trail import Life
from cutover.core.clock import show
from cutover.core.event import Recorded
from cutover.domain.gates import GateState, Verdict
from cutover.reconciliation.findings import FATAL
from runbooks.domain.run_events import TaskDone

QUESTION = "Is there a plan to prevent further backlogs?"
_OPENED = (Verdict.GO, Verdict.WAIVED)
_OVER = (PlayStage.STOOD_DOWN, PlayStage.DECLINED, PlayStage.LAPSED)


def prevention(seen: Seen) -> Answer:
    return Answer(
        number=6,
        question=QUESTION,
        finding=_finding(seen),
        figures=(*_actions(seen), *_plays(seen), *_gates(seen), *_claims(seen)),
        gaps=tuple(_gaps(seen)),
    )


def _finding(seen: Seen) -> str:
    verified = sum(a.stage is ActionStage.VERIFIED for a in seen.actions)
    over = sum(p.state.stage is PlayStage.STOOD_DOWN for p in seen.plays)
    no, go = (sum(g.state.verdict is v for g in seen.gates) for v in (Verdict.NO_GO, Verdict.GO))
    passed = sum(c.outcome.passed for c in seen.latest.values())
    return (
        f"{verified} of {so_many(len(seen.actions), 'action')} verified by somebody else; {so_many(over, 'play')} stood down; "
        f"gates said no {so_many(no, 'time')} and go {so_many(go, 'time')}; the newest comparison passes for {passed} of "
        f"{so_many(len(seen.contracts), 'contract')}."
    )


def _actions(seen: Seen) -> Iterator[Figure]:
    preventive = [a for a in seen.actions if a.prevents]
    yield count("Actions that prevent a failure", map(_action, preventive), listed=True)
    verified = (_action(a) for a in seen.actions if a.stage is ActionStage.VERIFIED)
    yield count("Actions verified by somebody else", verified)
    claimed = (_action(a) for a in seen.actions if a.stage is ActionStage.CLAIMED)
    yield count(
        "Actions claimed done, not verified",
        claimed,
        (
            "action is claimed done and nobody else has looked",
            "actions are claimed done and nobody else has looked",
        ),
    )
    undone = (_action(a) for a in seen.actions if a.stage in (ActionStage.OPEN, ActionStage.REOPENED))
    yield count("Actions not done", undone, ("action is not done", "actions are not done"))


def _action(action: ActionView) -> Record:
    parts = [
        action.title,
        f"prevents {action.prevents}" if action.prevents else "",
        f"{action.stage} ({action.owner})",
    ]
    parts.append(f"claimed by {action.claimed_by}: {action.evidence}" if action.claimed_by else "")
    parts.append(f"verified by {action.verified_by}: {action.how}" if action.verified_by else "")
    return Record(
        id=action.id, title="; ".join(p for p in parts if p), stream=action.stream, position=action.position
    )


def _plays(seen: Seen) -> Iterator[Figure]:
    zone = seen.programme.zone
    yield count(
        "Plays stood down",
        (_play(p, zone) for p in seen.plays if p.state.stage is PlayStage.STOOD_DOWN),
        listed=True,
    )
    under_way = (_play(p, zone) for p in seen.plays if p.state.stage not in _OVER)
    yield count(
        "Plays under way",
        under_way,
        (
            "play is under way: that part does not work normally yet",
            "plays are under way: those parts do not work normally yet",
        ),
    )
    yield count(
        "Plays declined or lapsed", (_play(p, zone) for p in seen.plays if p.state.stage in _OVER[1:])
    )


def _play(life: Life[PlayState], zone: str) -> Record:
    state = life.state
    title = state.play.title if state.play else life.name
    who = f", decided by {state.decided_by}: {state.reason}" if state.decided_by else ""
    text = f"{title}: {words(state.stage)} {show(life.last.at, zone)}{who}"
    return Record(id=life.name, title=text, stream=life.stream, position=life.last.position)


def _gates(seen: Seen) -> Iterator[Figure]:
    decided = [g for g in seen.gates if g.state.verdict not in (Verdict.UNOPENED, Verdict.WITHDRAWN)]
    newest = {g.stream.rpartition(":")[0]: g for g in decided}  # the last round of each gate
    yield count("Gate rounds asked", (_gate(g) for g in decided), listed=True)
    yield count("Rounds that ended no-go", (_gate(g) for g in decided if g.state.verdict is Verdict.NO_GO))
    shut = (_gate(g) for g in newest.values() if g.state.verdict not in _OPENED)
    yield count("Gates not open in their newest round", shut, ("gate is not open", "gates are not open"))


def _gate(life: Life[GateState]) -> Record:
    state = life.state
    title = f"{state.title}: {words(state.verdict)}" + (f" — {state.reason}" if state.reason else "")
    return Record(id=life.name, title=title, stream=life.stream, position=life.last.position)


def _claims(seen: Seen) -> Iterator[Figure]:
    """What loaders said of themselves beside what the comparison from the source found."""
    yield count("Loads by their loader's own report (claimed)", map(_load, seen.loads), listed=True)
    runs = [c.record() for c in seen.comparisons]
    yield count("Comparisons from the source register (verified)", runs, listed=True)
    failed = [c.record() for c in seen.latest.values() if not c.outcome.passed]
    yield count(
        "Contracts whose newest comparison does not pass",
        failed,
        ("contract does not reconcile", "contracts do not reconcile"),
    )
    found = [c for c in seen.comparisons if any(c.outcome.count(k) for k in FATAL)]
    most = max((sum(c.outcome.count(k) for k in FATAL) for c in found), default=0)
    records = tuple(c.record() for c in found)
    yield Figure(label="Most records found missing or extra in one comparison", value=most, records=records)


def _load(fact: Recorded) -> Record:
    assert isinstance(fact.event, TaskDone)  # what was looked for
    read, failed = (_as_said(fact.event.result[name]) for name in ("read", "failed"))
    title = f"{read} read, {failed} failures"
    return Record(id=fact.event.task, title=title, stream=fact.stream, position=fact.position)


def _as_said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _gaps(seen: Seen) -> Iterator[str]:
    if not any(a.prevents for a in seen.actions):
        yield "no action that prevents a failure has been raised"
    yield from (
        f"{name} was never compared with its source" for name in seen.contracts if name not in seen.latest
    )
