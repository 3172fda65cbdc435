"""What a Nagios plugin says: the exit code is the status, the first line the detail, what follows `|` the figures.

Performance figures are `'label'=value[unit];warn;crit;min;max`, with blanks between them (Monitoring Plugins'
guidelines). A figure that cannot be read is left out; an exit code that is none is UNKNOWN.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from monitors.domain.check import (
    WORST_FIRST,
    Figure,
    NoAnswer,
    Reason,
    Result,
    critical,
    ok,
    unknown,
    warning,
)
from monitors.domain.limits import Limits

_LABEL = re.compile(
    r"\s*(?:'((?:[^']|'')+)'|([^\s='|]+))=([-+]?[\d.,]+(?:[eE][-+]?\d+)?|U)([^\s;]*)(?:;\S*)?"
)
LONGEST = 500  # characters of a detail
MOST_FIGURES = 50
_SAYS = {0: ok, 1: warning, 2: critical}


def interpret_plugin(
    code: int, output: str, judge: Mapping[str, Limits], latency: float, complaint: str = ""
) -> Result:
    """What an exit code and an output mean; `judge` holds limits of our own for some figures."""
    first, _, rest = output.partition("\n")
    text, _, performance = first.partition("|")
    _, _, more = rest.partition("|")
    figures = tuple(_figures(f"{performance} {more}"))[:MOST_FIGURES]
    detail = text.strip()[:LONGEST] or complaint.strip()[:LONGEST]
    if code in _SAYS:
        found = _SAYS[code](detail, latency)
    else:
        found = unknown(Reason.ERROR, detail or f"it ended with exit code {code}", latency)
    return _worst(found, figures, judge).model_copy(update={"figures": figures})


def not_run(why: NoAnswer) -> Result:
    """A plugin that could not be started, or did not end, says nothing of what it looks at."""
    return unknown(Reason.ERROR, why.why, why.latency)


def _worst(found: Result, figures: tuple[Figure, ...], judge: Mapping[str, Limits]) -> Result:
    """The plugin's own verdict, or that of our limits where it is worse; a figure that is missing is no_data."""
    by = {figure.name: figure.value for figure in figures}
    judged = [
        limits.judge(by[name], name, found.latency)
        if name in by
        else unknown(Reason.NO_DATA, f"it gave no figure '{name}'", found.latency)
        for name, limits in judge.items()
    ]
    return min([found, *judged], key=lambda result: WORST_FIRST.index(result.status))


def _figures(text: str) -> Iterator[Figure]:
    for quoted, plain, value, unit in _LABEL.findall(text):
        try:
            number = float(value.replace(",", "."))
        except ValueError:  # U: the plugin does not know
            continue
        if math.isfinite(number):
            yield Figure(name=quoted.replace("''", "'") or plain, value=number, unit=unit[:20])
