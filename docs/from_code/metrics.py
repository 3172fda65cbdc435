"""Which gauges /metrics exports: read from the table that the exporter makes them of."""

from __future__ import annotations

from from_code.words import cell, code
from monitors.exporter import METRICS


def metrics() -> str:
    lines = [
        "# Metrics",
        "",
        (
            "`GET /metrics` answers Prometheus with finished gauges and nothing to be counted there: what the journal says is worked "
            "out before it is exported, so a scrape that is missed loses nothing. A gauge whose value is not known is **absent, never "
            "0**: alert on its absence too, as the rules of `cutover monitor rules` do. Moments are seconds since 1970, spans are "
            "seconds. Where accounts exist the scrape takes a token: `cutover monitor token metrics`."
        ),
        "",
        "| gauge | labels | says |",
        "|---|---|---|",
        *(
            f"| `cutover_{metric.name}` | {', '.join(code(label) for label in metric.labels)} | {cell(metric.says)} |"
            for metric in METRICS
        ),
        "",
        (
            "`check`, `flow` and `component` are ids of the programme's files, `severity` is theirs, and `state` is one of the "
            "few words of the ledger: no label grows with use."
        ),
    ]
    return "\n".join(lines)
