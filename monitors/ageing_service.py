"""The door to ageing and balance: read the lists, judge them, remember the last look, suspect what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Row, String, Table, Text, func, select

from cutover.core.errors import CutoverError, Invalid, NotFound, Unavailable
from cutover.core.event import Recorded
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import make_missing, upsert
from monitors.domain.ageing import (
    MOST_ITEMS,
    ROUND_THE_CLOCK,
    AgeingCheck,
    Ages,
    Items,
    Lists,
    SqlItems,
    ages,
    items,
    judge_ages,
)
from monitors.domain.check import Check, Reason, Result, unknown
from monitors.domain.flow import Hypercare
from monitors.domain.service_time import ServiceHours
from monitors.domain.suspicion import (
    SUSPICION,
    Origin,
    ReportBreak,
    SettleSuspicion,
    Stage,
    SuspicionState,
    suspicion_stream,
)
from monitors.holidays import bank_holidays
from monitors.left_behind import LeftBehind, ages_left
from monitors.rows import Rows, csv_rows, sql_rows

WATCH = "ageing-watch"
YEARS = 3  # before and after, whose holidays are counted; what is older is over its standard anyhow
looks_table = Table(  # the last look of every hour
    "ageing_hours",
    metadata,
    Column("check_id", String(80), primary_key=True),
    Column("hour", UtcTime, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("ages", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AgeingView:
    """The last look of one check, None before the first, and what is suspected because of it."""

    check: AgeingCheck
    at: datetime | None
    ages: Ages | None
    suspicion: SuspicionState

    def is_stale(self, now: datetime) -> bool:
        """Whether nothing is known of now: never looked at, not for long, or by a clock that was ahead."""
        return self.at is None or abs(now - self.at) > self.check.fresh_for


class AgeingService:
    """Looks at items from where they begin. The looks are no view of the journal; a suspicion is a fact."""

    def __init__(
        self,
        desk: Desk,
        checks: Iterable[Check],
        programme: Programme,
        folder: Path,
        secret: Callable[[str], str],
        *,
        watch: Hypercare | None = None,
    ) -> None:
        """`watch` says on which days nobody works besides those that a calendar leaves out."""
        self.checks: Mapping[str, AgeingCheck] = {c.id: c for c in checks if isinstance(c, AgeingCheck)}
        self._desk = desk
        self._engine = desk.journal.engine
        self._programme = programme
        self._folder = folder
        self._secret = secret
        self._watch = watch or Hypercare()
        self._hours: dict[str, ServiceHours] = {}
        self._left = LeftBehind(desk, suspicion_stream(""), self.checks)
        make_missing(self._engine, looks_table)

    def look(self, check: AgeingCheck, now: datetime) -> Result:
        """Read the lists and judge them; what cannot be read is UNKNOWN and never a good sign."""
        try:
            found = ages(check, self._lists(check, now), now, self.hours(check, now))
        except Unavailable as error:
            return unknown(Reason.ERROR, str(error))
        except CutoverError as error:
            return unknown(Reason.ERROR, "; ".join(str(error).splitlines()))
        self.record(check.id, found, now)
        return judge_ages(check, found, now)

    def record(self, check_id: str, found: Ages, at: datetime) -> list[Recorded]:
        """Remember a look; a balance that breaks opens a suspected backlog, or adds to it."""
        self._keep(check_id, found, at)
        if not found.unaccounted:
            return []
        command = ReportBreak(
            by=WATCH,
            missing=found.unaccounted,
            created=found.created,
            done=found.done,
            open=found.open or 0,
            named=tuple(one.id for one in found.lost),
        )
        stream = suspicion_stream(check_id)
        if not SUSPICION.decide(self._desk.state(SUSPICION, stream), command, at):
            return []
        return self._desk.ask(SUSPICION, stream, command, at=at)

    def now(self) -> datetime:
        return self._desk.clock.now()

    def settle(self, check_id: str, by: str, origin: Origin, note: str) -> list[Recorded]:
        """Say, by name, what a suspected backlog was. Raises Refused when none is suspected."""
        if self._programme.people:
            self._programme.somebody(by)
        command = SettleSuspicion(by=by, origin=origin, note=note)
        return self._desk.ask(SUSPICION, suspicion_stream(self._check(check_id).id), command)

    def all(self, now: datetime | None = None, desk: Desk | None = None) -> list[AgeingView]:
        """The last look of every check until `now`: suspected backlogs first, then by the age of the oldest item.

        Of a past moment `desk` knows what was suspected then, and the last look of each hour is kept.
        """
        at, then = now or self.now(), desk or self._desk
        looks = self._looks(at)
        views = []
        for check in (*self.checks.values(), *ages_left(then, self._left.names).values()):
            row = looks.get(check.id)
            found = Ages.model_validate_json(row.ages) if row else None
            suspicion = then.state(SUSPICION, suspicion_stream(check.id))
            views.append(AgeingView(check, row.at if row else None, found, suspicion))
        return sorted(views, key=_by_age)

    def hours(self, check: AgeingCheck, now: datetime) -> ServiceHours:
        """The hours that count for a check, laid on the holidays of the years around `now`."""
        if not check.in_working_time:
            return ROUND_THE_CLOCK
        key = f"{check.calendar} {now.year}"
        if key not in self._hours:
            declared = self._programme.calendars.get(check.calendar, ())
            if check.calendar and not declared:
                raise Invalid(f"{check.id}: no hours are declared for the calendar '{check.calendar}'")
            self._hours[key] = ServiceHours(self._programme.zone, declared, self._closed(now.year))
        return self._hours[key]

    def _closed(self, year: int) -> frozenset[date]:
        free = bank_holidays(self._watch.holidays, range(year - YEARS, year + YEARS + 1))
        return frozenset(free | set(self._watch.closed_days))

    def _looks(self, until: datetime) -> dict[str, Row[Any]]:
        """The newest look of every check; one from the future says nothing: a clock was stepped."""
        t = looks_table
        newest = (
            select(t.c.check_id, func.max(t.c.at).label("at"))
            .where(t.c.at <= until)
            .group_by(t.c.check_id)
            .subquery()
        )
        query = select(t).join(newest, (t.c.check_id == newest.c.check_id) & (t.c.at == newest.c.at))
        with reading(self._engine) as connection:
            return {row.check_id: row for row in connection.execute(query)}

    def _lists(self, check: AgeingCheck, now: datetime) -> Lists:
        """The register is read last: what was created meanwhile is in no list and not missed."""
        queue = None if check.queue is None else frozenset(self._ids(check.queue, f"{check.id}.queue"))
        done = items(self._rows(check.done), f"{check.id}.done", self._programme.zone, now)
        upstream = items(self._rows(check.upstream), f"{check.id}.upstream", self._programme.zone, now)
        return Lists(upstream, done, queue)

    def _ids(self, source: Items, where: str) -> list[str]:
        found = [str(row[0]).strip() for row in self._rows(source, with_moment=False) if row[0] is not None]
        if len(found) > MOST_ITEMS:
            raise Invalid(f"{where}: more than {MOST_ITEMS} items")
        return found

    def _rows(self, source: Items, *, with_moment: bool = True) -> Rows:
        if isinstance(source, SqlItems):
            return sql_rows(self._secret(source.database), source.database, source.query, {}, MOST_ITEMS)
        columns = (source.id, source.at) if with_moment else (source.id,)
        return csv_rows(self._folder, source.path, columns)

    def _keep(self, check_id: str, found: Ages, at: datetime) -> None:
        keep = upsert(self._engine, looks_table, lambda fresh: {"at": fresh.at, "ages": fresh.ages})
        hour = at.replace(minute=0, second=0, microsecond=0)
        row = {"check_id": check_id, "hour": hour, "at": at, "ages": found.model_dump_json()}
        with writing(self._engine, durable=False) as connection:
            connection.execute(keep, row)

    def _check(self, check_id: str) -> AgeingCheck:
        check = self.checks.get(check_id) or ages_left(self._desk, self._left.names).get(check_id)
        if check is None:
            raise NotFound("ageing check", check_id, self.checks)
        return check


def _by_age(view: AgeingView) -> tuple[bool, float, str]:
    oldest = view.ages.oldest[0].since.timestamp() if view.ages and view.ages.oldest else float("inf")
    return view.suspicion.stage is not Stage.SUSPECTED, oldest, view.check.id
