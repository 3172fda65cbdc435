"""Question 3: is there a plan to clear what waits, and what did it come to?"""

from __future__ import annotations

from collections.abc import Iterator

from contingency.backlogs import TO_KEY
from contingency.domain.clearance import Clearance, Forecast
from contingency.domain.conversion import Progress
from contingency.figures import Answer, Figure, Record, age, count, so_many
from contingency.sources import Seen, TracedSheet
from cutover.core.clock import show

QUESTION = "Is there a plan to reduce the backlogs and return to the level before the change?"
_DONE = (Progress.CONVERTED, Progress.MERGED, Progress.LINKED, Progress.REJECTED)


def reduction(seen: Seen) -> Answer:
    return Answer(
        number=3,
        question=QUESTION,
        finding=_finding(seen),
        figures=(*_forecast(seen), *_measured(seen), *_open_ends(seen), *_result(seen)),
        gaps=tuple(_unplanned(seen)),
    )


def _finding(seen: Seen) -> str:
    plan, done = seen.forecast, [s for s in seen.sheets if s.disposed_at is not None]
    if seen.waiting and plan is not None:
        return (
            f"{so_many(len(seen.waiting), 'form waits', 'forms wait')}; keying the {plan.forms:,} not keyed yet is "
            f"{plan.clerk_days:,.1f} clerk-days: {_by_when(plan, seen)} ({plan.assumption})."
        )
    if seen.waiting:
        return f"{so_many(len(seen.waiting), 'form waits', 'forms wait')} and nobody is named to key them."
    if done:
        last = max(s.disposed_at for s in done if s.disposed_at)
        return (
            f"All {len(done):,} paper forms are cleared, the last one on {show(last, seen.programme.zone)}."
        )
    return "No paper form waits and none was ever brought back."


def _by_when(plan: Forecast, seen: Seen) -> str:
    busy = [band for band in plan.bands if band.forms]
    if not busy:
        return "nothing is left to key"
    last = busy[-1]
    if last.p50 is None or last.p80 is None or last.p95 is None:
        return "never at this rate"
    dates = [
        show(seen.now + p, seen.programme.zone, "%a %d %b %H:%M") for p in (last.p50, last.p80, last.p95)
    ]
    return f"done by {dates[0]} (P50), {dates[1]} (P80), {dates[2]} (P95)"


def _forecast(seen: Seen) -> Iterator[Figure]:
    if seen.forecast is None:
        return
    to_key = [s for s in seen.waiting if s.stage in TO_KEY]
    records = tuple(map(seen.of_sheet, to_key))
    yield Figure(label="Clerk-days left to key", value=seen.forecast.clerk_days, records=records)
    for band in (b for b in seen.forecast.bands if b.forms):
        yield _band(seen, band, [s for s in to_key if s.grade == band.band])


def _band(seen: Seen, band: Clearance, sheets: list[TracedSheet]) -> Figure:
    label = f"{str(band.band).capitalize()} risk keyed within (P50, P80, P95)"
    records = tuple(map(seen.of_sheet, sheets))
    if band.p50 is None or band.p80 is None or band.p95 is None:
        concern = f"the {band.forms:,} {band.band}-risk forms are never cleared at this rate"
        return Figure(label=label, value="never", records=records, concern=concern)
    return Figure(
        label=label, value=", ".join(age(p) for p in (band.p50, band.p80, band.p95)), records=records
    )


def _measured(seen: Seen) -> Iterator[Figure]:
    timed = [s for s in seen.sheets if s.minutes > 0]
    mean = sum(s.minutes for s in timed) / len(timed) if timed else None
    yield Figure(
        label="Minutes to key a form, measured", value=mean, records=tuple(map(seen.of_sheet, timed))
    )


def _open_ends(seen: Seen) -> Iterator[Figure]:
    rows = seen.conversions
    begun = (seen.of_conversion(r) for r in rows if r.progress is Progress.BEGUN)
    yield count(
        "Sent to the target without an answer",
        begun,
        ("record was sent and has no answer", "records were sent and have no answer"),
    )
    matched = (seen.of_conversion(r) for r in rows if r.progress is Progress.MATCHED)
    yield count(
        "Possible duplicates that wait for a person",
        matched,
        ("possible duplicate waits for a person", "possible duplicates wait for a person"),
    )


def _result(seen: Seen) -> Iterator[Figure]:
    for progress in _DONE:
        of_kind = [seen.of_conversion(r) for r in seen.conversions if r.progress is progress]
        if of_kind:
            yield count(f"Records {progress}", of_kind)
    done = [s for s in seen.sheets if s.disposed_at is not None and s.occurred_at is not None]
    if done and not seen.waiting:
        ends = [s.disposed_at for s in done if s.disposed_at]
        starts = [s.occurred_at for s in done if s.occurred_at]
        label = "From the first form's event to the last form in the target"
        yield Figure(label=label, value=age(max(ends) - min(starts)), records=_ends(seen, done))


def _ends(seen: Seen, done: list[TracedSheet]) -> tuple[Record, Record]:
    first = min(done, key=lambda s: (str(s.occurred_at), s.serial))
    last = max(done, key=lambda s: (str(s.disposed_at), s.serial))
    return seen.of_sheet(first), seen.of_sheet(last)


def _unplanned(seen: Seen) -> Iterator[str]:
    if seen.forecast is None and seen.waiting:
        yield "no team of keyers is named in the programme, so there is no forecast"
    if seen.items:
        yield f"{so_many(len(seen.items), 'register item has', 'register items have')} no forecast of when they will be done"
    if seen.unmatched:
        yield f"{so_many(len(seen.unmatched), 'migrated record is', 'migrated records are')} still missing or different"
