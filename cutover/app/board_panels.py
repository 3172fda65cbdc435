"""What the board says of the other rooms: a panel each, and at its head whatever must not be overlooked.

In 2019 the load had no failures and 604 crimes were missing; referrals had halved while every system answered. So the
head of the board asks every room, and a room that does not know is told as well as one that knows of a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contingency.domain.triggers import PlayStage
from cutover.app import facts
from cutover.app.bootstrap import World
from cutover.reconciliation.findings import Verdict
from cutover.web.kit import Alert, Panel
from cutover.web.words import lasting
from monitors.ageing_service import AgeingView
from monitors.domain.composite import Class, Composite
from monitors.domain.suspicion import Stage
from runbooks.domain.weather import weather_words
from runbooks.surroundings import weather
from runbooks.web import TICK

NAMED = 3  # that many are named in a sentence, the others are counted
AT_STATIONS, TO_KEY, TO_CONVERT = (
    ("used", "live"),
    ("returned", "keyed_once", "keyed_twice", "discrepant"),
    ("verified",),
)
GRAVE = {Class.SILENT_FAILURE: "silent failure", Class.OUTAGE: "failing"}
WORDS = {**GRAVE, Class.BLIND: "not known"}


class OtherRooms:
    """For the board: health, reconciliation, plays, ways back, paper, and the surroundings of the run.

    The last result of thousands of checks is read for health. It is read again when the monitors have told a fact, and
    as often as the board renews what is said to the minute; not with each step of the run.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kinds = facts.kinds_of("monitors")
        self._health = _Held()

    def __call__(self) -> Sequence[Panel]:
        world = self._world
        return [
            *self._health_held(),
            *_reconciliation(world),
            *plays_and_ways_back(world),
            *_weather(world),
            _paper(world),
        ]

    def _health_held(self) -> Sequence[Panel]:
        journal, held = self._world.journal, self._health
        stands, head = self._world.clock.now().timestamp() // TICK, journal.head().position
        if held.stands != stands or journal.tail(held.seen, 1, self._kinds):
            held = _Held(tuple(_health(self._world)), stands, head)
        self._health = replace(held, seen=head)
        return held.panels


@dataclass(frozen=True, slots=True)
class _Held:
    """Panels, the stretch of time in which they stand, and the last fact that was looked at for them."""

    panels: Sequence[Panel] = ()
    stands: float = -1
    seen: int = 0


def plays_and_ways_back(world: World) -> Sequence[Panel]:
    """What is proposed or in force, and what going back to each old system is still worth."""
    open_ = world.contingency.plays([PlayStage.PROPOSED, PlayStage.ENACTED, PlayStage.STANDING_DOWN])
    who = {play.id: _names(world, [play.decided_by] if play.decided_by else play.deciders) for play in open_}
    rows = tuple(
        (play.title, f"{play.stage}: " + (f"by {who[play.id]}" if play.decided_by else f"waits for {who[play.id]}"))
        for play in open_
    )  # fmt: skip
    told = tuple(
        Alert("bad", f"{play.title} is proposed and waits for {who[play.id]} to decide.", "/plays")
        for play in open_
        if play.stage is PlayStage.PROPOSED
    )
    ways = tuple(
        (way.title, way.says if way.says.startswith(way.worth) else f"{way.worth}: {way.says}")
        for way in world.fallbacks.all(world.clock.now())
    )
    plays = [Panel("Plays", rows, "/plays", told)] if rows else []
    link = "/board/backout" if world.runs.run_ids() else ""
    return [*plays, *([Panel("Way back to the old system", ways, link)] if ways else [])]


def _health(world: World) -> Iterator[Panel]:
    now = world.clock.now()
    flows, ages = world.flows.all(now), world.ageing.all(now)
    parts = world.hypercare.composites(now)
    fallen = [view.flow.title for view in flows if view.alarms]
    told = [
        *(Alert("bad", f"{_title(world, part)}: {GRAVE[part.of]}. {part.says}", "/health") for part in parts if part.of in GRAVE),
        *([Alert("bad", f"Alarms to close, the work has fallen: {_listed(fallen)}.", "/health#flows")] if fallen else []),
        *_ages(ages, now),
    ]  # fmt: skip
    if blind := [_title(world, part) for part in parts if part.of is Class.BLIND]:
        told.append(
            Alert("warn", f"Not known how it stands, which is not well: {_listed(blind)}.", "/health")
        )
    if parts or ages:
        rows = tuple((_title(world, part), f"{WORDS.get(part.of) or part.of}: {part.says}") for part in parts)  # fmt: skip
        yield Panel("Health", rows, "/health", tuple(told))


def _ages(views: Iterable[AgeingView], now: datetime) -> Iterator[Alert]:
    """What waits past its standard or is in no list; and a register that nobody has looked at."""
    for view in views:
        title, of = view.check.title, view.ages
        if view.suspicion.stage is Stage.SUSPECTED:
            yield Alert(
                "bad",
                f"{title}: a suspected backlog, {view.suspicion.missing:,} in no list.",
                "/health#ageing",
            )
        if of and of.over_standard:
            oldest = f", the oldest {lasting(now - of.oldest[0].since)} old" if of.oldest else ""
            yield Alert("bad", f"{title}: {of.over_standard:,} past the standard{oldest}.", "/health#ageing")
        if view.is_stale(now):
            yield Alert("warn", f"{title}: not looked at, so nobody knows how many wait.", "/health#ageing")


def _reconciliation(world: World) -> Iterator[Panel]:
    """Each contract's last answer; only a PASS that still stands is none to worry about."""
    service, rows, told = world.reconciliation, [], []
    for contract in service.contracts.values():
        last, fallen = service.latest(contract.id), service.fallen(contract.id)
        rows.append((contract.title, "; ".join((str(last), *fallen)) if last else "not compared yet"))
        link = f"/reconciliation?contract={contract.id}"
        if last and last.verdict is not Verdict.PASS:
            told.append(Alert("bad", f"{contract.title}: {last}.", link))
        elif fallen:
            told.append(
                Alert("warn", f"{contract.title}: the PASS holds no longer: {'; '.join(fallen)}.", link)
            )
    if rows:
        yield Panel("Reconciliation", tuple(rows), "/reconciliation", tuple(told))


def _paper(world: World) -> Panel:
    """Where the sheets are, in the order of their way; what is missing at the head of the page."""
    at, count = world.paper, "{:,}".format
    missing = at.count(("missing",))
    rows = (
        ("blank at stations", count(at.count(("issued",)))),
        ("written, still at stations", count(at.count(AT_STATIONS))),
        ("returned, to be keyed", count(at.count(TO_KEY))),
        ("keyed, to go into the target", count(at.count(TO_CONVERT))),
        ("done", count(at.count(("disposed",)))),
        *((("missing", count(missing)),) if missing else ()),
    )
    words = f"{missing:,} {'sheet of paper is' if missing == 1 else 'sheets of paper are'} missing."
    return Panel("Paper", rows, "/stations", (Alert("warn", words, "/stations#missing"),) if missing else ())


def _weather(world: World) -> Sequence[Panel]:
    """What is amiss around the newest run: a gap in Prefect's picture of it, a clock that was stepped."""
    if not (runs := world.runs.run_ids()):
        return []
    said = weather_words(weather(world.desk, runs[-1]))
    return [Panel("Surroundings", tuple(("note", words) for words in said), "/journal")] if said else []


def _title(world: World, part: Composite) -> str:
    component = world.folder.programme.component(part.component)
    return component.title if component else part.component or "Of no component"


def _names(world: World, people: Iterable[str]) -> str:
    return " or ".join(world.folder.programme.name_of(person) for person in people)


def _listed(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    return f"{', '.join(titles[:NAMED])}{more}"
