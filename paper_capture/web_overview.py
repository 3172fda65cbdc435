"""`/stations` for supervisors: how many sheets of each station are out, used, spoiled, missing, and what does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.web.kit import Page, Query
from cutover.web.words import moment
from paper_capture.station_view import Checked, Counts, StationViews
from paper_capture.web_sheet import held_words

SHOWN = 100


@dataclass(frozen=True, slots=True)
class StationLine:
    """One station."""

    id: str
    title: str
    counts: Counts
    breaches: int


@dataclass(frozen=True, slots=True)
class StationsPage:
    """What `stations.html` reads; `identities` are those that hold, of how many.

    `checked` says how old that is; counts, `undecided`, `held` and `live` are as they stand.
    """

    now: str
    stations: tuple[StationLine, ...]
    total: Counts
    holds: int
    identities: int
    breaches: tuple[str, ...]
    more: int
    checked: str
    undecided: int
    held: tuple[tuple[str, str], ...]
    live: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]


def overview_page(views: StationViews, programme: Programme, clock: Clock) -> Page:
    """Counts and numbers only: nothing that was written."""

    def build(query: Query) -> StationsPage:
        del query
        checked = views.checked()
        found = checked.account.identities
        breaches = views.all_breaches()
        lines = tuple(
            StationLine(
                name, programme.station_title(name), counts, sum(f"({name})" in said for said in breaches)
            )
            for name, counts in views.counts().items()
        )
        holds = sum(one.holds for one in found)
        held, live, missing = views.aside()
        return StationsPage(
            moment(clock.now(), programme.zone), lines, _total(lines), holds, len(found),
            tuple(breaches[:SHOWN]), max(0, len(breaches) - SHOWN), _age(views, checked, programme.zone),
            views.undecided(), tuple((r.serial, f"{r.station}: {held_words(r, programme.zone)}") for r in held), tuple((r.serial, r.station) for r in live),
            tuple((r.serial, f"{programme.station_title(r.station)}: {r.reason}, on the word of {programme.name_of(r.decided_by)}") for r in missing[:SHOWN]),
        )  # fmt: skip

    return Page("/stations", "paper_capture", "stations.html", StationsPage, build, label="Stations")


def _age(views: StationViews, checked: Checked, zone: str) -> str:
    """How old the answer is to what holds."""
    if views.is_whole(checked):
        return "What holds is worked out from everything recorded until now."
    return f"What holds was worked out {moment(checked.at, zone)}; what was recorded since is not in it yet: look again in some seconds."


def _total(lines: tuple[StationLine, ...]) -> Counts:
    names = ("issued", "outstanding", "used", "returned", "spoiled", "unused", "missing")
    return Counts("", **{name: sum(getattr(line.counts, name) for line in lines) for name in names})
