"""Plays it: every incident of the first 62 hours, as symptom and cause, and none closed without evidence.

Replays the log of a real service desk (UCI incident event log) from the file that is named, in place, when it is
there; without one, a made-up log of the same shape. A desk's closing code is a claim and no evidence: closing on it
alone is refused, each time. Exit 0 only when every incident is there once, within its 62 hours, and none that is
closed lacks evidence or a second person.

    python examples/first_62_hours/play.py [FOLDER] [LOG.csv]
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contingency.domain.incidents import Cause, ReportIncident
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.core.errors import Refused

HERE = Path(__file__).parent
LOG = HERE.parents[2] / "shared" / "data" / "uci_incident" / "incident_event_log_extract.csv"
WINDOW_CLOSED = datetime(2026, 10, 26, 21, tzinfo=UTC)
AGAIN = 0.05  # of the incidents are reopened
HOURS_62 = timedelta(hours=62.5)  # the log itself says 62.3
# What a desk's closing code says of the cause is assumed here; a force writes its own table.
CAUSES = {
    "code 6": Cause.TECHNOLOGY,
    "code 7": Cause.PRACTICE,
    "code 8": Cause.DATA,
    "code 9": Cause.TRAINING,
    "code 5": Cause.USER_ERROR,
}


@dataclass(frozen=True)
class Ticket:
    """One incident of the log: when it was opened, resolved and closed, how often reopened, with which code."""

    number: str
    opened: datetime
    closed: datetime
    symptom: str
    area: str
    urgency: int
    code: str
    reopened: int


@dataclass
class Outcome:
    """What the play showed."""

    source: str = ""
    reported: int = 0
    within: timedelta = timedelta(0)
    busiest_hour: int = 0
    closed: int = 0
    unproved: int = 0
    refused: int = 0
    user_errors_refused: int = 0
    reopened: int = 0
    causes: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        all_there = self.reported == self.closed > 0 and self.within <= HOURS_62
        return all_there and self.unproved == 0 and self.refused == self.reported


def play(folder: Path, log: Path | None = LOG) -> Outcome:
    """The whole log through a programme of its own in `folder`."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"), dirs_exist_ok=True)  # fmt: skip
    real = log is not None and log.exists()
    tickets = list(read(log)) if real and log else made_up()
    clock = FixedClock(max(ticket.closed for ticket in tickets))
    world = build_world(folder, pace=clock, settings=Settings(database_url=""))
    try:
        seen = _replay(world, tickets)
    finally:
        world.engine.dispose()
    seen.source = log.name if real and log else "a made-up log"
    return seen


def read(log: Path) -> Iterator[Ticket]:
    """Each incident of the log once, its hours moved to where the window closed."""
    rows: dict[str, list[dict[str, str]]] = {}
    with log.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["number"], []).append(row)
    first = min(_at(of[0]["opened_at"]) for of in rows.values())
    for number, of in rows.items():
        last, opened = of[-1], _at(of[0]["opened_at"])
        closed = max(_at(row["sys_updated_at"]) for row in of)
        yield Ticket(
            number, WINDOW_CLOSED + (opened - first), WINDOW_CLOSED + (max(closed, opened) - first), f"{last['category']}, {last['contact_type']}",
            last["assignment_group"], _digit(last["urgency"]), last["closed_code"], int(last["reopen_count"]),
        )  # fmt: skip


def made_up(count: int = 890, seed: int = 62) -> list[Ticket]:
    """A log of the same shape: by day and night, one in twenty reopened."""
    source = random.Random(seed)  # noqa: S311  a made-up log
    tickets = []
    for n in range(count):
        opened = WINDOW_CLOSED + timedelta(hours=source.triangular(0, 62, 40))
        closed = opened + timedelta(hours=source.expovariate(1 / 60))
        code = source.choice([*CAUSES, "code 11"])
        tickets.append(
            Ticket(
                f"INC{n:07}",
                opened,
                closed,
                "as told",
                "desk",
                source.randint(1, 3),
                code,
                int(source.random() < AGAIN),
            )
        )
    return tickets


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _digit(text: str) -> int:
    return int(text[0]) if text[:1] in ("1", "2", "3") else 2


def _replay(world: World, tickets: list[Ticket]) -> Outcome:
    seen, incidents = Outcome(), world.incidents
    incidents.take_all(
        [
            (
                t.number,
                t.opened,
                ReportIncident(by="service desk", symptom=t.symptom, area=t.area, urgency=t.urgency),
            )
            for t in tickets
        ]
    )
    for ticket in tickets:
        _close(world, ticket, seen)
    sum_ = incidents.sum()
    seen.reported = len(incidents.all())
    seen.within = max(t.opened for t in tickets) - min(t.opened for t in tickets)
    seen.busiest_hour = _busiest(t.opened for t in tickets)
    seen.closed, seen.unproved, seen.reopened, seen.causes = (
        sum_.stages.get("closed", 0),
        sum_.unproved,
        sum_.reopened,
        sum_.causes,
    )
    return seen


def _close(world: World, ticket: Ticket, seen: Outcome) -> None:
    """As the desk closed it: first on its code alone, which is refused; then on the record of what was found."""
    incidents, at = world.incidents, ticket.closed
    cause = CAUSES.get(ticket.code, Cause.NOT_REPRODUCED)
    record = f"work record {ticket.number}, closed {at:%d %b %H:%M}, {ticket.code}"
    try:
        incidents.claim(ticket.number, cause, by="bo", at=at)
    except Refused:
        seen.user_errors_refused += 1
        incidents.claim(ticket.number, cause, by="bo", evidence=record, at=at)
    try:
        incidents.verify(ticket.number, by="chen", evidence="", at=at)
    except Refused:
        seen.refused += 1
    if ticket.reopened:
        incidents.reopen(ticket.number, by="service desk", reason="it is there again", at=at)
        incidents.claim(ticket.number, cause, by="bo", evidence=record, at=at)
    incidents.verify(ticket.number, by="chen", evidence=record, at=at)


def _busiest(moments: Iterable[datetime]) -> int:
    return max(Counter(at.replace(minute=0, second=0) for at in moments).values())


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(tempfile.mkdtemp(prefix="first-62-")) / "programme"
    found = play(folder, Path(arguments[1]) if len(arguments) > 1 else LOG)
    print(
        f"{found.source}: {found.reported} incidents within {found.within / timedelta(hours=1):.1f} h, at most {found.busiest_hour} in an hour"
    )
    print(
        f"closed: {found.closed}, of them without evidence or a second person: {found.unproved}; reopened: {found.reopened}"
    )
    print(
        f"closing on a code alone: refused {found.refused} times; 'user error' without evidence: refused {found.user_errors_refused} times"
    )
    print("causes: " + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sorted(found.causes.items())))
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
