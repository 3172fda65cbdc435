"""How a run's outlook reads: the end, what drives it, and the way back from here, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from cutover.core.clock import show
from cutover.core.duration import show_minutes
from cutover.web.words import share
from runbooks.board import Run
from runbooks.domain.forecasting.backout_time import WayBack
from runbooks.domain.forecasting.drivers import NO_TITLES, Driver
from runbooks.domain.forecasting.forecast import Forecast
from runbooks.domain.run_state import RunState
from runbooks.lookout import SecondFigure

SHOWN = 3  # drivers


def latest_length(state: RunState) -> timedelta:
    """How long the way back is taken to be: as last forecast, else as stated."""
    latest, closes = state.latest_backout, state.closes
    return closes - latest if latest and closes else state.backout


def back_words(run: Run, seen: Forecast | None) -> Iterator[str]:
    if seen is not None and seen.backout is not None:
        yield from _back(seen.backout, run.programme.zone)


def driver_words(run: Run, seen: Forecast | None) -> Iterator[str]:
    if seen is not None:
        titles = {task.id: task.title for task in run.state.runbook.tasks}
        teams = {team.id: team.title for team in run.programme.teams}
        yield from (_driver(driver, titles, teams) for driver in seen.drivers[:SHOWN])


def second_words(run: Run, second: SecondFigure | None) -> str:
    if second is None:
        return ""
    p50, p80, p95 = (run.time(at) for at in (second.seen.p50, second.seen.p80, second.seen.p95))
    return f"With the teams shared out anew in each of {second.seen.samples:,} samples, seen {run.time(second.at)}: {p50} (P50), {p80} (P80), {p95} (P95)."


def ahead_lines(state: RunState, seen: Forecast | None, zone: str) -> Iterator[str]:
    """The outlook of a run as lines of a terminal."""
    if seen is None or state.closes is None:
        return
    p50, p80, p95 = (show(at, zone) for at in (seen.p50, seen.p80, seen.p95))
    late = share(seen.chance_to_miss(state.closes))
    yield f"ends by {p50} (50 %), {p80} (80 %), {p95} (95 %); chance to miss the window {late}"
    if state.latest_backout and state.no_return_at is None:
        yield f"latest safe backout {show(state.latest_backout, zone)}"
    if seen.backout:
        yield from _back(seen.backout, zone)
    titles = {task.id: task.title for task in state.runbook.tasks}
    yield from (_driver(driver, titles) for driver in seen.drivers[:SHOWN])


def _back(back: WayBack, zone: str) -> Iterator[str]:
    how = f"with a chance of {back.quantile:.0%}" if back.planned else "as stated: no backout plan to sample"
    if back.back_by is not None:
        yield f"If we turn back now: back by {show(back.back_by, zone)}, {how}."
    if back.overrun is not None:
        yield f"Chance that gate {back.gate} and the way back from it pass the window: {share(back.overrun)}."


def _driver(driver: Driver, titles: dict[str, str], teams: Mapping[str, str] = NO_TITLES) -> str:
    good, bad = show_minutes(driver.earlier), show_minutes(driver.later)
    return f"What drives the end: {driver.named(titles, teams)}, {good} earlier at its best, {bad} later at its worst."
