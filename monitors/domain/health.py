"""How is it really: one bad answer is a suspicion (SOFT), several in a row are a fact (HARD).

Theory: a check has one *settled* status, which only a run of like results changes: `max_attempts` failures in
a row unsettle OK, `recover_after` successes in a row end a failure, `max_attempts` results of other failing
statuses replace one failing status by another (a single UNKNOWN never clears a CRITICAL). UNKNOWN debounces as
a failure and is never OK. Only changes are facts; a result that confirms what is settled leaves no trace here,
so the settled status is a pure function of the log of results and the journal stays small.

Three things are judged when somebody looks, and stored nowhere: a result grows stale, an acknowledgement
expires, a parent's failure suppresses the alert (never the evaluation) of its children, one hop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from monitors.domain.check import Check, Reason, Result, Status

LONGEST_ACKNOWLEDGEMENT = timedelta(days=7)


class Stage(StrEnum):
    """Where a check stands between suspicion and fact."""

    PENDING = "pending"  # nothing settled yet
    OK = "ok"
    SOFT = "soft"  # failing, not yet believed
    HARD = "hard"  # failing, believed
    SHIFTING = "shifting"  # believed to fail, now seen failing otherwise
    RECOVERING = "recovering"  # believed to fail, now seen well


class CheckPassed(Event):
    """Settled as OK: the first success, or a suspicion that came to nothing."""


class AttemptFailed(Event):
    """A failure of a check that is not (yet) believed to fail; the first one is where SOFT begins."""

    attempt: int = Field(ge=1)
    status: Status
    reason: Reason | None = None
    detail: str = ""


class CheckWentHard(Event):
    """The failure is believed. `since` is the first failed attempt of this spell."""

    status: Status
    reason: Reason | None = None
    detail: str = ""
    since: datetime


class AttemptDiffered(Event):
    """A failing check failed in another way than the one believed."""

    attempt: int = Field(ge=1)
    status: Status
    reason: Reason | None = None
    detail: str = ""


class HardStateHeld(Event):
    """A recovery or a shift came to nothing: the believed failure was seen again."""


class RecoverySeen(Event):
    """A success of a check that is believed to fail."""

    count: int = Field(ge=1)


class CheckRecovered(Event):
    """The recovery is believed. `since` is when the failure began."""

    since: datetime


class AlertAcknowledged(Event):
    """Somebody has it in hand until a time; after that it alerts again."""

    typed = frozenset({"note"})
    until: datetime
    note: str


class RecordResult(Command):
    """One result of the check, with how many it takes to believe."""

    result: Result
    max_attempts: int = Field(ge=1)
    recover_after: int = Field(ge=1)


class AcknowledgeAlert(Command):
    until: datetime
    note: str = Field(min_length=1)


EVENTS = (
    CheckPassed,
    AttemptFailed,
    CheckWentHard,
    AttemptDiffered,
    HardStateHeld,
    RecoverySeen,
    CheckRecovered,
    AlertAcknowledged,
)

HEALTH = Table(
    name="check",
    theory="a run of like results settles a status; anything less is a suspicion",
    stages=Stage,
    start=Stage.PENDING,
    terminal=frozenset(),
    moves={
        (Stage.PENDING, CheckPassed): Stage.OK,
        (Stage.PENDING, AttemptFailed): Stage.SOFT,
        (Stage.OK, AttemptFailed): Stage.SOFT,
        (Stage.SOFT, AttemptFailed): Stage.SOFT,
        (Stage.SOFT, CheckPassed): Stage.OK,
        (Stage.SOFT, CheckWentHard): Stage.HARD,
        (Stage.HARD, AttemptDiffered): Stage.SHIFTING,
        (Stage.HARD, RecoverySeen): Stage.RECOVERING,
        (Stage.HARD, AlertAcknowledged): Stage.HARD,
        (Stage.SHIFTING, AttemptDiffered): Stage.SHIFTING,
        (Stage.SHIFTING, HardStateHeld): Stage.HARD,
        (Stage.SHIFTING, CheckWentHard): Stage.HARD,
        (Stage.SHIFTING, RecoverySeen): Stage.RECOVERING,
        (Stage.SHIFTING, AlertAcknowledged): Stage.SHIFTING,
        (Stage.RECOVERING, RecoverySeen): Stage.RECOVERING,
        (Stage.RECOVERING, HardStateHeld): Stage.HARD,
        (Stage.RECOVERING, CheckRecovered): Stage.OK,
        (Stage.RECOVERING, AlertAcknowledged): Stage.RECOVERING,
    },
)

UNSETTLED = frozenset({Stage.SOFT, Stage.SHIFTING, Stage.RECOVERING})
BELIEVED = frozenset({Stage.HARD, Stage.SHIFTING, Stage.RECOVERING})


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    by: str
    until: datetime
    note: str


@dataclass(frozen=True, slots=True)
class HealthState:
    """What is settled (`hard`, since `hard_since`), what is suspected (`seen`, `count` times), since when it fails."""

    stage: Stage = Stage.PENDING
    hard: Status | None = None
    reason: Reason | None = None
    detail: str = ""
    hard_since: datetime | None = None
    failing_since: datetime | None = None
    seen: Status | None = None
    seen_reason: Reason | None = None
    count: int = 0
    acknowledgement: Acknowledgement | None = None


def decide(state: HealthState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case RecordResult(result=Result(status=Status.OK)):
            return _passed(state, command)
        case RecordResult() if state.stage in BELIEVED:
            return _still_failing(state, command, now)
        case RecordResult():
            return _failed(state, command, now)
        case AcknowledgeAlert():
            return _acknowledge(state, command, now)
    raise Refused(f"check: {type(command).__name__} is not known")


def _passed(state: HealthState, command: RecordResult) -> Sequence[Event]:
    if state.stage not in BELIEVED:
        return [] if state.stage is Stage.OK else [CheckPassed()]
    count = state.count + 1 if state.stage is Stage.RECOVERING else 1
    seen = RecoverySeen(count=count)
    if count < command.recover_after or state.failing_since is None:
        return [seen]
    return [seen, CheckRecovered(since=state.failing_since)]


def _failed(state: HealthState, command: RecordResult, now: datetime) -> Sequence[Event]:
    found = command.result
    attempt = state.count + 1 if state.stage is Stage.SOFT else 1
    failed = AttemptFailed(attempt=attempt, status=found.status, reason=found.reason, detail=found.detail)
    return [failed, *_believe(state, command, attempt, now)]


def _still_failing(state: HealthState, command: RecordResult, now: datetime) -> Sequence[Event]:
    found = command.result
    if found.status is state.hard:
        return [] if state.stage is Stage.HARD else [HardStateHeld()]
    held = [HardStateHeld()] if state.stage is Stage.RECOVERING else []
    attempt = state.count + 1 if state.stage is Stage.SHIFTING else 1
    differed = AttemptDiffered(attempt=attempt, status=found.status, reason=found.reason, detail=found.detail)
    return [*held, differed, *_believe(state, command, attempt, now)]


def _believe(state: HealthState, command: RecordResult, attempt: int, now: datetime) -> Sequence[Event]:
    if attempt < command.max_attempts:
        return []
    found = command.result
    since = state.failing_since or now
    return [CheckWentHard(status=found.status, reason=found.reason, detail=found.detail, since=since)]


def _acknowledge(state: HealthState, command: AcknowledgeAlert, now: datetime) -> Sequence[Event]:
    if state.stage not in BELIEVED:
        raise Refused(f"nothing to acknowledge: the check is {state.stage}")
    if command.until <= now:
        raise Refused("an acknowledgement must end in the future")
    if command.until - now > LONGEST_ACKNOWLEDGEMENT:
        raise Refused(
            f"an acknowledgement ends within {LONGEST_ACKNOWLEDGEMENT.days} days: say again then that it is in hand"
        )
    return [AlertAcknowledged(until=command.until, note=command.note)]


def evolve(state: HealthState, fact: Fact) -> HealthState:
    stage = HEALTH.next(state.stage, type(fact.event))
    match fact.event:
        case CheckPassed() | CheckRecovered():
            since = state.hard_since if state.hard is Status.OK else fact.at
            return HealthState(stage, Status.OK, hard_since=since)
        case AttemptFailed() | AttemptDiffered() as e:
            since = state.failing_since or fact.at
            return replace(
                state, stage=stage, seen=e.status, seen_reason=e.reason, count=e.attempt, failing_since=since
            )
        case CheckWentHard() as e:
            return HealthState(stage, e.status, e.reason, e.detail, fact.at, e.since)
        case RecoverySeen(count=count):
            return replace(state, stage=stage, seen=Status.OK, seen_reason=None, count=count)
        case AlertAcknowledged() as e:
            return replace(state, acknowledgement=Acknowledgement(fact.actor, e.until, e.note))
    return replace(state, stage=stage, seen=None, seen_reason=None, count=0)


CHECK = Machine("check", HealthState(), decide, evolve)


def read(
    state: HealthState, check: Check, last: datetime | None, now: datetime
) -> tuple[Status, Reason | None]:
    """The status to show at `now`, given when the last result came: never greener than the facts allow."""
    if last is None:
        return Status.UNKNOWN, Reason.NO_DATA
    if abs(now - last) > check.fresh_for:  # one from the future says nothing of now: a clock was stepped
        return Status.UNKNOWN, Reason.STALE
    if state.stage is Stage.SOFT and state.seen is not None:
        return state.seen, state.seen_reason
    return (state.hard, state.reason) if state.hard is not None else (Status.UNKNOWN, Reason.NO_DATA)


def acknowledged(state: HealthState, now: datetime) -> Acknowledgement | None:
    """The acknowledgement that holds at `now`: an expired one holds no longer, whether or not anybody noticed."""
    ack = state.acknowledgement
    return ack if ack is not None and now < ack.until else None


def suppressed_by(check: Check, states: Mapping[str, HealthState]) -> tuple[str, ...]:
    """The parents believed CRITICAL. A slow or unknown parent suppresses nothing."""
    return tuple(p for p in check.parents if p in states and states[p].hard is Status.CRITICAL)


def awaits(
    check: Check, states: Mapping[str, HealthState], last: tuple[datetime, Status] | None, now: datetime
) -> tuple[str, ...]:
    """The parents that have recovered since this check began to fail, and it has not been seen failing since.

    What was down because of them is most likely up again: it alerts nobody until it has been asked, or goes stale.
    """
    began = states.get(check.id, HealthState()).failing_since
    if began is None or last is None:
        return ()
    at, status = last
    back = {p: states[p].hard_since for p in check.parents if p in states and states[p].hard is Status.OK}
    return tuple(
        parent
        for parent, since in back.items()
        if since is not None
        and began < since
        and now - since <= check.fresh_for
        and (at < since or status is Status.OK)
    )


def next_due(state: HealthState, check: Check, last: datetime | None, now: datetime) -> datetime:
    """When to ask again: at once when never asked or by a clock that was ahead, sooner while unsure."""
    if last is None or last > now + check.interval:
        return now
    return last + (check.retry_interval if state.stage in UNSETTLED else check.interval)


def check_stream(check_id: str) -> str:
    return f"check:{check_id}"
