"""Plays it: a one-day upgrade of custody that goes wrong twice, badly planned and well planned.

Both Tuesdays break at the same minute and are mended after the same work. What differs is what was declared before:
who decides and after how long, serial blocks, partners told beforehand, the way back. Prints both, side by side.
Exit 0 only when the first fails and the second holds.

    python examples/upgrade_tuesday/play.py [FOLDER]   # FOLDER/first and FOLDER/second are kept
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contingency.domain.fallback import Fallback, Worth, worth
from contingency.domain.triggers import PlayStage
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from monitors.domain.check import critical, ok
from paper_capture.domain.moves import UsedSheet

HERE = Path(__file__).parent
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BREAKS, WORK = 40 * MINUTE, 150 * MINUTE  # after the upgrade began; hands on the repair once somebody decides
ARRESTS = 20 * MINUTE  # one detainee every so often
AWAY = 3 * HOUR  # the one decider is in court, his telephone off
FALLBACK = Fallback(component="custody", good_for=2 * HOUR, gone_after=6 * HOUR)


@dataclass
class Tuesday:
    """What one Tuesday came to."""

    name: str
    told_before: int = 0
    decided_after: timedelta = timedelta(0)
    without_serial: int = 0
    with_serial: int = 0
    back_at: datetime | None = None
    closes: datetime | None = None
    fallback: Worth = Worth.GOOD
    refused: list[str] = field(default_factory=list)
    handed_over: int = 0

    @property
    def failures(self) -> list[str]:
        """Everything that speaks against it."""
        found = []
        if self.told_before < 2:  # noqa: PLR2004  both partners
            found.append(f"{2 - self.told_before} partners heard of it from their own staff")
        if self.without_serial:
            found.append(f"{self.without_serial} detainees on scrap paper without a serial")
        if self.decided_after > 30 * MINUTE:
            found.append(f"nobody decided for {self.decided_after // MINUTE} minutes")
        if self.back_at and self.closes and self.back_at > self.closes:
            found.append(f"back {(self.back_at - self.closes) // MINUTE} minutes after the window had closed")
        return found


def play(folder: Path) -> tuple[Tuesday, Tuesday]:
    """Both Tuesdays, each in a programme of its own."""
    return _tuesday(folder / "first"), _tuesday(folder / "second")


def _tuesday(folder: Path) -> Tuesday:
    if (folder / "state").exists():
        raise SystemExit(f"{folder} was played already: name another folder")
    shutil.copytree(HERE / folder.name, folder, ignore=shutil.ignore_patterns("state"), dirs_exist_ok=True)
    world = build_world(
        folder, pace=FixedClock(datetime(2027, 1, 1, tzinfo=UTC)), settings=Settings(database_url="")
    )
    assert isinstance(world.clock, FixedClock)
    try:
        return _live(world, world.clock, folder.name)
    finally:
        world.engine.dispose()


def _live(world: World, clock: FixedClock, name: str) -> Tuesday:
    programme, prepared = world.folder.programme, name == "second"
    seen, begun = Tuesday(name, closes=programme.closes), programme.opens + HOUR
    if prepared:
        clock.set(programme.opens - timedelta(days=4))
        seen.told_before = _tell(world)
    clock.set(begun + BREAKS)
    world.monitors.record("custody-health", critical("the new version does not start"), clock.now())
    broke = clock.now()
    _until_decided(world, clock, broke, prepared=prepared)
    seen.decided_after = clock.now() - broke
    seen.fallback = worth(FALLBACK, clock.now() - begun)
    serials = _detained(world, clock, broke, clock.now() + WORK)
    seen.with_serial, seen.without_serial = (
        len(serials),
        round((WORK + seen.decided_after) / ARRESTS) - len(serials),
    )
    clock.set(broke + seen.decided_after + WORK)
    world.monitors.record("custody-health", ok("mended"), clock.now())
    _stand_down(world, clock, seen, serials)
    seen.back_at = clock.now()
    return seen


def _tell(world: World) -> int:
    """Four days before: what is done on Tuesday, and how custody works if it goes wrong; both say that they have it."""
    told = world.bulletins.tell(
        ["prosecutor", "victim-support"],
        "Upgrade on Tuesday",
        "Custody is upgraded from 10. Plan B: paper.",
        by="asha",
        key="upgrade",
    )
    for notice in told:
        world.bulletins.acknowledge(notice, by="partner")
    return len(told)


def _until_decided(world: World, clock: FixedClock, broke: datetime, *, prepared: bool) -> None:
    """The watch looks every minute; whoever may decide does, when they can be reached."""
    while not world.contingency.plays([PlayStage.ENACTED]):
        clock.advance(MINUTE)
        world.contingency.watch()
        if not world.contingency.plays([PlayStage.PROPOSED]):
            continue
        if prepared:
            _say(world, "ruth")
            _say(world, "asha")  # refused until her time has come
        elif clock.now() - broke >= AWAY:
            _say(world, "chen")


def _say(world: World, who: str) -> None:
    with suppress(Refused):  # not yet, or already said
        world.contingency.enact("on-paper", by=who, reason="custody does not start")


def _detained(world: World, clock: FixedClock, since: datetime, until: datetime) -> list[str]:
    """Detainees while custody is away; where there are serial blocks each is on a sheet of its own."""
    blank = [s.serial for s in world.paper.sheets(["issued"])]
    used, at = list[str](), since
    while at < until and blank:
        at += ARRESTS
        clock.set(at)
        serial = blank.pop(0)
        station = world.paper.sheet(serial).station
        hours = {"arrested_at": at - HOUR, "arrived_at": at - 30 * MINUTE, "authorised_at": at}
        values = {name: moment.isoformat() for name, moment in hours.items()}
        texts = {
            "detainee": f"Person {len(used)}",
            "authorised_by": "PS Hill",
            "offence": "theft",
            "grounds": "evidence",
        }
        world.paper.log_used(
            [
                UsedSheet(
                    serial=serial,
                    station=station,
                    writer="bo",
                    occurred_at=at,
                    written_at=at,
                    values={**values, **texts},
                )
            ],
            by="bo",
        )
        used.append(serial)
    return used


def _stand_down(world: World, clock: FixedClock, seen: Tuesday, serials: list[str]) -> None:
    plays, book = world.contingency, world.folder.plays
    lines = [line.id for line in book.plays["on-paper"].stand_down]
    if serials:
        plays.do_step("on-paper", "packs-out", by="bo")
        try:
            plays.stand_down("on-paper", by="chen", checklist=lines)
        except Refused as error:
            seen.refused += [str(reason) for reason in error.reasons]
    for serial in serials:
        seen.handed_over += _hand_over(world, clock, serial)
    plays.stand_down("on-paper", by="chen", checklist=lines)
    if (
        not serials
    ):  # nothing was prepared: eleven scraps to find, read and key before anybody trusts the list
        clock.advance(seen.without_serial * 10 * MINUTE)


def _hand_over(world: World, clock: FixedClock, serial: str) -> int:
    """The custody officer signs that the live record has the sheet's clocks, to the minute."""
    clock.advance(2 * MINUTE)
    clocks = world.contingency.clocks_of(serial)
    world.contingency.hand_over(
        "on-paper", serial, by="bo", signed_by="PS Hill", reference=f"CU-{serial}", clocks=clocks
    )
    return 1


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(tempfile.mkdtemp(prefix="upgrade-tuesday-"))
    first, second = play(folder)
    for one in (first, second):
        print(
            f"{one.name}: decided after {one.decided_after // MINUTE} min; partners told before: {one.told_before} of 2; "
            f"on serials {one.with_serial}, on scrap {one.without_serial}; handed over live {one.handed_over}; "
            f"the old version was {one.fallback} to go back to when it was decided; back at {one.back_at:%H:%M}Z"
        )
        for failure in one.failures:
            print(f"  against it: {failure}")
        if one.refused:
            print(
                f"  standing down was refused at first, {len(one.refused)} reasons, such as: {one.refused[0]}"
            )
    held = bool(first.failures) and not second.failures and second.handed_over == second.with_serial > 0
    print("holds: the first failed, the second succeeded" if held else "DOES NOT HOLD")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
