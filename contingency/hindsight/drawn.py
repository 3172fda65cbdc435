"""The two pictures of a look back: which component was in which mode beside the alarms, and claims beside proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contingency.figures import so_many, words
from contingency.hindsight.claimed import Tally
from contingency.hindsight.reading import Past
from cutover.core.clock import show
from cutover.domain.modes import Mode
from cutover.web.charts import Bar, Mark, Scale, Tick, gantt, scale_of, ticks_of
from cutover.web.page import templates_of
from monitors.domain.health import CheckRecovered, CheckWentHard
from runbooks.reviews.around import Drawing

_LOOKS = {Mode.PAPER: "in_progress", Mode.READ_ONLY: "complete", Mode.DARK: "failed"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1120, 240, 60, 1000, 14, 212


def modes(past: Past) -> Drawing | None:
    """A lane for each component that was not always live, and one for the alarms; None when nothing broke."""
    lanes: dict[str, list[Bar]] = {}
    for one in past.outages:
        span = one.begins, one.ends or past.now
        title = (
            f"{one.component} {words(one.mode)} from {show(one.begins, past.programme.zone)}: {one.reason}"
        )
        bar = Bar(words(one.mode), title, _LOOKS[one.mode], (one.begins, one.begins), done=span)
        lanes.setdefault(one.component, []).append(bar)
    if alarms := list(_alarms(past)):
        lanes["alarms"] = alarms
    programme = past.programme
    marks = [
        Mark(programme.opens, "window opens", "opens"),
        Mark(programme.closes, "window closes", "closes"),
    ]
    marks = [mark for mark in marks if past.began <= mark.at <= past.now]
    says = f"{so_many(len(past.outages), 'stretch', 'stretches')} in which a component was not live, {so_many(len(alarms), 'alarm')}"
    chart = gantt("Components and alarms", says, lanes, marks, programme.zone)
    if chart is None:
        return None
    kit: Any = templates_of("contingency").get_template("kit/charts.html").module
    return Drawing(chart.title, says, kit.gantt(chart, "modes"), chart.width, chart.height)


def _alarms(past: Past) -> Sequence[Bar]:
    begun: dict[str, tuple[datetime, str]] = {}
    bars = []
    for fact in past.alarms:
        name = fact.stream.partition(":")[2]
        if isinstance(fact.event, CheckWentHard):
            begun.setdefault(name, (fact.event.since, f"{fact.event.status} {fact.event.detail}"))
        elif isinstance(fact.event, CheckRecovered) and name in begun:
            since, said = begun.pop(name)
            bars.append(Bar(name, f"{name}: {said}", "failed", (since, since), done=(since, fact.at)))
    bars += [
        Bar(f"{name} (still)", f"{name}: {said}", "failed", (since, since), done=(since, past.now))
        for name, (since, said) in begun.items()
    ]
    return bars


@dataclass(frozen=True, slots=True)
class Steps:
    """Two sums over time, ready to be drawn: what was claimed, and what of it somebody else has verified."""

    title: str
    says: str
    width: int
    height: int
    left: int
    right: int
    bottom: int
    claimed: str
    verified: str
    ends: tuple[tuple[str, float, str], ...]  # look, height, words at the right end
    ticks: tuple[Tick, ...]
    rows: tuple[tuple[float, str], ...]


def claims(past: Past, all_: Sequence[Tally]) -> Drawing | None:
    """What was claimed against what was verified, all kinds together; None when nothing was."""
    if not all_:
        return None
    across = scale_of([all_[0].at, max(past.now, all_[-1].at)], LEFT, RIGHT)
    claimed, verified = _sums(all_, 0), _sums(all_, 1)
    most = max(claimed[-1][1], verified[-1][1], 1)
    c, v = claimed[-1][1], verified[-1][1]
    says = f"{c:,} claimed and {v:,} verified by somebody else, up to {show(past.now, past.programme.zone)}"
    steps = Steps(
        "Claimed and verified over time", says, WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, _path(claimed, across, most), _path(verified, across, most),
        _ends(c, v, most), tuple(ticks_of(across, past.programme.zone)), tuple((_y(n, most), f"{n:,}") for n in _rows(most)),
    )  # fmt: skip
    module: Any = templates_of("contingency").get_template("contingency/steps.html").module
    return Drawing(steps.title, says, module.chart(steps, "claims"), WIDTH, HEIGHT)


def _sums(all_: Sequence[Tally], step: int) -> list[tuple[datetime, int]]:
    """The sum after each of its facts, from nought where the first of any kind is."""
    moments = [one.at for one in all_ if one.step == step]
    return [(all_[0].at, 0), *((at, n) for n, at in enumerate(moments, 1))]


def _path(sums: Sequence[tuple[datetime, int]], across: Scale, most: int) -> str:
    points, last = [], 0
    for at, n in sums:
        points += [f"{across.x(at)},{_y(last, most)}", f"{across.x(at)},{_y(n, most)}"]
        last = n
    return " ".join([*points, f"{RIGHT},{_y(last, most)}"])


def _ends(claimed: int, verified: int, most: int) -> tuple[tuple[str, float, str], ...]:
    """The words at the ends of the lines, never one on the other."""
    upper, lower = _y(claimed, most) + 4, _y(verified, most) + 4
    return ("claimed", upper, f"{claimed:,} claimed"), ("verified", max(lower, upper + 14), f"{verified:,} verified")  # fmt: skip


def _y(n: int, most: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * n / most, 1)


def _rows(most: int) -> list[int]:
    step = next(s for s in (10**k * m for k in range(9) for m in (1, 2, 5)) if most / s <= 5)  # noqa: PLR2004  lines across
    return list(range(0, most + 1, step))
