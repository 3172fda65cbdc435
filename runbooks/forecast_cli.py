"""`cutover runbook forecast`: when a plan will end, how surely, what drives it, and until when one can turn back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer
from cutover.core.clock import show
from cutover.core.duration import parse_duration, show_minutes
from cutover.core.errors import Invalid, Problem
from runbooks.cli_words import Name, Open
from runbooks.options import Runs

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.cli_words import Folder
    from runbooks.domain.forecasting.backout_time import WayBack
    from runbooks.domain.forecasting.calibration import Calibration
    from runbooks.domain.forecasting.drivers import Driver
    from runbooks.domain.forecasting.forecast import Forecast
    from runbooks.domain.forecasting.redispatch import Redispatched
    from runbooks.domain.forecasting.sampling import Correlation
    from runbooks.domain.plan import Runbook

SAMPLES = 10_000
REFINE = 5.0  # seconds for the second figure
SHOWN = 5  # drivers, in the text; --json has all


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that a plan's forecast says, the quick figure and the slow one."""

    book: Runbook
    programme: Programme
    seen: Forecast
    anew: Redispatched | None
    together: tuple[tuple[Correlation, Forecast], ...]
    calibration: Calibration
    assumed: str = ""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asked:
    """How many samples, and on what they rest."""

    samples: Annotated[int, Parameter(help="how many ends to sample")] = SAMPLES
    seed: Annotated[int, Parameter(help="the same seed gives the same answer")] = 1
    refine: Annotated[
        float, Parameter(help="seconds for the second figure, every sample dispatched anew; 0 leaves it out")
    ] = REFINE
    assume: Annotated[str, Parameter(help="take tasks without a duration as this long, such as 30m")] = ""
    past: Annotated[bool, Parameter(help="learn durations from this folder's past runs")] = True

    def check(self) -> None:
        if self.samples < 1:
            raise Invalid(Problem(f"{self.samples} is too few", field="--samples", expected="1 or more"))
        if self.seed < 0:
            raise Invalid(Problem(f"{self.seed} is no seed", field="--seed", expected="0 or more"))


def add_forecast(app: App, folder: Open, runs: Runs | None = None) -> None:
    @app.command(name="forecast")
    def forecast_(
        name: Name = "", *, asked: Asked | None = None, programme: Here = Path(), json: AsJson = False
    ) -> None:
        """When the plan will end, how surely, what drives it, and until when one can still turn back."""
        found = outlook(folder(programme), name, asked or Asked(), runs)
        answer(as_data(found), as_json=json, text=lines(found))


def outlook(place: Folder, name: str, asked: Asked, runs: Runs | None = None) -> Outlook:
    """Look ahead. Raises Invalid for a faulty plan, or one that its teams can never do."""
    from runbooks.domain.backout_plan import backout_id
    from runbooks.domain.forecasting.backout_time import Turning, way_back_tasks
    from runbooks.domain.forecasting.calibration import calibrated
    from runbooks.domain.forecasting.forecast import look_ahead, sensitivity
    from runbooks.domain.forecasting.redispatch import redispatch
    from runbooks.planned import past_of, service_of, unbegun

    asked.check()
    book, programme = place.runbook(name), place.programme
    assumed = without_duration(book) if asked.assume else []
    if assumed:
        book = _assuming(book, assumed, parse_duration(asked.assume))
    service = service_of(place.path, runs) if asked.past else None
    situation = unbegun(book, programme, past_of(book, service))
    back = way_back_tasks(book, place.runbooks.get(backout_id(book)))
    turning = Turning(programme.closes, programme.window.backout, back)
    until = monotonic() + asked.refine
    return Outlook(
        book,
        programme,
        look_ahead(situation, seed=asked.seed, samples=asked.samples, turning=turning),
        redispatch(situation, seed=asked.seed, keep_going=lambda: monotonic() < until),
        sensitivity(situation, seed=asked.seed, samples=max(1, asked.samples // 5)),
        calibrated(service.past_runs(book.id) if service else (), book.distribution),
        f"{len(assumed)} of {len(book.tasks)} tasks have no duration: taken as {asked.assume}, as asked"
        if assumed
        else "",
    )


def _assuming(book: Runbook, names: Sequence[str], span: timedelta) -> Runbook:
    tasks = tuple(t.model_copy(update={"duration": span}) if t.id in names else t for t in book.tasks)
    return book.model_copy(update={"tasks": tasks})


def as_data(found: Outlook) -> dict[str, Any]:
    """Everything, for programs. Times are UTC, chances 0 to 1."""
    seen, programme, back = found.seen, found.programme, found.seen.backout
    return {
        "runbook": found.book.id,
        "p50": seen.p50,
        "p80": seen.p80,
        "p95": seen.p95,
        "closes": programme.closes,
        "chance_to_miss": seen.chance_to_miss(programme.closes),
        "capacity_aware": seen.capacity_aware,
        "redispatched": _anew(found.anew, programme.closes) if found.anew else None,
        "correlation": [
            {"programme": c.programme, "team": c.team, "p50": f.p50, "p80": f.p80, "p95": f.p95}
            for c, f in found.together
        ],
        "latest_backout_start": back.latest if back else None,
        "backout": back,
        "drivers": [
            {"kind": d.kind, "name": d.name, "earlier": d.earlier, "later": d.later} for d in seen.drivers
        ],
        "criticality": seen.criticality,
        "calibration": found.calibration,
        "samples": seen.samples,
        "distribution": found.book.distribution,
        "assumed": found.assumed,
        "without_duration": without_duration(found.book),
        "assumptions": seen.assumptions,
    }


def without_duration(book: Runbook) -> list[str]:
    """Tasks that take time and do not say how much: what they take is missing from the forecast."""
    return [
        task.id
        for task in book.tasks
        if task.duration is None and task.estimate is None and task.type != "milestone"
    ]


def _anew(anew: Redispatched, closes: datetime) -> dict[str, Any]:
    return {
        "p50": anew.p50,
        "p80": anew.p80,
        "p95": anew.p95,
        "chance_to_miss": anew.chance_to_miss(closes),
        "samples": anew.samples,
    }


def lines(found: Outlook) -> Iterator[str]:
    """The same for people, the headline first."""
    seen, programme = found.seen, found.programme
    zone, closes = programme.zone, programme.closes
    if lacking := without_duration(found.book):
        every = len(lacking) == len(found.book.tasks)
        yield (
            f"{'NO FORECAST' if every else 'TOO EARLY'}: {len(lacking)} of {len(found.book.tasks)} tasks have no duration "
            "and are taken as no time at all; give `duration` or `estimate`, or try --assume 30m"
        )
        if every:
            return
    if found.assumed:
        yield f"A GUESS: {found.assumed}"
    yield f"ends by {show(seen.p50, zone)} with a chance of 50 %"
    yield f"        {show(seen.p80, zone)} with a chance of 80 %"
    yield f"        {show(seen.p95, zone)} with a chance of 95 %"
    yield f"window closes {show(closes, zone)}: chance to miss it {seen.chance_to_miss(closes):.1%}"
    yield _dispatched(found.anew, programme)
    if seen.backout:
        yield from back_lines(seen.backout, programme)
    yield from driver_lines(found)
    yield from _sensitivity(found)
    yield from found.calibration.words
    yield from (f"assumed: {line}" for line in seen.assumptions)


def _dispatched(anew: Redispatched | None, programme: Programme) -> str:
    if anew is None:
        return "teams are kept to their numbers by one levelled order (the second figure was left out)"
    p50, p80, p95 = (show(at, programme.zone) for at in (anew.p50, anew.p80, anew.p95))
    return f"teams dispatched anew in each of {anew.samples} samples: {p50}, {p80}, {p95}"


def back_lines(back: WayBack, programme: Programme) -> Iterator[str]:
    """Until when one can turn back, and what the gate adds to that."""
    took = f"the way back takes {show_minutes(back.length)}"
    if back.planned:
        how = f"({took} or less with a chance of {back.quantile:.0%}, by the backout plan)"
    else:
        how = f"({took}), as stated: there is no backout plan to sample"
    yield f"latest safe backout {show(back.latest, programme.zone)} {how}"
    if back.overrun is not None:
        yield f"chance that the gate {back.gate} and the way back from it pass the window: {back.overrun:.1%}"


def driver_lines(found: Outlook) -> Iterator[str]:
    """What moves the end most."""
    titles = {task.id: task.title for task in found.book.tasks}
    for driver in found.seen.drivers[:SHOWN]:
        yield f"driver: {_driver(driver, titles)}{_critical(found, driver)}"


def _driver(driver: Driver, titles: dict[str, str]) -> str:
    return f"{driver.named(titles)}: {show_minutes(driver.earlier)} earlier at its best tenth, {show_minutes(driver.later)} later at its worst"


def _critical(found: Outlook, driver: Driver) -> str:
    share = found.seen.criticality.get(driver.name) if driver.kind == "task" else None
    return "" if share is None else f" (critical in {share:.0%} of samples)"


def _sensitivity(found: Outlook) -> Iterator[str]:
    zone = found.programme.zone
    for share, other in found.together:
        what = f"{share.programme:.0%} + {share.team:.0%}" if share.programme or share.team else "not at all"
        yield f"if tasks varied together {what}: {show(other.p80, zone)} (80 %), {show(other.p95, zone)} (95 %)"
