"""What partners and stations of a rehearsal say, and what is answered: acknowledgements, counts, reports, lessons.

Every act has a fixed key or is looked for first, so it is done once however often it is tried.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from contingency.domain.improvements import ActionStage, ReportStage
from contingency.domain.notices import NoticeStage
from cutover.app.bootstrap import World
from cutover.domain.gates import GateWentNoGo
from cutover.range.cast import Cast
from cutover.range.parts import checker, manager

READS_AFTER = timedelta(minutes=30)
ANSWERS_AFTER = timedelta(hours=2)
REPORTS_EVERY = 3  # hours between two stations that say something
SAYINGS = (
    ("The pads with the incident serials are nearly used up", 3),
    ("Nobody told the night shift that custody is on paper again", 2),
    ("Search finds nothing when the surname has an accent", 2),
    ("The new control room screen is fine once you have found the log button", 4),
    ("Two hours queueing for the only working terminal", 1),
)
LESSONS = (
    (
        "Compare the loader's status map with the register before each load",
        "a loader that loses a status in silence",
    ),
    (
        "Believe a reconciliation from the source register, never the loader's own report",
        "604 records missing unseen",
    ),
)


def partners_read(world: World, now: datetime) -> None:
    """Partners acknowledge what reached them half an hour ago."""
    for notice in world.bulletins.status(now).notices:
        if notice.stage is NoticeStage.TOLD and now >= notice.told_at + READS_AFTER:
            world.bulletins.acknowledge(notice.id, by=notice.partner)


def stations_speak(world: World, cast: Cast, hour: int, now: datetime) -> None:
    """A station says how it is; the command centre answers each within two hours."""
    stations = world.folder.programme.stations
    if stations and hour % REPORTS_EVERY == 0:
        dice = Random(f"{cast.seed}:feedback:{hour}")  # noqa: S311  (a rehearsal must be repeatable)
        text, pulse = dice.choice(SAYINGS)
        world.feedback.report(dice.choice(stations).id, text, pulse, key=f"rehearsed-report-{hour}")
    for report in world.feedback.reports():
        if report.stage is ReportStage.OPEN and now >= report.said_at + ANSWERS_AFTER:
            world.feedback.answer(
                report.id,
                "Seen by the command centre; your stream lead rings you back",
                by=manager(world.folder.programme),
            )


def learn(world: World) -> None:
    """What a no-go taught is written down as actions; one claims each with evidence, another verifies it."""
    if next(world.journal.all([GateWentNoGo.kind()]), None) is None:
        return
    owners = [p.id for p in world.folder.programme.people] or [manager(world.folder.programme)]
    for number, (title, prevents) in enumerate(LESSONS):
        world.improvements.raise_action(
            title,
            by=manager(world.folder.programme),
            owner=owners[number % len(owners)],
            prevents=prevents,
            key=f"rehearsed-lesson-{number}",
        )
    for action in world.improvements.actions():
        if action.stage in (ActionStage.OPEN, ActionStage.REOPENED):
            world.improvements.claim(
                action.id,
                by=action.owner,
                evidence="checklist line added; shown at the second reconciliation",
            )
        elif action.stage is ActionStage.CLAIMED:
            world.improvements.verify(
                action.id,
                by=checker(world.folder.programme, action.owner),
                how="read the checklist and the outcome of the second reconciliation",
            )


def count_with_partners(world: World) -> None:
    """The prosecutor counts the case files that reached it, as a figure that is not ours."""
    ledger = world.ledger.summary()
    partner = next((p for p in world.folder.programme.partners if p.id == "prosecutor"), None)
    if partner is None:
        return
    theirs, ours = ledger.acknowledged + ledger.by_hand, ledger.sent + ledger.by_hand
    world.bulletins.count(
        partner.id, "case files", theirs=theirs, ours=ours, by=partner.id, key="rehearsed-count"
    )
