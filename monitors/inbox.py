"""What programs told us: heartbeats and the alerts of others. Not facts of the journal: what follows from them is.

Both tables are made where missing; a report counts once it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Engine, Integer, String, Table, Text, func, select

from cutover.core.errors import NotFound
from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import make_missing, upsert
from monitors.domain.check import CLOCK_SKEW, Result
from monitors.domain.heartbeat import Pings, Said, judge_beat, read
from monitors.domain.kinds import HeartbeatCheck
from monitors.domain.outside import AlertsCheck, Kept, OutsideAlert, judge_alerts

LONGEST_NOTE = 500
JUST = timedelta(microseconds=1)

heartbeats_table = Table(
    "heartbeats",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("success_at", UtcTime),
    Column("started_at", UtcTime),
    Column("failed_at", UtcTime),
    Column("note", Text, nullable=False),
)

outside_table = Table(
    "outside_alerts",
    metadata,
    Column("fingerprint", String(200), primary_key=True),
    Column("firing", Integer, nullable=False),
    Column("labels", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("heard_at", UtcTime, nullable=False),
)
_COLUMNS = {Said.SUCCESS: "success_at", Said.STARTED: "started_at", Said.FAILED: "failed_at"}


class Inbox:
    """Takes reports and alerts, and evaluates the checks that live on them."""

    def __init__(
        self, engine: Engine, heartbeats: Iterable[HeartbeatCheck], go_live: datetime, zone: str
    ) -> None:
        self._engine = engine
        self.heartbeats = {check.id: check for check in heartbeats}
        self._go_live = go_live
        self._zone = zone
        make_missing(engine, heartbeats_table, outside_table)

    def beat(self, name: str, said: Said, at: datetime, note: str = "") -> None:
        """A report of scheduled work. Raises NotFound for a heartbeat that the programme does not declare."""
        if name not in self.heartbeats:
            raise NotFound("heartbeat", name, self.heartbeats)
        why = (
            {"note": note[:LONGEST_NOTE]} if said is Said.FAILED else {}
        )  # a start says nothing of why it failed
        values = {_COLUMNS[said]: at} | why | self._astray(name, said, at)
        keep = upsert(self._engine, heartbeats_table, lambda _: values)
        with writing(self._engine) as connection:
            connection.execute(keep, {"name": name, "note": ""} | values)

    def _astray(self, name: str, said: Said, at: datetime) -> dict[str, datetime]:
        """What was reported by a clock that was ahead is moved to just before the report that came after it."""
        known = self.pings(name)
        moments = {Said.SUCCESS: known.succeeded, Said.STARTED: known.started, Said.FAILED: known.failed}
        ahead = [one for one, when in moments.items() if one is not said and when and when > at + CLOCK_SKEW]
        return {_COLUMNS[one]: at - JUST for one in ahead}

    def pings(self, name: str) -> Pings:
        t = heartbeats_table
        with reading(self._engine) as connection:
            row = connection.execute(select(t).where(t.c.name == name)).one_or_none()
        return Pings(row.success_at, row.started_at, row.failed_at, row.note) if row else Pings()

    def hear(self, alerts: Sequence[OutsideAlert], at: datetime) -> None:
        """What an Alertmanager told us; each alert replaces what was said of it before."""
        rows = {row["fingerprint"]: row for row in (_row(alert, at) for alert in alerts)}
        if not rows:
            return
        names = ("firing", "labels", "summary", "heard_at")
        replace = upsert(self._engine, outside_table, lambda fresh: {name: fresh[name] for name in names})
        with writing(self._engine) as connection:
            connection.execute(replace, list(rows.values()))

    @property
    def kept(self) -> Mapping[type[Any], Callable[[Any, datetime], Result]]:
        """How the kinds of check that live on it are evaluated."""
        return {HeartbeatCheck: self.judge_heartbeat, AlertsCheck: self.judge_outside}

    def judge_heartbeat(self, check: HeartbeatCheck, at: datetime) -> Result:
        return judge_beat(read(check, self.pings(check.id), self._go_live, self._zone, at))

    def judge_outside(self, check: AlertsCheck, at: datetime) -> Result:
        t = outside_table
        with reading(self._engine) as connection:
            heard_at = connection.execute(select(func.max(t.c.heard_at))).scalar()
            rows = connection.execute(select(t).where(t.c.firing == 1)).all()
        kept = [Kept(bool(r.firing), r.heard_at, json.loads(r.labels), r.summary) for r in rows]
        return judge_alerts(check, kept, heard_at, at)


def _row(alert: OutsideAlert, at: datetime) -> dict[str, Any]:
    labels = json.dumps(alert.labels, sort_keys=True)
    summary = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    return {
        "fingerprint": alert.fingerprint or hashlib.sha256(labels.encode()).hexdigest(),
        "firing": int(alert.status == "firing"),
        "labels": labels,
        "summary": summary[:LONGEST_NOTE],
        "heard_at": at,
    }
