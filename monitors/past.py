"""How the checks and the ledger stood at a past moment, from the journal.

Single results are not kept: a check says what its last change before the moment said. That it had fallen silent is
seen in the hours: one without a result leaves the check unknown, as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cutover.store.desk import Desk
from monitors.domain.check import WORST_FIRST, Reason, Result, Status
from monitors.domain.declared import AnyCheck
from monitors.domain.health import CHECK, HealthState, Stage, check_stream
from monitors.domain.ledger import CASE_FILE, Summary, file_stream, summarise
from monitors.samples import Hour, Last
from monitors.service import MonitorService
from monitors.view import CheckView, view

HOUR = timedelta(hours=1)


def views_at(monitors: MonitorService, then: Desk, at: datetime) -> list[CheckView]:
    """How every check stood, worst first; `then` is the desk on the journal as it was at that moment."""
    checks = monitors.checks
    states = {name: then.state(CHECK, check_stream(name)) for name in checks}
    views = [
        view(check, states, _last(check, states[check.id], then, monitors.hours(check.id), at), at)
        for check in checks.values()
    ]
    return sorted(views, key=lambda v: (not v.alerting, WORST_FIRST.index(v.status), v.check_id))


def ledger_at(then: Desk, at: datetime) -> Summary:
    """The sum of the case files as it was."""
    prefix = file_stream("")
    files = [then.state(CASE_FILE, name) for name in then.journal.streams(prefix)]
    return summarise(files, at)


def _last(
    check: AnyCheck, state: HealthState, then: Desk, hours: Iterable[Hour], at: datetime
) -> Last | None:
    facts = then.journal.read(check_stream(check.id))
    if not facts:  # the first result of a check is always a fact: what its hour counts came later
        return None
    heard = [min(at, hour.hour + HOUR) for hour in hours if hour.hour <= at and hour.samples]
    moments = [*heard, facts[-1].at]
    is_soft = state.stage is Stage.SOFT and state.seen is not None
    status = (state.seen if is_soft else state.hard) or Status.UNKNOWN
    reason = (state.seen_reason if is_soft else state.reason) or Reason.NO_DATA
    result = Result(status=status, reason=reason if status is Status.UNKNOWN else None, detail=_said(facts))
    return Last(result, max(moments), None)


def _said(facts: Sequence[object]) -> str:
    said = (getattr(getattr(fact, "event", None), "detail", "") for fact in reversed(facts))
    return next((detail for detail in said if detail), "")
