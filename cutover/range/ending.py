"""Did every identity hold at the end of a rehearsal: nothing twice, nothing lost, every number from the records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import httpx

from contingency.domain.triggers import PlayStage
from cutover.app.bootstrap import World
from cutover.range.cast import read_cast
from cutover.reconciliation.comparison import ReconciliationFinished
from cutover.reconciliation.findings import Class
from runbooks.domain.run_events import RunStage


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that must be true at the end, and the figures that say whether it is."""

    title: str
    holds: bool
    detail: str


async def identities(world: World, run_id: str) -> list[Identity]:
    """Every identity of a rehearsal, from the journal and from what the stand-ins counted themselves."""
    return [
        _journal(world),
        _run(world, run_id),
        await _effects(world),
        *_reconciliation(world),
        *await _paper(world),
        _ledger(world),
        _plays(world),
        *_story(world),
    ]


def _journal(world: World) -> Identity:
    found = world.journal.verify()
    return Identity(
        "The journal's chain holds", found.holds, found.fault or f"{found.rows:,} facts, head {found.head}"
    )


def _run(world: World, run_id: str) -> Identity:
    state = world.runs.state(run_id)
    over = sum(at.is_over for at in state.tasks.values())
    return Identity(
        "The runbook is complete",
        state.stage is RunStage.COMPLETE,
        f"{over} of {len(state.tasks)} tasks over; {state.stage}",
    )


async def _effects(world: World) -> Identity:
    """Each stand-in counts what it did and how often it was asked; the same work under two keys was done twice."""
    total, requests, wrong = 0, 0, []
    async with httpx.AsyncClient() as client:
        for name, url in world.systems().items():
            answer = (await client.get(f"{url}/effects")).json()["effects"]
            total += len(answer)
            requests += sum(e["requests"] for e in answer)
            wrong += [f"{name}:{e['key']} applied {e['applied']} times" for e in answer if e["applied"] != 1]
    return Identity(
        "No effect happened twice in any system",
        total > 0 and not wrong,
        "; ".join(wrong) or f"{total:,} effects, each applied once, from {requests:,} requests",
    )


def _reconciliation(world: World) -> list[Identity]:
    found = []
    for name in world.folder.contracts:
        outcome = world.reconciliation.latest(name)
        found.append(
            Identity(
                f"Reconciliation of {name} passes from the source register",
                bool(outcome and outcome.passed),
                str(outcome or "never run"),
            )
        )
    return found


async def _paper(world: World) -> list[Identity]:
    one_to_one = await world.conversions.one_to_one()
    references: dict[str | None, list[str]] = defaultdict(list)
    async with world.conversions.target.open() as line:
        for record in await line.held():
            references[record.serial].append(record.reference)
    account = world.paper.account(references)
    broken = [f"{i.id} {i.title}: {i.detail}" for i in account.identities if not i.holds]
    open_ = [f"{len(serials)} outstanding at {station}" for station, serials in account.outstanding.items()]
    whereabouts = (
        f"{account.issued:,} issued: {account.used:,} used, {account.void:,} void, {account.missing} missing by name; "
        f"{account.converted:,} converted, {account.merged} merged"
    )
    return [
        Identity(
            "Every serial is converted, void or explained",
            account.is_closed,
            "; ".join([*broken, *open_]) or whereabouts,
        ),
        Identity(
            "Target records and conversions are one to one",
            one_to_one.holds,
            f"{one_to_one.converted:,} conversions, {one_to_one.in_target:,} records in the target",
        ),
    ]


def _ledger(world: World) -> Identity:
    now = world.ledger.summary()
    done = now.holds and not now.in_flight
    return Identity(
        "Every case file sent was acknowledged",
        done,
        f"{now.sent} sent, {now.acknowledged} acknowledged, {now.in_flight} in flight",
    )


def _plays(world: World) -> Identity:
    lives = world.contingency.plays()
    still = [
        p.title for p in lives if p.stage not in (PlayStage.STOOD_DOWN, PlayStage.DECLINED, PlayStage.LAPSED)
    ]
    return Identity("Every play is stood down", not still, "; ".join(still) or f"{len(lives)} played")


def _story(world: World) -> list[Identity]:
    """What this rehearsal promised to show: the loss was found, the loader did not tell, the duplicate was met."""
    finished = [fact.event for fact in world.journal.all([ReconciliationFinished.kind()])]
    lost = [
        event.outcome
        for event in finished
        if isinstance(event, ReconciliationFinished) and event.outcome.count(Class.MISSING)
    ]
    merged = [row for row in world.paper.sheets(["disposed"]) if row.disposition == "merged"]
    met = Identity(
        "The event that was also recorded electronically was merged, not created again",
        len(merged) == 1,
        f"{len(merged)} merged",
    )
    told = Identity(
        "What the loader lost in silence was found",
        bool(lost),
        f"{lost[0].count(Class.MISSING)} missing, named one by one" if lost else "nothing was found",
    )
    return [told, met] if read_cast(world.folder.path / "cast.yaml").duplicate else [told]
