"""What the answers of the probes beside HTTP mean. Nothing here asks; what could not be read is never well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from cutover.core.duration import show_duration
from monitors.domain.check import (
    WORST_FIRST,
    Answer,
    Figure,
    NoAnswer,
    Reason,
    Result,
    critical,
    expiry,
    ok,
    read_body,
    unknown,
    warning,
)
from monitors.domain.kinds import (
    Certificate,
    DnsCheck,
    FilesCheck,
    PrometheusCheck,
    SmtpCheck,
    SqlCheck,
    TcpCheck,
    TlsCheck,
)
from monitors.domain.limits import ANYTHING
from monitors.domain.reading import look_up

NAMED = 3  # that are named in a line for a person


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back over a connection, until when its certificate is good, and how long each phase took."""

    text: str
    latency: float
    phases: Mapping[str, float] = field(default_factory=dict)
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One file of a folder, by its age."""

    name: str
    age: timedelta


def judge_tcp(check: TcpCheck, heard: Heard | NoAnswer) -> Result:
    if isinstance(heard, NoAnswer):
        return critical(heard.why, heard.latency)
    if check.answers and check.answers not in heard.text:
        said = f"it said {heard.text[:60]!r}" if heard.text else "it said nothing"
        return critical(f"{said}, expected {check.answers!r}", heard.latency)
    if check.slow_after is not None and heard.latency > check.slow_after:
        return warning(f"took {heard.latency:.2f} s, longer than {check.slow_after:g} s", heard.latency)
    return _timed(ok("connected", heard.latency), heard)


def judge_tls(check: TlsCheck, heard: Heard | NoAnswer, now: datetime) -> Result:
    if isinstance(heard, NoAnswer):
        return critical(heard.why, heard.latency)
    return _timed(certificate(check.certificate, heard, now), heard)


def judge_smtp(check: SmtpCheck, heard: Heard | NoAnswer, now: datetime) -> Result:
    if isinstance(heard, NoAnswer):
        return critical(heard.why, heard.latency)
    if not check.starttls:
        return _timed(ok(f"greeted: {heard.text[:80]}", heard.latency), heard)
    return _timed(certificate(check.certificate, heard, now), heard)


def certificate(wanted: Certificate, heard: Heard, now: datetime) -> Result:
    """What the end of a certificate means at `now`."""
    if heard.certificate_ends is None:
        return unknown(Reason.NO_DATA, "no certificate was shown", heard.latency)
    return expiry(heard.certificate_ends - now, wanted.warning, wanted.critical, heard.latency)


def judge_dns(check: DnsCheck, code: str, answers: Sequence[str], latency: float) -> Result:
    """`code` is what the server says of the question: NOERROR, NXDOMAIN, SERVFAIL, ..."""
    if code != "NOERROR":
        return critical(f"the name server says {code}", latency)
    if not answers:
        return critical(f"{check.name} has no {check.record}", latency)
    found = {answer.rstrip(".").casefold() for answer in answers}
    missing = next((one for one in check.expect if one.rstrip(".").casefold() not in found), "")
    if missing:
        return critical(f"'{missing}' is not among {', '.join(sorted(found)[:NAMED])}", latency)
    return ok(", ".join(sorted(found)[:NAMED]), latency)


def judge_sql(check: SqlCheck, value: Any, latency: float) -> Result:
    """`value` is the first column of the first row; None when there is no row or it is null."""
    if value is None:
        return unknown(Reason.NO_DATA, "the query gave no value", latency)
    if check.expect is not None and str(value) != check.expect:
        return critical(f"the value is {str(value)[:80]!r}, expected {check.expect!r}", latency)
    if check.limits == ANYTHING:
        return ok(f"the value is {str(value)[:80]}", latency)
    number = _number(value)
    if number is None:
        return unknown(Reason.NO_DATA, f"the value {str(value)[:80]!r} is no number", latency)
    return _measured(check.limits.judge(number, latency=latency), {"value": number})


def judge_prometheus(check: PrometheusCheck, answer: Answer | NoAnswer) -> Result:
    """Every series of the answer is judged, the worst counts."""
    if isinstance(answer, NoAnswer):
        return unknown(Reason.ERROR, answer.why, answer.latency)
    body = read_body(answer)
    if answer.status != 200 or look_up(body, "status") != "success":  # noqa: PLR2004
        why = look_up(body, "error") or f"answered {answer.status}"
        return unknown(Reason.ERROR, f"the query failed: {str(why)[:200]}", answer.latency)
    series = _series(look_up(body, "data.resultType"), look_up(body, "data.result"))
    if not series:
        return unknown(Reason.NO_DATA, "the query gave no series", answer.latency)
    found = [
        _no_number(name, answer.latency) if value is None else check.limits.judge(value, name, answer.latency)
        for name, value in series
    ]
    return min(found, key=lambda result: WORST_FIRST.index(result.status))


def judge_files(check: FilesCheck, files: Sequence[FileSeen]) -> Result:
    """How many there are, and the ages of the oldest and the newest."""
    oldest = max(files, key=lambda file: file.age, default=None)
    newest = min(files, key=lambda file: file.age, default=None)
    figures = {"count": float(len(files))} | ({"oldest": oldest.age.total_seconds()} if oldest else {})
    if check.newest is not None and (newest is None or newest.age > check.newest):
        last = f"the newest is {_aged(newest)}" if newest else "there is none"
        found = critical(f"{last}, expected one every {show_duration(check.newest)}")
    elif oldest and check.oldest is not None and oldest.age > check.oldest:
        found = critical(f"{oldest.name} is {_aged(oldest)}, allowed {show_duration(check.oldest)}")
    else:
        found = check.count.judge(len(files), "the number of files")
    return _measured(found, figures)


def _aged(file: FileSeen) -> str:
    return f"{show_duration(max(file.age, timedelta(0)))} old"


def _series(kind: Any, result: Any) -> Sequence[tuple[str, float | None]]:
    """Name and value of each series of an instant query, or of a scalar; none of what is neither."""
    if kind == "scalar":
        return [("value", _number(look_up(result, "1")))]
    vector = result if kind == "vector" and isinstance(result, list) else []
    return [(_named(look_up(one, "metric")), _number(look_up(one, "value.1"))) for one in vector]


def _named(labels: Any) -> str:
    if not isinstance(labels, dict) or not labels:
        return "value"
    inside = ",".join(f"{k}={v}" for k, v in sorted(labels.items()) if k != "__name__")[:120]
    return f"{labels.get('__name__', '')}{{{inside}}}" if inside else str(labels.get("__name__", "value"))


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _no_number(name: str, latency: float) -> Result:
    return unknown(Reason.NO_DATA, f"{name} is no number", latency)


def _timed(result: Result, heard: Heard) -> Result:
    return _measured(result, heard.phases, "s")


def _measured(result: Result, figures: Mapping[str, float], unit: str = "") -> Result:
    kept = tuple(
        Figure(name=name, value=value, unit=unit) for name, value in figures.items() if isfinite(value)
    )
    return result.model_copy(update={"figures": kept})
