"""The board as it was: which past moment is meant, what is said above it, and the moments before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, func, or_, select

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Problem
from cutover.core.event import Recorded
from cutover.store.as_of import past_moment
from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import utc_text
from cutover.web.words import moment as worded
from runbooks.domain.execution import run_stream
from runbooks.service import RunService

STEPS = (("an hour earlier", -timedelta(hours=1)), ("an hour later", timedelta(hours=1)))


@dataclass(frozen=True, slots=True)
class Past:
    """A moment to look back to: the service, desk and clock that stand at it, and the live ones beside them."""

    moment: datetime
    service: RunService
    desk: Desk
    clock: FixedClock
    live: RunService


@dataclass(frozen=True, slots=True)
class Replay:
    """The banner over a page that shows the past. `late` are facts that had happened by then and were learnt later.

    `steps` are links to other moments: words, address; an address of '' is a step that leads nowhere.
    """

    run_id: str
    at: str
    typed: str
    late: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    live: str


def past(service: RunService, text: str, run_id: str = "") -> Past:
    """Look back to the moment that `text` names in the programme's zone.

    Raises Invalid for a moment that is none, that happens twice, that is still to come, or before the run began.
    """
    now = service.desk.clock.now()
    at = past_moment(text, service.programme.zone, now) or now
    then = service.as_of(at)
    _check_begun(service, then, at, run_id)
    return Past(at, then, then.desk, FixedClock(at), service)


def _check_begun(service: RunService, then: RunService, at: datetime, run_id: str) -> None:
    ids = service.run_ids()
    if run_id and run_id not in ids:
        raise NotFound("run", run_id, ids)
    meant = run_id or next(iter(ids), "")
    if not meant or (then.run_ids() and not run_id) or run_id in then.run_ids():
        return
    zone, began = service.programme.zone, service.desk.journal.read(run_stream(meant))[0].at
    expected = f"a moment from {worded(began, zone)} on"
    raise Invalid(Problem(f"{meant} had not begun at {worded(at, zone)}", field="at", expected=expected))


def banner(seen: Past, run_id: str, path: str, kept: dict[str, str]) -> Replay:
    """What stands above the page; `kept` is the rest of its query, which every step keeps."""
    zone, journal = seen.live.programme.zone, seen.live.desk.journal
    now = seen.live.desk.clock.now()
    before, after = neighbours(journal, run_id, seen.moment)
    began = journal.read(run_stream(run_id))[0].at

    def leads(to: datetime | None) -> str:
        return f"{path}?{urlencode({**kept, 'run': run_id, 'at': utc_text(to)})}" if to else ""

    hours = [(words, leads(to if began <= (to := seen.moment + by) <= now else None)) for words, by in STEPS]
    return Replay(
        run_id=run_id,
        at=worded(seen.moment, zone),
        typed=utc_text(seen.moment),
        late=tuple(_late_words(fact, zone) for fact in learnt_late(journal, run_id, seen.moment)),
        steps=(
            ("the beginning", leads(began)),
            hours[0],
            ("the fact before", leads(before)),
            ("the next fact", leads(after if after and after <= now else None)),
            hours[1],
        ),
        live=f"{path}?{urlencode({**kept, 'run': run_id})}",
    )


def neighbours(journal: Journal, run_id: str, at: datetime) -> tuple[datetime | None, datetime | None]:
    """When the facts of a run and its gates before and after a moment happened."""
    text = utc_text(at)
    asked: tuple[Select[Any], ...] = (
        select(func.max(j.c.at)).where(_of_run(run_id), j.c.at < text),
        select(func.min(j.c.at)).where(_of_run(run_id), j.c.at > text),
    )
    with reading(journal.engine) as connection:
        found = [connection.execute(query).scalar_one_or_none() for query in asked]
    before, after = (datetime.fromisoformat(one) if one else None for one in found)
    return before, after


def learnt_late(journal: Journal, run_id: str, at: datetime) -> Sequence[Recorded]:
    """Facts of a run and its gates that had happened at a moment and were recorded only after it."""
    text = utc_text(at)
    query = select(j.c.position).where(_of_run(run_id), j.c.at <= text, j.c.recorded_at > text)
    with reading(journal.engine) as connection:
        places = list(connection.execute(query.order_by(j.c.position)).scalars())
    return [fact for place in places for fact in journal.tail(place - 1, 1)]


def _late_words(fact: Recorded, zone: str) -> str:
    what = f"{fact.event.kind()} {getattr(fact.event, 'task', '')}".rstrip()
    return f"{what}, happened {worded(fact.at, zone)}, learnt {worded(fact.recorded_at, zone)}"


def _of_run(run_id: str) -> ColumnElement[bool]:
    return or_(j.c.stream == run_stream(run_id), j.c.stream.startswith(f"gate:{run_id}:", autoescape=True))
