"""The people of a rehearsal beyond the runbook: deciders, clerks, custody staff. They use the commands a person types.

Each is a function of the journal and the time, so whoever is killed and started again does only what is left.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from contingency.domain.triage import order
from contingency.domain.triggers import PlayStage
from contingency.sheets import waiting
from cutover.app.bootstrap import World
from cutover.domain.gates import Verdict
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.range.cast import Cast, poisson
from monitors.domain.check import Status
from monitors.forwarder import Forwarder
from monitors.session import Session
from paper_capture.domain.moves import Entry
from paper_capture.domain.sheet import Stage
from paper_capture.tables import SheetRow

TRIES = 5
SAME_PERSON = 0.9  # alike: below it, whoever compares the two sees another name or another birthday
SORTED_EVERY = 6  # hours between two sortings of what lies on the desks
LONG_FIELDS = ("account", "grounds", "authorised_by")  # where the second keyer of a rehearsal slips
Say = Callable[[Sequence[str]], None]
"""Types one command; raises what the command raises."""


class CommandHands:
    """Does to a run what people do, by typing `cutover run …` and `cutover gate …`."""

    def __init__(self, say: Say, run_id: str) -> None:
        self.say = say
        self.run_id = run_id

    def claim(self, task: str, by: str) -> None:
        self.say(["run", "claim", task, "--by", by, "--run", self.run_id])

    def done(self, task: str, by: str, evidence: str) -> None:
        self.say(["run", "done", task, "--by", by, "--evidence", evidence, "--run", self.run_id])

    def vote(self, task: str, by: str, vote: Verdict, caveat: str) -> None:
        self.say(["gate", "vote", task, str(vote), "--by", by, "--caveat", caveat, "--run", self.run_id])

    def acknowledge(self, task: str, condition: str, by: str) -> None:
        self.say(["gate", "condition", "read", task, condition, "--by", by, "--run", self.run_id])

    def testify(self, task: str, criterion: str, by: str, detail: str) -> None:
        self.say(
            ["gate", "evidence", task, criterion, "met", "--by", by, "--detail", detail, "--run", self.run_id]
        )


def decide_plays(world: World, cast: Cast, say: Say, now: datetime) -> None:
    """The named decider enacts what is proposed and stands down what has held."""
    for play in world.contingency.plays([PlayStage.PROPOSED, PlayStage.ENACTED]):
        if (
            play.stage is PlayStage.PROPOSED
            and play.proposed_at
            and now >= play.proposed_at + cast.enact_after
        ):
            say(
                [
                    "contingency",
                    "enact",
                    play.play,
                    "--by",
                    play.deciders[0],
                    "--reason",
                    "the outage will outlast a restart",
                ]
            )
        elif play.stage is PlayStage.ENACTED and _has_held(world, play.trigger, cast.stand_down_after, now):
            lines = [part for line in play.open_lines for part in ("--line", line)]
            say(["contingency", "stand-down", play.play, "--by", play.decided_by, *lines])


def _has_held(world: World, trigger: str, span: timedelta, now: datetime) -> bool:
    view = world.monitors.state(world.folder.plays.triggers[trigger].monitor)
    return view.hard is Status.OK and view.hard_since is not None and now >= view.hard_since + span


class Clerks:
    """Desks that key returned paper, in the order of risk, at the speed each form takes."""

    def __init__(self, world: World, cast: Cast, say: Say) -> None:
        self.world = world
        self.cast = cast
        self.say = say
        self._pile: deque[SheetRow] = deque()

    def key(self, hour: int, minutes: float) -> int:
        """Key what `minutes` of all desks allow; returns how many passes were entered."""
        paper, dice = self.world.paper, Random(f"{self.cast.seed}:keying:{hour}")  # noqa: S311
        if not self._pile or hour % SORTED_EVERY == 0:
            self._sort()
        left, entries, again = minutes * self.cast.desks, list[Entry](), list[SheetRow]()
        while self._pile and left > 0:
            row = self._pile.popleft()
            entry = self._pass(row, dice)
            left -= entry.minutes
            entries.append(entry)
            if row.stage is Stage.RETURNED and row.passes > 1:
                again.append(replace(row, stage=Stage.KEYED_ONCE))
        self._pile.extendleft(reversed(again))
        if entries:
            paper.enter(entries)
        for row in paper.sheets(["discrepant"]):
            values = {d.field: d.first for d in row.discrepancies}
            paper.adjudicate(row.serial, by=self.cast.supervisor, values=values)
        return len(entries)

    def _sort(self) -> None:
        """Put what lies on the desks in the order of risk: the same order as `cutover backlog next`."""
        book, now = self.world.folder.plays, self.world.clock.now()
        rows = {row.serial: row for row in self.world.paper.sheets(["returned", "keyed_once"])}
        ranked = order([waiting(row, book.clocks, now) for row in rows.values()], now, book.triage)
        self._pile = deque(rows[r.item.id] for r in ranked)

    def confirm(self) -> int:
        """The supervisor looks at each record that may be in the target already: the same person, or another one."""
        matches = self.world.conversions.matches()
        for serial, found in matches:
            best = max(found, key=lambda candidate: candidate.score)
            same = best.score >= SAME_PERSON
            verdict = ["--merge", best.reference] if same else ["--distinct"]
            why = best.reason if same else f"another person: {best.reason}"
            self.say(["convert", "match", serial, *verdict, "--reason", why, "--by", self.cast.supervisor])
        return len(matches)

    def _pass(self, row: SheetRow, dice: Random) -> Entry:
        number = 2 if row.stage is Stage.KEYED_ONCE else 1
        planned = self.world.folder.forms[row.form_type].minutes
        values: dict[str, Any] = dict(row.values)
        words = [name for name in LONG_FIELDS if values.get(name)]
        if row.stage is Stage.KEYED_ONCE and words and dice.random() < self.cast.discrepancies:
            values[words[0]] = values[words[0]][:-1]
        return Entry(
            serial=row.serial,
            pass_no=number,
            keyer=self.cast.keyers[number - 1],
            values=values,
            minutes=round(planned * dice.uniform(0.7, 1.5), 1),
        )


class CustodyStaff:
    """Sends case files while custody is live; the ledger keeps those that nobody acknowledged."""

    def __init__(self, world: World, cast: Cast) -> None:
        self.world = world
        self.cast = cast
        self.forwarder = Forwarder(world.ledger, world.systems)

    async def hour(self, number: int, session: Session) -> None:
        mode = self.world.desk.state(COMPONENT, component_stream("custody")).mode
        dice = Random(f"{self.cast.seed}:files:{number}")  # noqa: S311
        # Not after the window: a rehearsal ends when nothing is in flight, and that must not be a matter of luck.
        if mode is Mode.LIVE and self.world.pace.now() <= self.world.folder.programme.closes:
            for i in range(poisson(dice, self.cast.case_files_per_hour)):
                name = f"case-{number}-{i + 1}"
                self.world.ledger.build(
                    name, name, hashlib.sha256(name.encode()).hexdigest(), by="case-builder"
                )
        await self.forwarder.cycle(session, self.world.pace.now())


async def record_electronically(world: World, cast: Cast) -> None:
    """An officer keys straight into the new system what is also on paper; done once, whatever is cut on the way."""
    async with world.conversions.target.open() as line:
        if not cast.duplicate or any(record.serial is None for record in await line.held(cast.duplicate)):
            return
    rows = [row for row in world.paper.sheets(["used"], cast.duplicate) if row.person and row.occurred_at]
    if not rows:
        return
    row = rows[len(rows) // 2]
    assert row.person is not None
    assert row.occurred_at is not None
    person = {
        "surname": row.person.surname.upper(),
        "forename": row.person.forename,
        "dob": str(row.person.dob),
    }
    body = {
        "form_type": row.form_type,
        "serial": None,
        "person": person,
        "occurred_at": (row.occurred_at + timedelta(minutes=4)).isoformat(),
        "values": {"account": "keyed at the station once records were open"},
        "entered_by": "pc-on-late-shift",
    }
    url, headers = (
        f"{world.systems()['new_records']}/records",
        {"Idempotency-Key": f"electronic:{row.serial}"},
    )
    tries = AsyncRetrying(
        stop=stop_after_attempt(TRIES), retry=retry_if_exception_type(httpx.TransportError), reraise=True
    )
    async with httpx.AsyncClient() as session:
        async for attempt in tries:
            with attempt:
                (await session.post(url, json=body, headers=headers)).raise_for_status()
