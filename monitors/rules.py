"""What a Prometheus, an Alertmanager and an SLO tool are given: written from the same file that we judge by.

Every monitor has a rule of its own that fires when its gauge is absent: a series that is gone is not a zero. Nothing is
counted in PromQL; our gauges are finished. Each rule has a unit test for `promtool test rules`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cutover.core.duration import show_duration
from monitors.definitions import Watched
from monitors.domain.check import Severity
from monitors.domain.declared import AnyCheck
from monitors.domain.flow import Flow
from monitors.openslo import objectives

RULES, TESTS, ROUTE, SLOS = (
    "cutover_rules.yml",
    "cutover_rules_test.yml",
    "alertmanager_route.yml",
    "openslo.yaml",
)
_STALE = 900  # seconds without any result: our own outage
FIRST = "# Written by `cutover monitor rules`: change monitors/*.yaml, then write it again.\n"


def rule_files(watched: Watched, base_url: str) -> Mapping[str, str]:
    """Every file by its name. The same programme gives the same bytes."""
    return {
        RULES: FIRST + _yaml({"groups": [_own(), *(_group(one, base_url) for one in _all(watched))]}),
        TESTS: FIRST
        + _yaml(
            {"rule_files": [RULES], "evaluation_interval": "1m", "tests": list(_tests(watched, base_url))}
        ),
        ROUTE: FIRST + _yaml(_route(watched)),
        SLOS: FIRST + "---\n".join(map(_yaml, objectives(watched.checks))),
    }


def _all(watched: Watched) -> list[AnyCheck | Flow]:
    return [*watched.checks, *watched.flows]


def _own() -> dict[str, Any]:
    """Who watches the watchers: our own gauges are gone, or stand still."""
    labels = {"severity": "critical", "safeguarding": "yes", "monitor": "cutover"}
    return {
        "name": "cutover",
        "rules": [
            _rule("CutoverMonitorsAbsent", "absent(cutover_evaluated_timestamp_seconds)", "2m", labels,
                  "Nobody watches: cutover gives no gauges"),
            _rule("CutoverMonitorsStale", f"time() - cutover_last_result_timestamp_seconds > {_STALE}", "1m", labels,
                  "Nobody watches: cutover has had no result for long"),
        ],
    }  # fmt: skip


def _group(check: AnyCheck | Flow, base_url: str) -> dict[str, Any]:
    labels = _labels(check)
    link = f"{base_url.rstrip('/')}/health#{check.id}"
    return {
        "name": f"cutover/{check.id}",
        "rules": [
            _rule("CutoverMonitor", f"cutover_{_kind(check)}_alerting{_of(check)} == 1", "0m", labels, check.title, link),
            _rule("CutoverMonitorAbsent", f"absent(cutover_{_kind(check)}_status{_of(check)})", "2m", labels,
                  f"{check.title}: this monitor gives no gauge", link),
        ],
    }  # fmt: skip


def _rule(name: str, expr: str, after: str, labels: dict[str, str], *said: str) -> dict[str, Any]:
    """`said`: a summary, and a link where there is one."""
    words = dict(zip(("summary", "link"), map(_literal, said), strict=False))
    return {"alert": name, "expr": expr, "for": after, "labels": labels, "annotations": words}


def _labels(check: AnyCheck | Flow) -> dict[str, str]:
    return {
        "severity": str(check.severity),
        "safeguarding": "yes" if check.safeguarding else "no",
        "monitor": check.id,
    } | ({"component": check.component} if check.component else {})


def _kind(check: AnyCheck | Flow) -> str:
    return "flow" if isinstance(check, Flow) else "check"


def _of(check: AnyCheck | Flow) -> str:
    return f"{{{_kind(check)}={json.dumps(check.id)}}}"


def _literal(text: str) -> str:
    """Prometheus reads templates in annotations: a title is text and no template."""
    return text.replace("{{", '{{ "{{" }}') if "{{" in text else text


def _tests(watched: Watched, base_url: str) -> Iterator[dict[str, Any]]:
    alive = {"series": "cutover_evaluated_timestamp_seconds", "values": "0+60x15"}
    fresh = {"series": "cutover_last_result_timestamp_seconds", "values": "0+60x15"}
    for check in _all(watched):
        others = [_series("status", c, "0x15") for c in _all(watched) if c.id != check.id]
        yield {
            "name": f"{check.id} is told while it alerts",
            "interval": "1m",
            "input_series": [alive, fresh, *others, _series("status", check, "2x15"), _series("alerting", check, "0x4 1x10")],
            "alert_rule_test": [_expected(check, "CutoverMonitor", "3m", base_url=base_url, fires=False), _expected(check, "CutoverMonitor", "6m", base_url=base_url, fires=True)],
        }  # fmt: skip
        yield {
            "name": f"{check.id} is missed when it is gone",
            "interval": "1m",
            "input_series": [alive, fresh, *others],
            "alert_rule_test": [
                _expected(check, "CutoverMonitorAbsent", "5m", base_url=base_url, fires=True)
            ],
        }


def _series(gauge: str, check: AnyCheck | Flow, values: str) -> dict[str, str]:
    labels = {_kind(check): check.id, "component": check.component, "severity": str(check.severity)}
    inside = ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
    return {"series": f"cutover_{_kind(check)}_{gauge}{{{inside}}}", "values": values}


def _expected(
    check: AnyCheck | Flow, alert: str, at: str, *, base_url: str = "", fires: bool
) -> dict[str, Any]:
    labels = {_kind(check): check.id} | _labels(check)
    missing = ": this monitor gives no gauge" if alert.endswith("Absent") else ""
    said = {"summary": f"{check.title}{missing}", "link": f"{base_url.rstrip('/')}/health#{check.id}"}
    told = [{"exp_labels": labels, "exp_annotations": said}]
    return {"eval_time": at, "alertname": alert, "exp_alerts": told if fires else []}


def _route(watched: Watched) -> dict[str, Any]:
    """A part to be put under `route:` and `receivers:` of an alertmanager.yml: grouped by monitor, safeguarding first."""
    repeat = (
        show_duration(watched.notify.routes[0].repeat).replace(" ", "") if watched.notify.routes else "1h"
    )
    named = sorted({one.component for one in _all(watched) if one.component})
    by_component = [
        {"matchers": [f'component="{name}"'], "receiver": "cutover", "group_by": ["alertname", "monitor"]} for name in named
    ]  # fmt: skip
    return {
        "route": {
            "receiver": "cutover",
            "group_by": ["alertname", "monitor"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": repeat,
            "routes": [
                {"matchers": ['safeguarding="yes"'], "receiver": "cutover-safeguarding", "group_wait": "0s"},
                {"matchers": [f'severity="{Severity.CRITICAL}"'], "receiver": "cutover", "group_wait": "0s"},
                *by_component,
            ],
        },
        "receivers": [{"name": "cutover"}, {"name": "cutover-safeguarding"}],
    }


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
