"""Who is told of an alarm: routes, repeats, escalation, and the hours in which only some things may wake anybody.

Quiet hours never hold back what is critical or touches safeguarding: a child at risk does not wait for the morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from cutover.domain.programme import Hours, Part, Span
from monitors.domain.check import Severity, one_target
from monitors.domain.kinds import SecretName

OWNER = "owner"  # stands for whoever owns the check
QUIET = "quiet hours"


class Escalation(Part):
    """Who else is told when an alarm has been in nobody's hands for so long."""

    after: Span
    to: tuple[str, ...] = Field(min_length=1)


class Route(Part):
    """Which alarms go to whom; the first route that fits counts. What is left empty fits everything."""

    severities: tuple[Severity, ...] = ()
    components: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    safeguarding: bool | None = None
    to: tuple[str, ...] = Field(default=(OWNER,), min_length=1, description="people, or `owner`")
    repeat: Span = Field(default=timedelta(hours=1), description="told again this often while it goes on")
    escalate: tuple[Escalation, ...] = ()

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if self.repeat < timedelta(minutes=1):
            raise ValueError("repeat is shorter than a minute: nobody reads that")
        spans = [step.after for step in self.escalate]
        if spans != sorted(set(spans)):
            raise ValueError("escalate: each step must come later than the one before it")
        return self

    def fits(self, alarm: Alarm) -> bool:
        return (
            (not self.severities or alarm.severity in self.severities)
            and (not self.components or alarm.component in self.components)
            and (not self.checks or alarm.id in self.checks)
            and (self.safeguarding is None or self.safeguarding == alarm.safeguarding)
        )


class ToAlertmanager(Part):
    """An Alertmanager that is told as well: firing alarms again and again, resolved ones for a while."""

    system: str = ""
    url: str = Field(default="", pattern=r"^(https?://.*)?$", description="instead of system")
    token: SecretName | None = None
    every: Span = Field(default=timedelta(seconds=30), description="how often it is told again")
    labels: dict[str, str] = Field(default_factory=dict, description="added to every alarm")

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        one_target(self.system, self.url)
        return self


class DeadMan(Part):
    """Somebody outside who raises the alarm when we no longer call: a URL asked while we are well."""

    url: SecretName = Field(description="name of the secret that holds the URL")
    every: Span = timedelta(minutes=1)


class Notify(Part):
    """Who is told, how often, and when not."""

    routes: tuple[Route, ...] = (Route(),)
    quiet_hours: tuple[Hours, ...] = Field(
        default=(),
        description="on the programme's wall clock; critical and safeguarding alarms are told even then",
    )
    alertmanager: ToAlertmanager | None = None
    dead_man: DeadMan | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What may have to be told: of which check or flow, how bad, in whose hands, and why nobody is told.

    `held` says what holds the notice back (an acknowledgement, a downtime, a failed parent), '' when nothing does.
    """

    id: str
    title: str
    component: str
    owner: str
    severity: Severity
    safeguarding: bool
    bad: bool
    label: str  # CRITICAL, WARNING, UNKNOWN, FLAPPING, or DUE and OVERDUE
    detail: str
    since: datetime | None
    held: str = ""
    business_owner: str = ""

    @property
    def owners(self) -> tuple[str, ...]:
        """Whoever owns it, in IT and in the business."""
        return tuple(filter(None, (self.owner, self.business_owner)))


def route_of(alarm: Alarm, notify: Notify) -> Route:
    """The first route that fits; whoever owns the check where none does: an alarm never goes nowhere."""
    return next((route for route in notify.routes if route.fits(alarm)), Route())


def held_by(alarm: Alarm, notify: Notify, now: datetime, zone: str) -> str:
    """What holds a notice back at `now`, '' when nothing does."""
    if alarm.held or may_wake(alarm):
        return alarm.held
    return QUIET if is_quiet(notify.quiet_hours, now, zone) else ""


def may_wake(alarm: Alarm) -> bool:
    return alarm.safeguarding or alarm.severity is Severity.CRITICAL


def is_quiet(hours: Sequence[Hours], now: datetime, zone: str) -> bool:
    """Whether the wall clock of `zone` stands in one of these hours."""
    wall = now.astimezone(ZoneInfo(zone))
    return any(within(one, wall) for one in hours)


def within(hours: Hours, wall: datetime) -> bool:
    """`closes` 00:00 is the midnight that ends the day; hours over midnight are two entries."""
    ends = hours.closes != time(0)
    return (
        wall.weekday() in hours.weekdays
        and hours.opens <= wall.time()
        and (not ends or wall.time() < hours.closes)
    )
