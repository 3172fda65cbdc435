"""`cutover backlog`: what waits, what comes next and why, when it is cleared, and how it got into the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder, Owner, Reason
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem

if TYPE_CHECKING:
    from contingency.backlogs import BacklogService
    from contingency.discoveries import DiscoveryService, Found
    from contingency.domain.clearance import Forecast
    from contingency.domain.staffing import Staff
    from cutover.web.tokens import Tokens

MOST_HOURS = 24
SCOPE = "backlog"  # what a token must be made for to tell items


@dataclass(frozen=True, slots=True)
class BacklogDoors:
    """What the commands open: the register, where items are looked for, and who keys (or would, by the shifts given)."""

    backlog: Callable[[Path], BacklogService]
    discoveries: Callable[[Path], DiscoveryService]
    staff: Callable[[Path, Sequence[str]], Staff]
    tokens: Callable[[Path], Tokens] | None = None


def backlog_commands(doors: BacklogDoors) -> App:
    """The `backlog` commands."""
    app = App(name="backlog", help="What waits, what comes next and why, when it will be cleared.")
    _reading(app, doors)
    _forecasting(app, doors)
    _moving(app, doors)
    _discovering(app, doors)
    if doors.tokens is not None:
        _telling(app, doors.tokens)
    return app


def _telling(app: App, tokens: Callable[[Path], Tokens]) -> None:
    @app.command
    def token(programme: Folder = Path(), json: AsJson = False) -> None:
        """Make a token with which a program tells items at /api/v1/backlog; it is shown once."""
        made = tokens(programme).issue(SCOPE)
        answer({"scope": SCOPE, "token": made}, as_json=json, text=[made])


def _reading(app: App, doors: BacklogDoors) -> None:
    @app.command
    def status(programme: Folder = Path(), json: AsJson = False) -> None:
        """What waits by kind and risk, headed by the oldest."""
        found = doors.backlog(programme).status()
        answer(found, as_json=json, text=[f"{found.waiting:,} waiting"])
        if not json:
            rows = (
                (a.item_type, a.tier, a.waiting, _span(a.oldest_age), a.oldest, a.late) for a in found.lines
            )
            table("Backlog", ("kind", "risk", "waiting", "oldest", "which", "past its limit"), rows)

    @app.command(name="next")
    def next_(
        limit: Annotated[int, Parameter(help="how many at most")] = 10,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """What to do next, and why."""
        ranked = doors.backlog(programme).next(limit)
        answer(ranked, as_json=json, text=[] if ranked else ["nothing waits"])
        if ranked and not json:
            rows = ((r.place, r.item.id, r.item.form_type, r.why) for r in ranked)
            table("Next", ("place", "item", "kind", "why"), rows)

    @app.command
    def why(key: Item, programme: Folder = Path(), json: AsJson = False) -> None:
        """Why an item or sheet stands where it stands: how many come before it, and for which reason."""
        place = doors.backlog(programme).why(key)
        lines = [f"{n:,} {reason}" for reason, n in place.before.items() if n] or ["nothing comes before it"]
        answer(place, as_json=json, text=[f"{key}: {place.why}", *lines])


Item = Annotated[str, Parameter(help="the item, by its key: `cutover backlog next`")]
Shifts = Annotated[list[str] | None, Parameter(name="--shift", negative="", help="keyers by shift instead, such as 'mon-fri 07:00-19:00 24'; repeat")]  # fmt: skip
WhatIf = Annotated[list[float] | None, Parameter(name="--what-if", negative="", help="other numbers of keyers")]  # fmt: skip
Minutes = Annotated[list[float] | None, Parameter(name="--minutes", negative="", help="what if a form took so many minutes")]  # fmt: skip


def _forecasting(app: App, doors: BacklogDoors) -> None:
    @app.command
    def forecast(
        keyers: Annotated[
            float | None, Parameter(help="default: the shifts or teams of the programme")
        ] = None,
        *,
        shift: Shifts = None,
        productive_hours: Annotated[float, Parameter(help="hours a day in which a keyer keys")] = 6.0,
        what_if: WhatIf = None,
        minutes: Minutes = None,
        arriving: Annotated[
            bool, Parameter(negative="", help="count what arrived in the last week on")
        ] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """When what is still to key will be keyed by so many keyers, by risk. Exit 1 when some of it never will."""
        _check_wishes([keyers or 0, *(what_if or [])], productive_hours, minutes or [])
        backlog = doors.backlog(programme)
        staff = doors.staff(programme, shift or []) if keyers is None or shift else keyers
        arrivals = backlog.arrivals() if arriving else None
        found = [
            (_named(crew, each), backlog.forecast(crew, productive_hours=productive_hours, arrivals=arrivals, minutes=each))
            for crew in (staff, *(what_if or []))
            for each in (None, *(minutes or ()))
        ]  # fmt: skip
        if json:
            first, *others = ({"of": name, "forecast": one} for name, one in found)
            answer({**first, "what_if": others}, as_json=True)
        else:
            for name, one in found:
                _show(name, one)
        return NO if any(band.never for band in found[0][1].bands) else DONE


def _check_wishes(keyers: list[float], productive_hours: float, minutes: list[float]) -> None:
    """Raises Invalid for what no desk can have."""
    if min(keyers) < 0 or not 0 < productive_hours <= MOST_HOURS or min(minutes, default=1) <= 0:
        what = "keyers must not be negative, productive hours a day between 0 and 24, minutes more than 0"
        raise Invalid(Problem(what, field="keyers, productive-hours, minutes"))


def _named(crew: float | Staff, minutes: float | None) -> str:
    return (f"{crew:g} keyers" if isinstance(crew, float | int) else str(crew)) + (
        f", {minutes:g} minutes a form" if minutes else ""
    )


def _show(name: str, found: Forecast) -> None:
    answer(
        None,
        as_json=False,
        text=[f"{name}: {found.forms:,} forms, {found.clerk_days:g} clerk-days ({found.assumption})"],
    )
    if found.arrivals_exceed_rate:
        answer(None, as_json=False, text=["! more arrives than is keyed: it never clears"])
    if found.shifts:
        shifts = (
            (
                s.title,
                s.days,
                f"{s.opens:%H:%M}-{s.closes:%H:%M}",
                f"{s.keyers:g}",
                f"{s.minutes / 60:,.0f} h",
            )
            for s in found.shifts
        )
        table("Keyers by shift", ("shift", "days", "hours", "keyers", "work keyed in one"), shifts)
    rows = ((b.band, b.forms, b.clerk_days, *(_span(p) for p in (b.p50, b.p80, b.p95))) for b in found.bands)
    table("Clearance", ("risk", "forms", "clerk-days", "P50", "P80", "P95"), rows)


def _moving(app: App, doors: BacklogDoors) -> None:
    @app.command
    def assign(key: Item, *, owner: Owner, by: By, programme: Folder = Path(), json: AsJson = False) -> None:
        """Say who answers for an item."""
        state = doors.backlog(programme).assign(key, by=by, owner=owner)
        answer(state, as_json=json, text=[f"{key}: {owner} answers for it"])

    @app.command
    def claim(
        key: Item,
        *,
        done: Annotated[str, Parameter(help="what was done")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say that an item is done, and what was done; somebody else verifies it."""
        state = doors.backlog(programme).claim(key, by=by, done=done)
        answer(state, as_json=json, text=[f"{key}: claimed by {by}, not verified"])

    @app.command
    def verify(
        key: Item,
        *,
        reference: Annotated[str, Parameter(help="its number in the target")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Close a claimed item with the reference that proves it. Exit 1 without one, or for whoever claimed it."""
        state = doors.backlog(programme).verify(key, by=by, reference=reference)
        answer(state, as_json=json, text=[f"{key}: closed with {reference}"])

    @app.command
    def reopen(
        key: Item, *, reason: Reason, by: By, programme: Folder = Path(), json: AsJson = False
    ) -> None:
        """Put a claimed or closed item back on the list, with the reason."""
        state = doors.backlog(programme).reopen(key, by=by, reason=reason)
        answer(state, as_json=json, text=[f"{key}: open again"])


def _discovering(app: App, doors: BacklogDoors) -> None:
    @app.command
    def discover(
        name: Annotated[str, Parameter(help="a discovery of contingency/*.yaml; none: every one")] = "",
        *,
        by: By,
        csv: Annotated[
            Path | None, Parameter(help="a CSV file with a head: key, occurred_at, tier …")
        ] = None,
        item_type: Annotated[str, Parameter(help="the kind of the rows of a CSV that says none")] = "",
        balances: Annotated[
            bool, Parameter(negative="", help="enter what broken sums say is missing")
        ] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Enter what waits into the register: from queries, files and broken sums. Exit 1 when rows could not be read."""
        service = doors.discoveries(programme)
        if csv is not None:
            found = [_from_csv(service, csv, item_type, by)]
        elif balances:
            found = [service.balances(by=by)]
        else:
            found = [service.run(one, by=by) for one in ([name] if name else service.declared)]
        lines = [f"{f.discovery}: {f.read:,} read, {len(f.fresh):,} new" for f in found]
        faults = [f"! {f.discovery}: {fault}" for f in found for fault in f.faults]
        answer(
            found,
            as_json=json,
            text=[*(lines or ["nothing is declared: contingency/*.yaml, discoveries"]), *faults],
        )
        return NO if faults else DONE


def _from_csv(service: DiscoveryService, path: Path, item_type: str, by: str) -> Found:
    return service.csv(path.resolve(), service.plain(path.stem, item_type), by=by)


def _span(span: timedelta | None) -> str:
    return "never" if span is None else show_duration(timedelta(minutes=span // timedelta(minutes=1)))
