"""What other rooms know of the time of a run, for its review: the post-implementation review is made of both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from contingency.domain.incidents import IncidentStage
from contingency.figures import so_many, words
from contingency.hindsight.brought_back import late, limits, paper
from contingency.hindsight.claimed import by_day, loads, still_open, tallies, unverified
from contingency.hindsight.drawn import claims, modes
from contingency.hindsight.happened import alarms, causes, incidents, outages, plays
from contingency.hindsight.reading import Past, read, totals
from contingency.sources import Sources
from runbooks.domain.reviewing.review import Review
from runbooks.reviews.around import Around
from runbooks.reviews.cells import Sheet, lasts


def around(sources: Sources, review: Review, now: datetime | None = None) -> Around:
    """Everything since the run began that is not of the run itself. Reads every room once."""
    past = read(sources, review, now or sources.backlog.desk.clock.now())
    said = tallies(sources.journal, past.began)
    tables = (
        plays(past), outages(past), alarms(past), causes(past), incidents(past), paper(past), by_day(past, said), loads(past), late(past), still_open(past),
    )  # fmt: skip
    drawn = (modes(past), claims(past, said))
    return Around(
        caveats=tuple(_caveats(past)),
        head=tuple(_head(past, tables[-1])),
        drawings=tuple(drawing for drawing in drawn if drawing is not None),
        sheets=tuple(table for table in tables if table.rows),
    )


def _caveats(past: Past) -> Iterator[str]:
    if not past.alarms:
        yield "No alarm was recorded: either nothing broke, or nothing was watching."
    unexplained = sum(one.state.stage is not IncidentStage.CLOSED for one in past.incidents)
    if unexplained:
        yield f"{so_many(unexplained, 'incident has', 'incidents have')} no verified cause."
    if not past.incidents:
        yield "No incident was reported, so no alarm has a verified cause."
    ungraded = sum(s.grade is None for s in past.seen.waiting)
    if ungraded:
        yield f"{so_many(ungraded, 'form was', 'forms were')} never risk-assessed: what waited there is not known."


def _head(past: Past, left: Sheet) -> Iterator[tuple[str, str]]:
    whole = sorted(totals(past.outages, past.now).items())
    gone = "; ".join(f"{name} {words(mode)} {lasts(span)}" for (name, mode), span in whole)
    yield "Outages", gone or "none"
    written = sum(s.disposition is not None for s in past.seen.sheets)
    yield "Paper", f"{written:,} forms brought back, {len(past.seen.waiting):,} on their way"
    missed = [one for one in limits(past) if one.late(past.now)]
    open_ = sum(one.met_at is None for one in missed)
    yield "Limits missed", f"{len(missed):,}, of them {open_:,} not met yet" if missed else "none"
    yield "Claimed, not verified", unverified(past) or "nothing"
    yield "Still open", so_many(len(left.rows), "thing") if left.rows else "nothing"
