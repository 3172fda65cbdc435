"""What the probes beside HTTP declare, and what their answers mean: nothing unreadable is ever well."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from monitors.domain import dns_wire
from monitors.domain.check import Answer, NoAnswer, Reason, Status, expiry
from monitors.domain.declared import AnyCheck
from monitors.domain.dns_wire import NotDnsError
from monitors.domain.expression import broken
from monitors.domain.judging import (
    FileSeen,
    Heard,
    judge_dns,
    judge_files,
    judge_prometheus,
    judge_sql,
    judge_tcp,
    judge_tls,
)
from monitors.domain.limits import Limits
from monitors.domain.plugin import interpret_plugin

NOW = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
READ: TypeAdapter[Any] = TypeAdapter(AnyCheck)


def declared(kind: str, **more: Any) -> Any:
    return READ.validate_python({"kind": kind, "id": "c", "title": "C", "owner": "asha"} | more)


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        ("tcp", {"host": "h", "port": 70000}, "less than or equal to 65535"),
        ("sql", {"database": "postgresql://u:secret@h/db", "query": "SELECT 1"}, "cannot name a secret"),
        ("prometheus", {"query": "up", "limits": {}}, "either a system or a url"),
        ("files", {"folder": "in", "pattern": "../*"}, "without a folder"),
        ("heartbeat", {}, "either `every`"),
        ("heartbeat", {"every": "1h", "cron": "0 * * * *"}, "either `every`"),
        ("tls", {"host": "h", "certificate": {"warning": "1d", "critical": "7d"}}, "would never be seen"),
        ("http", {"url": "http://h/", "expect": {"that": ["queue length < 5"]}}, "cannot be read"),
        ("http", {"url": "http://h/", "expect": {"that": ["queue < [1]"]}}, "expected a number or a text"),
        ("http", {"url": "http://h/", "expect": {"that": ["role in 5"]}}, "expected a list"),
        ("sql", {"database": "d", "query": "q", "limits": {"warning_above": 5, "critical_above": 1}}, "never be seen"),
        ("sql", {"database": "d", "query": "q", "limits": {"warning_above": 0, "critical_above": -1}}, "never be seen"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(kind: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        declared(kind, **fields)


@pytest.mark.parametrize(
    ("expression", "body", "holds"),
    [
        ("queue.length < 10", {"queue": {"length": 9}}, True),
        ("queue.length < 10", {"queue": {"length": 10}}, False),
        ("queue.length < 10", {"queue": {}}, False),
        ("queue.length < 10", {"queue": {"length": "9"}}, False),
        ("queue.length < 10", {"queue": {"length": float("nan")}}, False),
        ("queue.length < 10", {"queue": {"length": True}}, False),
        ("queue.length != 10", {"queue": {"length": float("nan")}}, False),
        ("queue.length < 10", {"queue": {"length": float("-inf")}}, False),
        ("status == 'ok'", {"status": "ok"}, True),
        ('role in ["a", "b"]', {"role": "b"}, True),
        ('role not in ["a"]', {}, False),
        ("names contains 'x'", {"names": ["x"]}, True),
        ("names contains 5", {"names": "abc"}, False),
        ("names contains [5]", {"names": {"x": 1}}, False),
        ("error == null", {}, True),
        ("a == 1", ["a"], False),
    ],
)
def test_an_expression_holds_or_says_why_not(expression: str, body: Any, holds: bool) -> None:
    assert (broken(expression, body) == "") == holds


@pytest.mark.parametrize(
    ("value", "status"),
    [(5, "OK"), (10, "OK"), (11, "WARNING"), (21, "CRITICAL"), (-1, "CRITICAL"), (float("nan"), "UNKNOWN"), (float("inf"), "UNKNOWN")],
)  # fmt: skip
def test_a_number_is_judged_by_its_limits_and_one_that_is_none_is_unknown(value: float, status: str) -> None:
    limits = Limits(warning_above=10, critical_above=20, critical_below=0)
    assert limits.judge(value).status == status


def test_a_certificate_is_told_before_it_ends_and_when_it_has() -> None:
    found = [expiry(left * DAY, 21 * DAY, 7 * DAY).status for left in (30, 21, 20, 6, 0, -1)]
    assert found == ["OK", "OK", "WARNING", "CRITICAL", "CRITICAL", "CRITICAL"]


def test_a_handshake_without_a_certificate_is_not_well() -> None:
    check = declared("tls", host="h")
    assert judge_tls(check, Heard("", 0.1), NOW).reason is Reason.NO_DATA
    assert judge_tls(check, Heard("", 0.1, {"tls": 0.1}, NOW + 90 * DAY), NOW).status is Status.OK


def test_a_port_that_says_something_else_is_critical() -> None:
    check = declared("tcp", host="h", port=1, answers="READY", slow_after=1)
    assert judge_tcp(check, Heard("BUSY", 0.1)).detail == "it said 'BUSY', expected 'READY'"
    assert judge_tcp(check, Heard("READY", 2.0)).status is Status.WARNING
    assert judge_tcp(check, NoAnswer("no answer", 0.1)).status is Status.CRITICAL


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (3, "OK", None),
        ("12", "CRITICAL", None),
        (None, "UNKNOWN", "no_data"),
        ("many", "UNKNOWN", "no_data"),
        (float("nan"), "UNKNOWN", "no_data"),
    ],
)
def test_a_value_of_a_database_is_judged(value: Any, status: str, reason: str | None) -> None:
    check = declared("sql", database="d", query="q", limits={"critical_above": 10})
    found = judge_sql(check, value, 0.1)
    assert (found.status, found.reason) == (status, reason)


def prometheus(kind: str, result: Any, status: int = 200) -> Answer:
    body = {"status": "success", "data": {"resultType": kind, "result": result}}
    return Answer(status, json.dumps(body).encode(), 0.1)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (prometheus("vector", [{"metric": {"job": "a"}, "value": [1, "3"]}]), "OK", None),
        (prometheus("vector", [{"metric": {}, "value": [1, "3"]}, {"metric": {"job": "b"}, "value": [1, "30"]}]), "CRITICAL", None),
        (prometheus("vector", [{"metric": {}, "value": [1, "NaN"]}]), "UNKNOWN", "no_data"),
        (prometheus("scalar", [1, "12"]), "CRITICAL", None),
        (prometheus("vector", []), "UNKNOWN", "no_data"),
        (prometheus("matrix", [{"metric": {}, "values": []}]), "UNKNOWN", "no_data"),
        (prometheus("scalar", []), "UNKNOWN", "no_data"),
        (Answer(200, b'{"status": "success", "data": [5]}', 0.1), "UNKNOWN", "no_data"),
        (Answer(400, b'{"status": "error", "error": "parse error"}', 0.1), "UNKNOWN", "error"),
        (Answer(200, b"<html>", 0.1), "UNKNOWN", "error"),
        (NoAnswer("no answer", 0.1), "UNKNOWN", "error"),
    ],
)  # fmt: skip
def test_the_worst_series_of_a_query_counts_and_no_series_is_no_data(
    answer: Answer | NoAnswer, status: str, reason: str | None
) -> None:
    check = declared("prometheus", url="http://p", query="up", limits={"critical_above": 10})
    found = judge_prometheus(check, answer)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("ages", "status"), [([1, 2], "OK"), ([], "CRITICAL"), ([5], "CRITICAL"), ([1, 30], "CRITICAL"), ([1, 2, 3], "WARNING")]
)  # fmt: skip
def test_a_folder_is_judged_by_count_oldest_and_newest(ages: list[int], status: str) -> None:
    check = declared("files", folder="in", count={"warning_above": 2}, oldest="1d", newest="4h")
    assert judge_files(check, [FileSeen(f"f{i}", age * HOUR) for i, age in enumerate(ages)]).status == status


def test_a_name_that_is_not_known_or_answers_otherwise_is_critical() -> None:
    check = declared("dns", name="h.example", expect=["10.0.0.1"])
    assert judge_dns(check, "NXDOMAIN", (), 0.1).detail == "the name server says NXDOMAIN"
    assert judge_dns(check, "NOERROR", (), 0.1).status is Status.CRITICAL
    assert judge_dns(check, "NOERROR", ("10.0.0.2",), 0.1).status is Status.CRITICAL
    assert judge_dns(check, "NOERROR", ("10.0.0.1",), 0.1).status is Status.OK


@pytest.mark.parametrize(
    ("code", "output", "status", "figures"),
    [
        (0, "DISK OK - 20% used | /=2643MB;5948;5958;0;5968\nmore text | /boot=68MB;88;93;0;98", "OK", {"/": 2643, "/boot": 68}),
        (1, "LOAD WARNING | 'load 1'=5,5 load5=U", "WARNING", {"load 1": 5.5}),
        (2, "DOWN", "CRITICAL", {}),
        (3, "cannot tell", "UNKNOWN", {}),
        (127, "", "UNKNOWN", {}),
        (-9, "", "UNKNOWN", {}),
    ],
)  # fmt: skip
def test_a_plugin_is_read_as_nagios_reads_it(
    code: int, output: str, status: str, figures: dict[str, float]
) -> None:
    found = interpret_plugin(code, output, {}, 0.1)
    assert (found.status, {f.name: f.value for f in found.figures}) == (status, figures)


def test_limits_of_our_own_may_only_make_a_plugin_worse() -> None:
    limits = {"used": Limits(critical_above=90)}
    assert interpret_plugin(0, "OK | used=95%", limits, 0.1).status is Status.CRITICAL
    assert interpret_plugin(2, "BAD | used=5%", limits, 0.1).status is Status.CRITICAL
    assert interpret_plugin(0, "OK", limits, 0.1).reason is Reason.NO_DATA


@given(code=st.integers(-20, 300), output=st.text(max_size=300))
def test_whatever_a_plugin_says_is_some_result(code: int, output: str) -> None:
    found = interpret_plugin(code, output, {}, 0.1)
    assert (found.status is Status.OK) == (code == 0)


@given(asked=st.integers(0, 2), answered=st.integers(0, 2), rest=st.binary(max_size=200))
def test_whatever_a_name_server_says_is_an_answer_or_named(asked: int, answered: int, rest: bytes) -> None:
    raw = struct.pack(">6H", 7, 0x8180, asked, answered, 0, 0) + rest
    try:
        found = dns_wire.reply(7, "A", raw)
    except NotDnsError:
        return
    assert len(found.answers) <= answered


def test_a_name_that_goes_round_in_a_circle_is_named() -> None:
    header = b"\0\1\x81\x80\0\1\0\0\0\0\0\0"
    with pytest.raises(NotDnsError, match="circle"):
        dns_wire.reply(1, "A", header + b"\xc0\x0c\0\1\0\1")


def test_an_answer_to_another_question_is_none() -> None:
    asked = dns_wire.question(7, "h.example", "A")
    with pytest.raises(NotDnsError, match="another question"):
        dns_wire.reply(8, "A", asked)
