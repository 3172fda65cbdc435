"""How a programme is watched by one process: its prober, its counts, its notices, and the lease that says who it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from cutover.app.bootstrap import World
from cutover.app.notify import deliver_due
from cutover.app.telling import channels_of, collect
from cutover.core.errors import Conflict, CutoverError, Unavailable
from cutover.reconciliation.reruns import is_due, overdue
from cutover.store.engine import DatabaseAway
from cutover.store.leases import Fence, LeaseLostError
from monitors.alertmanager import Pusher
from monitors.domain.check import Reason, Severity, Status
from monitors.domain.telling import Alarm
from monitors.flow_service import FlowView
from monitors.notifier import Notifier
from monitors.view import CheckView
from monitors.watch import Watch
from runbooks.surroundings import StepWatch
from runbooks.tenure import IN_DOUBT, Tenure, stand_by

LEASE = "watch"
NAMED = 5
LOOK_AT_PLAYS = 10.0  # real seconds between two looks at triggers and time limits
LOOK = 1.0  # real seconds between two looks at the lease

log = structlog.get_logger()


@dataclass
class Watching:
    """Watches until stopped. Raises Conflict while another process does, unless it may stand by."""

    world: World
    standby: bool = False
    spread: bool = True

    async def run(self, stop: asyncio.Event) -> None:
        """Raises Unavailable when another process has taken over and it may not stand by: a supervisor must see that."""
        tenure = await self._tenure(stop)
        while tenure is not None and not await self._hold(tenure, stop):
            log.info("watch_stands_by")
            tenure = await (self._tenure(stop) if self.standby else _again(tenure, stop))

    async def _tenure(self, stop: asyncio.Event) -> Tenure | None:
        """The hold on the watch; None when told to stop while standing by."""
        wall = self.world.wall
        if not self.standby:
            tenure = Tenure(self.world.engine, LEASE, wall)
            tenure.take()
            return tenure
        fence = await _unless(stop, stand_by(self.world.engine, LEASE, wall))
        if fence is None:
            return None
        tenure = Tenure(self.world.engine, LEASE, wall)
        tenure.fence = fence
        return tenure

    async def _hold(self, tenure: Tenure, stop: asyncio.Event) -> bool:
        """Watch until told to stop, or until the lease is another's or may be; whether it was told to."""
        ended = asyncio.Event()
        beside = [asyncio.create_task(_keep(tenure, ended)), asyncio.create_task(_pass_on(stop, ended))]
        try:
            await make_watch(self.world, spread=self.spread).run(ended)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            tenure.give_back()
        return stop.is_set()


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands: how many are watched, and what asks for somebody."""

    watched: int
    alerting: tuple[str, ...]

    def __str__(self) -> str:
        asking = f"{len(self.alerting)} ask for somebody: {', '.join(self.alerting[:NAMED])}"
        return f"{self.watched} watched, {asking if self.alerting else 'none asks for somebody'}"


def standing(world: World) -> Standing:
    """How everything stands now."""
    views, flows = world.monitors.all(), world.flows.all()
    asking = [view.check_id for view in views if view.alerting] + [f.flow.id for f in flows if f.alerting]
    return Standing(len(views) + len(flows), tuple(asking))


def make_watch(world: World, *, spread: bool = True) -> Watch:
    """Everything that goes on while a programme is watched. `spread`: not all checks ask at once when it begins."""
    notify = world.folder.watched.notify
    notifier = make_notifier(world)
    at = notify.alertmanager
    return Watch(
        prober=world.prober(spread=spread),
        pace=world.pace,
        tell=notifier.tell,
        deliver=lambda: deliver(world),
        pusher=Pusher(world.engine, at, world.systems, world.settings.base_url) if at else None,
        push_every=at.every if at else Watch.push_every,
        dead_man=notify.dead_man,
        others=(
            *((world.collector().run,) if world.flows.flows else ()),
            partial(_look_at_plays, world),
            partial(_look_at_clock, world),
        ),
    )


async def _look_at_plays(world: World, stop: asyncio.Event) -> None:
    """Propose the plays whose triggers are due, and have people told of time limits, until stopped."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(look_at_plays, world)
        except CutoverError as error:
            log.warning("plays_wait", error=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_AT_PLAYS)


async def _look_at_clock(world: World, stop: asyncio.Event) -> None:
    """Tell of steps of the machine's clock until stopped."""
    steps = StepWatch(world.stepped)
    while not stop.is_set():
        steps.look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK)


def look_at_plays(world: World, now: datetime | None = None) -> None:
    """One look at the triggers and at the time limits; asked twice it changes nothing the second time."""
    for play in world.contingency.watch(now):
        log.info("play_moved", play=play.play, stage=str(play.stage), trigger=play.trigger)
    near, missed = world.limits.tell(now)
    if near or missed:
        log.info("limits_told", near=near, missed=missed)


def make_notifier(world: World) -> Notifier:
    """`began` is now: what was silent before we watched is no news yet."""
    programme, began = world.folder.programme, world.clock.now()

    def channel(person: str) -> str:
        known = programme.person(person)
        return "apprise" if known is not None and known.notices else "file"

    return Notifier(
        world.desk,
        world.folder.watched.notify,
        programme.zone,
        lambda now: [*_checks(world, began, now), *_flows(world, now), *rechecks_told(world)],
        channel,
    )


def deliver(world: World) -> int:
    """Hand what waits in the outbox to its channels; returns how many were taken."""
    collect(world)
    return deliver_due(world.engine, channels_of(world), world.clock.now(), world.folder.programme.zone)


def _checks(world: World, began: datetime, now: datetime) -> Iterator[Alarm]:
    for view in world.monitors.all(now):
        yield check_alarm(view, world.monitors.checks[view.check_id].fresh_for, began, now)


def check_alarm(view: CheckView, fresh_for: timedelta, began: datetime, now: datetime) -> Alarm:
    """A check's alarm. One that was not heard because nobody watched is given the time it takes to be heard."""
    alarm = view.alarm
    silent = view.reason in (Reason.NO_DATA, Reason.STALE)
    if silent and not alarm.held and now - began <= fresh_for:
        return replace(alarm, held="the watch has only begun")
    return alarm


def _flows(world: World, now: datetime) -> Iterator[Alarm]:
    for view in world.flows.all(now):
        yield flow_alarm(view)


def rechecks_told(world: World) -> Iterator[Alarm]:
    """A re-run of a reconciliation that asks to be made, told to its owner until a run was it."""
    people = world.folder.programme.people
    told = [p.id for p in people if "programme_manager" in p.roles] or [p.id for p in people]
    for name, contract in world.folder.contracts.items():
        asking = [one for one in world.reconciliation.rechecks(name) if is_due([one])]
        late = overdue(asking)
        yield Alarm(
            id=f"reconcile-{name}",
            title=f"Reconciliation again: {contract.title}",
            component="",
            owner=contract.owner or next(iter(told), ""),
            severity=Severity.HIGH if late else Severity.WARNING,
            safeguarding=False,
            bad=bool(asking),
            label="OVERDUE" if late else "DUE",
            detail=", ".join(map(str, asking)),
            since=asking[0].due_at if asking else None,
        )


def flow_alarm(view: FlowView) -> Alarm:
    """A flow's alarm as it is told: latched ones until a person closes them, and what is not known once it must be."""
    flow, standing = view.flow, view.standing
    unknown = standing.status is Status.UNKNOWN and standing.reason is not Reason.NOT_DUE
    in_hand = bool(view.alarms) and not view.alerting
    return Alarm(
        id=flow.id,
        title=flow.title,
        component=flow.component,
        owner=flow.owner,
        business_owner=flow.business_owner,
        severity=flow.severity,
        safeguarding=flow.safeguarding,
        bad=bool(view.alarms) or (unknown and view.alerting),
        label=str(standing.status),
        detail=standing.detail,
        since=min((a.raised_at for a in view.alarms), default=view.heard.at),
        held="in somebody's hands" if in_hand else "",
    )


async def _again(tenure: Tenure, stop: asyncio.Event) -> Tenure | None:
    """The hold once more as soon as the database answers, if nobody was quicker; None when told to stop meanwhile."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(tenure.take)
        except Conflict as error:
            raise Unavailable(
                f"the watch was taken over: start it again when that one has ended, or with --standby; {error}"
            ) from error
        except DatabaseAway as error:
            log.warning("watch_lease_waits", error=str(error))
        else:
            return tenure
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK)
    return None


async def _pass_on(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()


async def _unless(stop: asyncio.Event, waiting: Coroutine[Any, Any, Fence]) -> Fence | None:
    """What is waited for; None when told to stop meanwhile."""
    wait, stopped = asyncio.create_task(waiting), asyncio.create_task(stop.wait())
    await asyncio.wait({wait, stopped}, return_when=asyncio.FIRST_COMPLETED)
    found = wait.result() if wait.done() else None
    for task in (wait, stopped):
        task.cancel()
    await asyncio.gather(wait, stopped, return_exceptions=True)
    return found


async def _keep(tenure: Tenure, stop: asyncio.Event) -> None:
    """Renew the lease; stop watching once it is another's, or may be."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(tenure.keep)
        except LeaseLostError as error:
            log.warning("watch_taken_over", error=str(error))
            stop.set()
        except Unavailable as error:
            log.warning("watch_lease_waits", error=str(error))
        if tenure.in_doubt:
            log.warning("watch_lease_in_doubt", seconds=IN_DOUBT)
            stop.set()
        await asyncio.sleep(LOOK)
