"""Ask a source for its daily counts: a database, a file of the programme, Prometheus. What is not asked is told to us.

Secrets are named, looked up when needed and appear in no message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from cutover.core.errors import CutoverError, Invalid, NotFound, Problem, Unavailable
from cutover.core.reach import HOUSE, Reach
from cutover.web import outbound
from monitors.domain.counts import MOST_DAYS, Told, filled, told
from monitors.domain.flow import CsvCounts, Flow, PrometheusCounts, SqlCounts
from monitors.domain.reading import look_up, read_json
from monitors.rows import csv_rows, sql_rows

LARGEST_ANSWER = 8_388_608  # bytes; 450 days an hour apart are half a million
LONGEST = timedelta(days=450)  # an hour's step of a range query must stay under Prometheus' 11,000 points


@dataclass(frozen=True)
class CountSources:
    """Reads the counts of a programme's flows. `today` and `now` are the reader's."""

    folder: Path
    zone: str
    secret: Callable[[str], str]
    systems: Callable[[], Mapping[str, str]]
    reach: Reach = HOUSE

    def read(self, flow: Flow, since: date, until: date, now: datetime) -> Told | None:
        """The counts from `since` to `until`, both included; None for a flow that nobody asks.

        Raises Invalid for a day or a number that cannot be, Unavailable when the source does not answer.
        """
        source = flow.counts
        today = now.astimezone(ZoneInfo(self.zone)).date()
        if isinstance(source, SqlCounts):
            asked = {"since": since, "until": until}
            rows = sql_rows(self.secret(source.database), source.database, source.query, asked, MOST_DAYS)
        elif isinstance(source, CsvCounts):
            rows = csv_rows(self.folder, source.path, (source.day, source.count), (source.last,))
        elif isinstance(source, PrometheusCounts):
            rows = self._prometheus(source, since, until)
        else:
            return None
        found = told(rows, f"flow {flow.id}", today, now)
        inside = Told({d: c for d, c in found.counts.items() if since <= d <= until}, found.last_event)
        return filled(inside, since, min(until, today)) if source.missing == "zero" else inside

    def _prometheus(self, source: PrometheusCounts, since: date, until: date) -> list[tuple[Any, ...]]:
        base = source.url or self.systems().get(source.system, "")
        if not base:
            raise NotFound("system", source.system, self.systems())
        first = self._midnight(since + timedelta(days=1))
        wanted = {self._midnight(since + timedelta(days=n + 1)): since + timedelta(days=n)
                  for n in range((until - since).days + 1)}  # fmt: skip
        if until - since > LONGEST:
            raise Invalid(Problem(f"more than {LONGEST.days} days at once", field=source.query))
        query = {"query": source.query, "start": first, "end": max(wanted, default=first), "step": 3600}
        series = self._answer(base, query, source.timeout)
        if len(series) > 1:
            raise Invalid(
                Problem(f"{len(series)} series", field=source.query, expected="a query that gives one")
            )
        values = look_up(series, "0.values") or []
        try:
            return [(wanted[int(at)], value) for at, value in values if int(at) in wanted]
        except (ValueError, TypeError, OverflowError):
            raise Unavailable("what answers is no Prometheus: its series has no values at moments") from None

    def _answer(self, base: str, query: Mapping[str, Any], timeout: float) -> list[Any]:
        try:
            body = read_json(self._read(f"{base.rstrip('/')}/api/v1/query_range", query, timeout))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, outbound.Forbidden) as error:
            raise Unavailable(f"Prometheus does not answer: {error or type(error).__name__}") from None
        found = look_up(body, "data.result")
        if look_up(body, "status") == "success" and isinstance(found, list):
            return found
        if said := look_up(body, "error"):
            raise Unavailable(f"Prometheus says: {str(said)[:200]}")
        raise Unavailable("what answers is no Prometheus")

    def _read(self, url: str, query: Mapping[str, Any], timeout: float) -> bytes:
        """The body of an answer. Raises httpx.HTTPError, and ValueError for one that nobody would send for counts."""
        body = bytearray()
        with (
            outbound.client(self.reach, timeout=timeout) as client,
            client.stream("GET", url, params=dict(query)) as answer,
        ):
            for piece in answer.iter_bytes(65_536):
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise ValueError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        return bytes(body)

    def _midnight(self, day: date) -> int:
        """The beginning of a day of the programme's zone, in seconds of the epoch."""
        return int(datetime.combine(day, wall_time(), ZoneInfo(self.zone)).astimezone(UTC).timestamp())


def why(error: CutoverError) -> str:
    """What was wrong with a reading, on one line."""
    return "; ".join(str(error).splitlines())
