"""What has been told of an alarm, and what must be told next: whoever heard that it fires hears that it is over.

Theory: an alarm is QUIET, FIRING (told, and somebody has to act) or HELD (told, and now an acknowledgement, a
downtime, a failed parent or quiet hours hold further notices back). Being held stops notices, never the evaluation.
When what holds it ends while the trouble goes on, it is told again at once. Whatever was told is told to be over, to
everybody who was told, also while it is held. Each notice commits with the fact that causes it, so a process that is
killed tells nothing twice and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.domain.programme import Part
from monitors.domain.check import Severity

RANK = {"OK": 0, "WARNING": 1, "DUE": 1, "UNKNOWN": 2, "FLAPPING": 2, "CRITICAL": 3, "OVERDUE": 3}
_UNRANKED = 3  # a word of an older journal


class AlertStage(StrEnum):
    QUIET = "quiet"
    FIRING = "firing"
    HELD = "held"


class Recipient(Part):
    """Somebody to tell, and the channel that reaches them."""

    person: str
    channel: str = "file"


class Step(Part):
    """Who else is told once an alarm has been in nobody's hands for so long."""

    after: timedelta
    to: tuple[Recipient, ...]


class AlertTold(Event):
    """What every notice says: of what, how bad, since when, to whom."""

    title: str
    component: str = ""
    severity: Severity
    safeguarding: bool = False
    label: str
    detail: str = ""
    since: datetime | None = None
    to: tuple[Recipient, ...] = ()


class AlertFired(AlertTold):
    """An alarm was told for the first time, or again because what held it has ended."""


class AlertWorsened(AlertTold):
    """An alarm that was told already is worse, or of another kind, than was said."""


class AlertRepeated(AlertTold):
    """It goes on: told again. `number` counts these."""

    number: int = Field(ge=1)


class AlertEscalated(AlertTold):
    """It has been in nobody's hands for long: others are told. `level` counts the steps."""

    level: int = Field(ge=1)


class AlertHeld(Event):
    """No further notices for now, and why."""

    why: str


class AlertResolved(AlertTold):
    """It is over: told to everybody who heard of it."""


EVENTS = (AlertFired, AlertWorsened, AlertRepeated, AlertEscalated, AlertHeld, AlertResolved)


class JudgeAlert(Command):
    """How it stands now, and by which rule it is told. `held` says what holds notices back, '' when nothing does."""

    bad: bool
    held: str = ""
    title: str
    component: str = ""
    severity: Severity
    safeguarding: bool = False
    label: str
    detail: str = ""
    since: datetime | None = None
    to: tuple[Recipient, ...]
    repeat: timedelta
    steps: tuple[Step, ...] = ()


ALERTS = Table(
    name="alert",
    theory="told as firing, then told as resolved, whatever holds notices back in between",
    stages=AlertStage,
    start=AlertStage.QUIET,
    terminal=frozenset(),
    moves={
        (AlertStage.QUIET, AlertFired): AlertStage.FIRING,
        (AlertStage.FIRING, AlertWorsened): AlertStage.FIRING,
        (AlertStage.FIRING, AlertRepeated): AlertStage.FIRING,
        (AlertStage.FIRING, AlertEscalated): AlertStage.FIRING,
        (AlertStage.FIRING, AlertHeld): AlertStage.HELD,
        (AlertStage.FIRING, AlertResolved): AlertStage.QUIET,
        (AlertStage.HELD, AlertFired): AlertStage.FIRING,
        (AlertStage.HELD, AlertResolved): AlertStage.QUIET,
    },
)


@dataclass(frozen=True, slots=True)
class AlertState:
    """What was told last: `told` to whom, `label` what, `told_at` when; `fired_at` when this firing began."""

    stage: AlertStage = AlertStage.QUIET
    label: str = ""
    fired_at: datetime | None = None
    told_at: datetime | None = None
    ended_at: datetime | None = None
    repeats: int = 0
    level: int = 0
    told: tuple[Recipient, ...] = ()
    why: str = ""


def decide(state: AlertState, command: Command, now: datetime) -> Sequence[Event]:
    if not isinstance(command, JudgeAlert):
        raise Refused(f"alert: {type(command).__name__} is not known")
    if state.stage is AlertStage.QUIET:
        return [_say(AlertFired, command, command.to)] if command.bad and not command.held else []
    if not command.bad:
        return [_say(AlertResolved, command, state.told)]
    if state.stage is AlertStage.HELD:
        return [] if command.held else [_say(AlertFired, command, _all(state.told, command.to))]
    if command.held:
        return [AlertHeld(why=command.held)]
    return _go_on(state, command, now)


def _go_on(state: AlertState, command: JudgeAlert, now: datetime) -> Sequence[Event]:
    """It fires and was told: worse now, in nobody's hands for too long, or due to be told again."""
    if is_worse(state.label, command.label):
        return [_say(AlertWorsened, command, _all(state.told, command.to))]
    steps = command.steps[state.level :]
    if steps and state.fired_at is not None and now - state.fired_at >= steps[0].after:
        return [_say(AlertEscalated, command, steps[0].to, level=state.level + 1)]
    if state.told_at is not None and now - state.told_at >= command.repeat:
        return [_say(AlertRepeated, command, _all(state.told, command.to), number=state.repeats + 1)]
    return []


def is_worse(told: str, now: str) -> bool:
    """Worse than what was told; whatever follows flapping is news as well."""
    if told == now:
        return False
    return told == "FLAPPING" or RANK.get(now, _UNRANKED) > RANK.get(told, _UNRANKED)


def evolve(state: AlertState, fact: Fact) -> AlertState:
    stage = ALERTS.next(state.stage, type(fact.event))
    match fact.event:
        case AlertFired() as e:
            return AlertState(stage, e.label, fact.at, fact.at, told=e.to)
        case AlertResolved():
            return AlertState(stage, ended_at=fact.at)
        case AlertHeld(why=why):
            return replace(state, stage=stage, why=why)
        case AlertWorsened() as e:
            state = replace(state, label=e.label)
        case AlertRepeated() as e:
            state = replace(state, repeats=e.number)
        case AlertEscalated() as e:
            state = replace(state, level=e.level)
    to = getattr(fact.event, "to", ())
    return replace(state, stage=stage, told_at=fact.at, told=_all(state.told, to))


ALERT = Machine("alert", AlertState(), decide, evolve)


def alert_stream(alarm_id: str) -> str:
    return f"alert:{alarm_id}"


def _say(kind: type[AlertTold], command: JudgeAlert, to: tuple[Recipient, ...], **more: int) -> AlertTold:
    return kind(
        title=command.title,
        component=command.component,
        severity=command.severity,
        safeguarding=command.safeguarding,
        label=command.label,
        detail=command.detail,
        since=command.since,
        to=to,
        **more,
    )


def _all(some: tuple[Recipient, ...], others: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Everybody, once, in the order they were told."""
    return tuple(dict.fromkeys((*some, *others)))
