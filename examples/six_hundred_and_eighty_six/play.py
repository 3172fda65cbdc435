"""Plays it: 686 un-assessed incidents are found, the gravest are done first, and nothing leaves without its proof.

Prints what was found, what was forecast on the first day, and day by day what is left. Exit 0 only when no high-risk
item waited longer than its 48 hours after it was found, no new one passed its limit, the oldest headed the list each
morning, the list was empty within the forecast, and no item was closed without a reference.

    python examples/six_hundred_and_eighty_six/play.py [FOLDER]   # FOLDER is kept, to be looked at with `cutover serve`
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contingency.domain.triage import Grade, Ranked
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.core.errors import Refused

HERE = Path(__file__).parent
SEED, FOUND = 686, 686
BEGINS = datetime(2027, 2, 15, 8, tzinfo=UTC)  # a Monday, sixteen weeks after the go-live
ASSESSORS, MINUTES = 10, 40
HOURS = range(8)  # of duty a day, also at weekends
NEW_A_DAY = 10
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMIT = timedelta(hours=48)  # the service standard, from when it was found


@dataclass
class Outcome:
    """What the play showed."""

    found: int = 0
    oldest_days: int = 0
    clerk_days: float = 0.0
    forecast_p50: float = 0.0
    forecast_p95: float = 0.0
    days: int = 0
    longest_high: timedelta = timedelta(0)
    late_new_high: int = 0
    unproved: int = 0
    refused: int = 0
    headed_by_oldest: bool = True

    @property
    def holds(self) -> bool:
        high = self.longest_high <= LIMIT and self.late_new_high == 0
        return bool(
            high and self.headed_by_oldest and self.unproved == 0 and self.refused == 2  # noqa: PLR2004
            and self.found == FOUND and self.days <= self.forecast_p95 + 1
        )  # fmt: skip


def play(folder: Path, seed: int = SEED) -> Outcome:
    """The whole story in `folder`, which becomes a programme with its journal."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"), dirs_exist_ok=True)  # fmt: skip
    source = random.Random(seed)  # noqa: S311  made-up incidents
    _write(folder / "upstream.csv", upstream(source))
    clock = FixedClock(BEGINS)
    world = build_world(folder, pace=clock, settings=Settings(database_url=""))
    try:
        return _live(world, clock, source)
    finally:
        world.engine.dispose()


def upstream(source: random.Random) -> list[tuple[str, str, str]]:
    """The upstream register: one in eight is high risk, a third were never graded, the oldest is of November."""
    rows = []
    for n in range(FOUND):
        days = 101 if n == 0 else source.triangular(1, 100, 20)
        tier = source.choices(("high", "medium", "standard", ""), (1, 3, 4, 0.2))[0]
        rows.append((f"DA-{n:04}", (BEGINS - days * DAY).isoformat(timespec="minutes"), tier))
    return rows


def _write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("key", "occurred_at", "tier"), *rows])


def _live(world: World, clock: FixedClock, source: random.Random) -> Outcome:
    seen, backlog = Outcome(), world.backlog
    seen.found = len(world.discoveries.run("unassessed", by="asha").fresh)
    seen.oldest_days = backlog.status().lines[0].oldest_age.days
    foreseen = backlog.forecast(ASSESSORS, productive_hours=len(HOURS), arrivals=_arrivals())
    last = foreseen.bands[-1]
    seen.clerk_days = foreseen.clerk_days
    seen.forecast_p50, seen.forecast_p95 = ((p / DAY if p else float("inf")) for p in (last.p50, last.p95))
    seen.refused = _refusals(world)
    while backlog.status().waiting and seen.days < 60:  # noqa: PLR2004  it ends long before
        _day(world, clock, seen, source)
    return seen


def _arrivals() -> dict[Grade, dict[str, float]]:
    return {
        Grade.HIGH: {"da_assessment": NEW_A_DAY / 5},
        Grade.STANDARD: {"da_assessment": NEW_A_DAY * 4 / 5},
    }


def _refusals(world: World) -> int:
    """What must not go: closing without a reference, and by the one who claimed it."""
    first, refused = world.backlog.next(1)[0].item.id, 0
    world.backlog.claim(first, by="bo", done="assessed by telephone")
    for who, reference in (("chen", " "), ("bo", "RA-1")):
        try:
            world.backlog.verify(first, by=who, reference=reference)
        except Refused:
            refused += 1
    world.backlog.reopen(first, by="chen", reason="no reference: it is still to do")
    return refused


def _day(world: World, clock: FixedClock, seen: Outcome, source: random.Random) -> None:
    backlog, morning = world.backlog, clock.now()
    status = backlog.status()
    seen.headed_by_oldest &= status.lines[0].oldest_age == max(line.oldest_age for line in status.lines)
    print(f"{morning:%a %d %b}: {status.waiting:4} wait, the oldest {status.lines[0].oldest_age.days} days")
    arriving = _arrived(seen.days, morning, source) if seen.days < 3 else []  # noqa: PLR2004  then the cause is mended
    for hour in HOURS:
        clock.set(morning + hour * HOUR)
        for when, tier in (
            new for new in arriving if morning + hour * HOUR <= new[0] < morning + (hour + 1) * HOUR
        ):
            row = {"key": f"new-{when:%d%H%M%S}", "occurred_at": when - HOUR, "tier": tier}
            how = world.discoveries.declared["unassessed"]
            world.discoveries.enter([row], how, by="asha", source="upstream register, live")
        for ranked in backlog.next(ASSESSORS * 60 // MINUTES):
            _assess(world, ranked, seen, clock.now())
    seen.days += 1
    clock.set(morning + DAY)


def _arrived(day: int, morning: datetime, source: random.Random) -> list[tuple[datetime, str]]:
    hours = sorted(source.uniform(0, 8) for _ in range(NEW_A_DAY))
    return [(morning + h * HOUR, "high" if n % 5 == day % 5 else "standard") for n, h in enumerate(hours)]


def _assess(world: World, ranked: Ranked, seen: Outcome, now: datetime) -> None:
    item = ranked.item
    if item.grade is Grade.HIGH:
        begun = BEGINS if "new-" not in item.id else item.since
        seen.longest_high = max(seen.longest_high, now - begun)
        seen.late_new_high += "new-" in item.id and item.due_at is not None and now > item.due_at
    world.backlog.claim(item.id, by="bo", done="assessed")
    state = world.backlog.verify(item.id, by="chen", reference=f"RA-{item.id.rpartition('/')[2]}")
    seen.unproved += not state.reference


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(tempfile.mkdtemp(prefix="686-")) / "programme"
    found = play(folder)
    print(f"found: {found.found}, the oldest {found.oldest_days} days old; {found.clerk_days:g} clerk-days")
    print(
        f"forecast on day 1: done in {found.forecast_p50:.1f} days (P95 {found.forecast_p95:.1f}); done in {found.days}"
    )
    print(
        f"the last high-risk item was assessed {found.longest_high / HOUR:.0f} hours after it was found or came in"
    )
    print(f"closed without a reference: {found.unproved}; refused: {found.refused} of 2 attempts")
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
