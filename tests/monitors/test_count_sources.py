"""Counts are read where they are kept: a database, a file, Prometheus; a source that is away is said, never a nought."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, create_engine, text

from cutover.core.errors import Invalid, Unavailable
from monitors.count_sources import CountSources
from monitors.domain.flow import Flow
from tests.monitors.domain.flows import flow
from tests.monitors.servers import saying, speaking

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
        ("day,count\n2026-10-24,1,234\n", Invalid, "c.csv:2: more cells than the heading has"),
        ("day,count,count\n2026-10-24,1,2\n", Invalid, "c.csv:1: the column count is there twice"),
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


def test_a_link_that_leads_to_itself_is_said(tmp_path: Path) -> None:
    (tmp_path / "c.csv").symlink_to(tmp_path / "c.csv")
    with pytest.raises(Unavailable, match="its links lead nowhere"):
        counted(flow(counts={"kind": "csv", "path": "c.csv"}), sources(tmp_path))


@pytest.mark.real
@pytest.mark.parametrize(
    "body",
    [
        b"", b"[" * 100_000, b"<html>", b"[]", b'{"status": "success"}', b'{"status": "success", "data": {"result": {}}}',
        b'{"status": "success", "data": {"result": [7]}}', b'{"status": "success", "data": {"result": [{"values": [[1]]}]}}',
        b'{"status": "success", "data": {"result": [{"values": {"a": 1}}]}}', b'{"status": "success", "data": {"result": [{"values": [["x", 1]]}]}}',
        b'{"status": "success", "data": {"result": [{"values": [[1e999, 1]]}]}}',
    ],
)  # fmt: skip
def test_what_answers_and_is_no_prometheus_is_said_and_takes_nobody_down(body: bytes) -> None:
    async def scene() -> None:
        async with speaking(
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        ) as port:
            of = flow(counts={"kind": "prometheus", "url": f"http://127.0.0.1:{port}", "query": "x"})
            found = await asyncio.to_thread(nothing_or_unavailable, of)
            assert found in ({}, "what answers is no Prometheus") or "no values at moments" in str(found)

    asyncio.run(scene())


def nothing_or_unavailable(of: Flow) -> object:
    try:
        return counted(of, sources())
    except Unavailable as error:
        return str(error)


@pytest.mark.real
@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:99999", "http://127.0.0.1:x"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    of = flow(counts={"kind": "prometheus", "url": url, "query": "x"})
    with pytest.raises(Unavailable, match="Prometheus does not answer"):
        counted(of, sources())


def test_a_series_that_is_gone_is_never_a_nought() -> None:
    with pytest.raises(ValidationError, match="a series that is gone is not a nought"):
        flow(counts={"kind": "prometheus", "url": "http://p", "query": "x", "missing": "zero"})
