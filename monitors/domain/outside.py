"""What an Alertmanager elsewhere says (webhook v4): its alerts that fit a check's labels, and whether it still speaks.

An alert that is not there is no news: with a `watchdog`, an alert that always fires, silence is UNKNOWN(stale) and
not OK; a check to which nothing ever came is UNKNOWN(no_data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.duration import show_duration
from cutover.domain.programme import Span
from monitors.domain.check import Check, Reason, Result, critical, ok, unknown, warning

NAMED = 3


class AlertsCheck(Check):
    """Alerts of a Prometheus elsewhere, as its Alertmanager tells them to `POST /api/v1/alertmanager`."""

    kind: Literal["alerts"]
    match: dict[str, str] = Field(default_factory=dict, description="labels that an alert must have to count")
    warning_severities: tuple[str, ...] = Field(
        default=("warning", "info"), description="alerts of these severities are WARNING, all others CRITICAL"
    )
    watchdog: str = Field(
        default="", description="name of an alert that always fires while all is well there"
    )
    alive_within: Span = Field(
        default=timedelta(minutes=15), description="how long ago the watchdog may have been heard last"
    )

    @property
    def target(self) -> str:
        return "alerts"


class OutsideAlert(BaseModel):
    """One alert of a webhook; what we do not know in it is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    status: Literal["firing", "resolved"]
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    fingerprint: str = Field(default="", max_length=200)


class Webhook(BaseModel):
    """Alertmanager's webhook, version 4; newer ones may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    version: str = "4"
    alerts: tuple[OutsideAlert, ...] = Field(max_length=10_000)


@dataclass(frozen=True, slots=True)
class Kept:
    """One alert as it was told last, and when."""

    firing: bool
    heard_at: datetime
    labels: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "an alert without a name")


def judge_alerts(
    check: AlertsCheck, kept: Sequence[Kept], heard_at: datetime | None, now: datetime
) -> Result:
    """`heard_at`: when anything last came at all."""
    if heard_at is None:
        return unknown(Reason.NO_DATA, "nobody has told us of any alert yet")
    firing = [one for one in kept if one.firing and one.name != check.watchdog and _fits(check, one)]
    if not firing and check.watchdog:
        return _alive(check, kept, now)
    if not firing:
        return ok("none fires")
    mild = all(one.labels.get("severity", "") in check.warning_severities for one in firing)
    said = ", ".join(f"{one.name}: {one.summary}" if one.summary else one.name for one in firing[:NAMED])
    more = f" and {len(firing) - NAMED} more" if len(firing) > NAMED else ""
    return (warning if mild else critical)(f"{said}{more}")


def _alive(check: AlertsCheck, kept: Sequence[Kept], now: datetime) -> Result:
    last = max((one.heard_at for one in kept if one.firing and one.name == check.watchdog), default=None)
    if last is None:
        return unknown(Reason.NO_DATA, f"'{check.watchdog}' was never heard")
    if abs(now - last) > check.alive_within:  # one from the future says nothing of now: a clock was set back
        return unknown(
            Reason.STALE,
            f"'{check.watchdog}' was last heard {last:%a %d %b %H:%M}Z, {show_duration(now - last)} ago",
        )
    return ok("none fires")


def _fits(check: AlertsCheck, one: Kept) -> bool:
    return all(one.labels.get(name) == value for name, value in check.match.items())
