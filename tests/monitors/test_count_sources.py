"""Counts are read where they are kept: a database, a file, Prometheus; a source that is away is said, never a nought."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from sqlalchemy import Engine, create_engine, text

from cutover.core.errors import Invalid, Unavailable
from monitors.count_sources import CountSources
from monitors.domain.flow import Flow
from tests.monitors.domain.flows import flow

SINCE, UNTIL = date(2026, 10, 22), date(2026, 10, 26)
NOW = datetime(2026, 10, 27, 9, tzinfo=UTC)


def sources(folder: Path = Path(), url: str = "", systems: dict[str, str] | None = None) -> CountSources:
    return CountSources(folder, "Europe/London", lambda _: url, lambda: systems or {})


def counted(of: Flow, reader: CountSources) -> dict[date, int]:
    found = reader.read(of, SINCE, UNTIL, NOW)
    assert found is not None
    return dict(found.counts)


def test_a_query_is_asked_for_the_days_that_are_wanted(any_engine: Engine) -> None:
    """On SQLite and on a real PostgreSQL; a day without a row is unknown, or nought where the flow says so."""
    url = any_engine.url.render_as_string(hide_password=False)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE referrals (day DATE)"))
        for day in ("2026-10-20", "2026-10-22", "2026-10-22", "2026-10-25"):
            connection.execute(text(f"INSERT INTO referrals VALUES ('{day}')"))
    engine.dispose()
    query = "SELECT day, count(*) FROM referrals WHERE day BETWEEN :since AND :until GROUP BY day"
    source = {"kind": "sql", "database": "records", "query": query}
    assert counted(flow(counts=source), sources(url=url)) == {date(2026, 10, 22): 2, date(2026, 10, 25): 1}
    record = flow(counts=source | {"missing": "zero"})
    assert list(counted(record, sources(url=url)).values()) == [2, 0, 0, 1, 0]


def test_a_database_that_is_away_is_not_a_day_without_events() -> None:
    source = {"kind": "sql", "database": "records", "query": "SELECT 1, 1", "missing": "zero"}
    with pytest.raises(Unavailable, match="the database 'records' does not answer"):
        counted(flow(counts=source), sources(url="sqlite:////no/such/place.db"))


def test_a_file_of_the_programme_is_read_by_its_column_names(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "date,n,last\n2026-10-24,3,\n2026-10-25,4,2026-10-25T17:00Z\n2025-01-01,9,\n"
    )
    of = flow(counts={"kind": "csv", "path": "c.csv", "day": "date", "count": "n", "last": "last"})
    found = sources(tmp_path).read(of, SINCE, UNTIL, NOW)
    assert found is not None
    assert dict(found.counts) == {date(2026, 10, 24): 3, date(2026, 10, 25): 4}
    assert found.last_event == datetime(2026, 10, 25, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "error", "why"),
    [
        (None, Unavailable, "there is no file 'c.csv'"),
        ("day;count\n", Invalid, "no column day, count; expected one of day;count"),
        ("day,count\n2026-10-24,NaN\n", Invalid, "row 1: NaN is no whole number"),
        ("day,count\n2026-10-25,1\n2026-10-25,1\n", Invalid, "row 2: 2026-10-25 is there twice"),
        ("day,count\n2026-10-28,1\n", Invalid, "row 1: 2026-10-28 is still to come"),
        ("day,count\n2026-10-24\n", Invalid, "row 1: None is no count"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, content: str | None, error: type[Exception], why: str
) -> None:
    if content is not None:
        (tmp_path / "c.csv").write_text(content)
    with pytest.raises(error) as caught:
        counted(flow(counts={"kind": "csv", "path": "c.csv"}), sources(tmp_path))
    assert why in str(caught.value)


def test_what_is_told_to_us_is_not_asked_for() -> None:
    assert sources().read(flow(), SINCE, UNTIL, NOW) is None


@pytest.fixture
def prometheus() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Answers a range query with 7 at each hour, as Prometheus does."""
    asked: list[dict[str, list[str]]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlparse(self.path).query)
            asked.append(query)
            begins, ends = int(query["start"][0]), int(query["end"][0])
            values = [[at, "7"] for at in range(begins, ends + 1, 3600)]
            body = {"status": "success", "data": {"result": [{"values": values}]}}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.real
def test_a_range_query_gives_each_day_its_count_at_the_midnight_that_ends_it(
    prometheus: tuple[str, list[dict[str, list[str]]]],
) -> None:
    """Also of the day with 25 hours: midnights are those of the wall clock."""
    url, asked = prometheus
    of = flow(counts={"kind": "prometheus", "system": "metrics", "query": "referrals_yesterday"})
    assert len(counted(of, sources(systems={"metrics": url}))) == 5
    assert asked[0]["start"] == ["1792710000"]  # 23 October 00:00 BST
    assert asked[0]["end"] == ["1793059200"]  # 27 October 00:00 GMT


@pytest.mark.real
def test_a_prometheus_that_is_away_is_said() -> None:
    of = flow(counts={"kind": "prometheus", "url": "http://127.0.0.1:9", "query": "x"})
    with pytest.raises(Unavailable, match="Prometheus does not answer"):
        counted(of, sources())
