"""What an SLO tool is given: an OpenSLO v1 document for each probe, none for a flow, which has too few events for one.

Names in OpenSLO are labels of DNS (RFC 1123): two monitors whose names look alike there are told apart by a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from cutover.core.duration import show_duration
from monitors.domain.check import HttpCheck, JourneyCheck
from monitors.domain.declared import AnyCheck
from monitors.domain.kinds import DnsCheck, PrometheusCheck, SmtpCheck, SqlCheck, TcpCheck, TlsCheck

_PROBES = (HttpCheck, JourneyCheck, TcpCheck, TlsCheck, DnsCheck, SmtpCheck, SqlCheck, PrometheusCheck)
_LONGEST_NAME, _LONGEST_TEXT = 63, 1050
_SLICE = "5m"
_TARGET = 0.99


def objectives(checks: Iterable[AnyCheck]) -> Iterator[dict[str, Any]]:
    """One document a probe, in the order of the checks."""
    taken: set[str] = set()
    for check in checks:
        if isinstance(check, _PROBES):
            name = _free(_label(check.id), taken)
            taken.add(name)
            yield _objective(check, name)


def _objective(check: AnyCheck, name: str) -> dict[str, Any]:
    """The share of five-minute slices in which a probe was well throughout."""
    here = f"cutover_check_status{{check={json.dumps(check.id)}}}"
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": name, "displayName": check.title},
        "spec": {
            "description": f"{check.title}; asked every {show_duration(check.interval)}"[:_LONGEST_TEXT],
            "service": _label(check.component or "cutover"),
            "indicator": {
                "metadata": {"name": _label(f"{name[: _LONGEST_NAME - 5]}-well")},
                "spec": {
                    "ratioMetric": {
                        "counter": False,
                        "good": _source(f"{here} < bool 2"),
                        "total": _source(f"{here} >= bool 0"),
                    }
                },
            },
            "timeWindow": [{"duration": "28d", "isRolling": True}],
            "budgetingMethod": "Timeslices",
            "objectives": [
                {"displayName": "well", "target": _TARGET, "timeSliceTarget": 1.0, "timeSliceWindow": _SLICE}
            ],
        },
    }


def _source(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _label(name: str) -> str:
    """A name as OpenSLO takes it."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold())[:_LONGEST_NAME].strip("-")


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name[: _LONGEST_NAME - 5].rstrip('-')}-{n}" for n in range(2, 10_000))
    return name if name not in taken else next(one for one in numbered if one not in taken)
