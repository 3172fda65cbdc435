"""Did every identity hold at the end of a rehearsal: nothing twice, nothing lost, every number from the records."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from contingency.domain.triggers import PlayStage
from cutover.app.bootstrap import World
from cutover.core.errors import Unavailable
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.range.cast import read_cast
from cutover.range.faults import read_fault_plan
from cutover.range.files import stood_in
from cutover.range.sightings import KINDS, Sighting, sightings
from paper_capture.domain.register import Account
from runbooks.domain.run_events import RunStage

EXPLAINED = "Every serial is converted, void or explained"
ONE_TO_ONE = "Target records and conversions are one to one"


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
        _modes(world),
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
            try:
                answer = (await client.get(f"{url}/effects")).json()["effects"]
            except httpx.TransportError as error:
                wrong.append(f"{name} does not say what it did ({error or type(error).__name__})")
                continue
            total += len(answer)
            requests += sum(e["requests"] for e in answer)
            wrong += [f"{name}:{e['key']} applied {e['applied']} times" for e in answer if e["applied"] != 1]
    done = f"{total:,} effects, each applied once, from {requests:,} requests"
    return Identity("No effect happened twice in any system", not wrong, "; ".join(wrong) or done)


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
    """Of a target that is down to the last nobody knows what it holds: then neither holds, and our own figures stand beside."""
    try:
        one_to_one = await world.conversions.one_to_one()
        references = await world.conversions.target_records()
    except Unavailable as error:
        ours = _whereabouts(world.paper.account())
        return [
            Identity(EXPLAINED, holds=False, detail=f"nobody knows: {error}; {ours}"),
            Identity(ONE_TO_ONE, holds=False, detail=f"nobody knows: {error}"),
        ]
    account = world.paper.account(references)
    broken = [f"{i.id} {i.title}: {i.detail}" for i in account.identities if not i.holds]
    open_ = [f"{len(serials)} outstanding at {station}" for station, serials in account.outstanding.items()]
    figures = f"{one_to_one.converted:,} conversions, {one_to_one.in_target:,} records in the target"
    return [
        Identity(EXPLAINED, account.is_closed, "; ".join([*broken, *open_]) or _whereabouts(account)),
        Identity(ONE_TO_ONE, one_to_one.holds, figures),
    ]


def _whereabouts(account: Account) -> str:
    return (
        f"{account.issued:,} issued: {account.used:,} used, {account.void:,} void, {account.missing} missing by name; "
        f"{account.converted:,} converted, {account.merged} merged"
    )


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


def _modes(world: World) -> Identity:
    modes = {
        c.id: world.desk.state(COMPONENT, component_stream(c.id)).mode
        for c in world.folder.programme.components
    }
    others = [f"{name} is {mode}" for name, mode in modes.items() if mode is not Mode.LIVE]
    return Identity("Every component is live", not others, "; ".join(others) or ", ".join(modes))


def _story(world: World) -> list[Identity]:
    """What this rehearsal set out to show: each fault was seen, and what was written twice was met."""
    seen = seen_faults(world)
    missed, needed = [s.fault for s in seen if s.missed], sum(s.needed for s in seen)
    found = [
        Identity(
            "Every outage and every silent loss was seen",
            not missed,
            "; ".join(missed)
            or f"{needed} that somebody must see, {len(seen) - needed} that the work takes up",
        )
    ]
    if read_cast(world.folder.path / "cast.yaml").duplicate:
        merged = sum(row.disposition == "merged" for row in world.paper.sheets(["disposed"]))
        title = "The event that was also recorded electronically was merged, not created again"
        found.append(Identity(title, merged == 1, f"{merged} merged"))
    return found


def seen_faults(world: World) -> list[Sighting]:
    """What saw each fault of the plan in the programme's folder, in the order in which they were set."""
    programme = world.folder.programme
    plan = read_fault_plan(world.folder.path / "faults.yaml", stood_in(world.folder))
    watched = {check.id: getattr(check, "system", "") for check in world.folder.checks}
    return sightings(plan, world.journal.all(KINDS), programme.opens, watched, programme.zone)
