"""What an Alertmanager is told: every alarm that fires again and again, and for a while that it is over.

It forgets what it is not told again, so silence of ours would look like a recovery: `endsAt` lies a few rounds ahead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row

from cutover.core.errors import Unavailable
from cutover.store.engine import reading
from monitors.alert_states import alerts_since
from monitors.domain.alert import AlertStage
from monitors.domain.check import NoAnswer, Request
from monitors.domain.telling import ToAlertmanager
from monitors.http_wire import Manner
from monitors.probes import ask
from monitors.session import Session

ROUNDS = 4  # that may fail to come before Alertmanager takes an alarm for over
RESOLVED_FOR = timedelta(minutes=15)  # it is told that an alarm is over; 5 minutes are asked for
DEADLINE = 10.0
AT_ONCE = 500  # alarms in one request


def alerts_of(rows: list[Row[Any]], at: ToAlertmanager, base_url: str, now: datetime) -> list[dict[str, Any]]:
    """The alarms as `/api/v2/alerts` wants them."""
    return [_alert(row, at, base_url, now) for row in rows if row.said]


def _alert(row: Row[Any], at: ToAlertmanager, base_url: str, now: datetime) -> dict[str, Any]:
    said = json.loads(row.said)
    over = row.stage == AlertStage.QUIET
    labels = {
        **at.labels,
        "alertname": "CutoverMonitor",
        "monitor": row.alarm_id,
        "component": said["component"],
        "severity": said["severity"],
        "safeguarding": "yes" if said["safeguarding"] else "no",
    }
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {"summary": said["title"], "description": said["detail"]},
        "startsAt": row.said_since.isoformat(),
        "endsAt": (row.ended_at if over else now + ROUNDS * at.every).isoformat(),
        "generatorURL": f"{base_url.rstrip('/')}/health#{row.alarm_id}",
    }


class Pusher:
    """Tells one Alertmanager, round after round."""

    def __init__(
        self, engine: Engine, at: ToAlertmanager, systems: Callable[[], Mapping[str, str]], base_url: str
    ) -> None:
        self._engine = engine
        self._at = at
        self._systems = systems
        self._base_url = base_url

    async def push(self, session: Session, now: datetime) -> int:
        """One round; how many alarms were told. Raises Unavailable when it does not take them."""
        base = self._at.url or self._systems().get(self._at.system, "")
        if not base:
            raise Unavailable(f"system '{self._at.system}' has no address")
        headers = {"Authorization": f"Bearer {session.secrets(self._at.token)}"} if self._at.token else {}
        with reading(self._engine) as connection:
            rows = alerts_since(connection, now - RESOLVED_FOR)
        alerts = alerts_of(rows, self._at, self._base_url, now)
        for first in range(0, len(alerts), AT_ONCE):
            request = Request("POST", "/api/v2/alerts", body=alerts[first : first + AT_ONCE])
            answer = await ask(session, base, request, DEADLINE, Manner(headers))
            if isinstance(answer, NoAnswer):
                raise Unavailable(f"Alertmanager: {answer.why}")
            if answer.status not in (200, 202):
                raise Unavailable(f"Alertmanager answered {answer.status}: {answer.body[:200]!r}")
        return len(alerts)
