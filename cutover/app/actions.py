"""What automated tasks may do beyond HTTP: snapshot, reconcile, switch a mode, issue paper, tell partners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from contingency.bulletins import BulletinService
from cutover.app.action_kinds import OF_OTHER_ROOMS, NotifyArguments, ProbeArguments
from cutover.core.clock import Pace
from cutover.core.errors import Invalid, NotFound
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.domain.programme import Programme
from cutover.reconciliation.findings import address
from cutover.reconciliation.service import ReconciliationService
from cutover.reconciliation.sides import Side
from cutover.store.desk import Desk
from monitors.domain.check import Status
from monitors.domain.declared import AnyCheck
from monitors.prober import Prober
from paper_capture.service import PaperService
from runbooks.actions import ActionKind, Call, Outcome
from runbooks.domain.run_events import Comms
from runbooks.service import PERFORMER


class _Repeatable:
    """Kinds without effect, or whose effect is ours and keyed: after a crash they are simply performed again."""

    async def settle(self, call: Call) -> Outcome | None:
        del call
        return None


@dataclass(frozen=True)
class ModeAction(_Repeatable):
    """Arguments: component, to, reason."""

    desk: Desk
    programme: Programme

    async def perform(self, call: Call) -> Outcome:
        name = str(call.arguments["component"])
        if self.programme.component(name) is None:
            raise NotFound("component", name, [c.id for c in self.programme.components])
        to = Mode(call.arguments["to"])
        command = SwitchMode(
            by=PERFORMER, to=to, reason=str(call.arguments.get("reason", call.task.title)), cause=call.key
        )
        if self.desk.state(COMPONENT, component_stream(name)).mode is not to:
            self.desk.ask(COMPONENT, component_stream(name), command, key=f"mode:{call.key}")
        return Outcome(ok=True, evidence=f"{name} is {to}")


@dataclass(frozen=True)
class SnapshotAction(_Repeatable):
    """Arguments: contract, side (source or target)."""

    service: ReconciliationService
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        async with self.pace.hold():
            taken = await asyncio.to_thread(
                self.service.snapshot,
                str(call.arguments["contract"]),
                Side(call.arguments["side"]),
                by=PERFORMER,
            )
        return Outcome(
            ok=True,
            evidence=f"{taken.rows:,} rows of the {call.arguments['side']} frozen",
            result={"rows": taken.rows},
        )


@dataclass(frozen=True)
class ReconcileAction(_Repeatable):
    """Arguments: contract. A finding is not a failure of the task: the gate reads the verdict."""

    service: ReconciliationService
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        contract = str(call.arguments["contract"])
        async with self.pace.hold():
            outcome = await asyncio.to_thread(
                self.service.run, contract, by=PERFORMER, key=f"reconcile:{call.key}"
            )
        return Outcome(ok=True, evidence=str(outcome), link=address(contract, outcome.run))


@dataclass(frozen=True)
class IssuePaperAction(_Repeatable):
    """Arguments: forms (form type -> sheets for each station), stations (default: all)."""

    paper: PaperService
    programme: Programme
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        forms: Mapping[str, int] = call.arguments["forms"]
        known = [s.id for s in self.programme.stations]
        stations: Sequence[str] = call.arguments.get("stations", known)
        if unknown := set(stations) - set(known):
            raise Invalid(f"unknown stations: {', '.join(sorted(unknown))}")
        async with self.pace.hold():
            for station in stations:
                for form_type, count in forms.items():
                    self.paper.issue(
                        station=station,
                        form_type=form_type,
                        count=count,
                        by=PERFORMER,
                        key=f"{call.key}:{station}:{form_type}",
                    )
        total = sum(forms.values()) * len(stations)
        return Outcome(ok=True, evidence=f"{total:,} sheets issued to {len(stations)} stations")


@dataclass(frozen=True)
class NotifyAction(_Repeatable):
    """The notice waits in the outbox until its channel took it; how far it goes is the run's comms to say."""

    bulletins: BulletinService
    programme: Programme

    async def perform(self, call: Call) -> Outcome:
        given = call.given(NotifyArguments)
        partners = [p.id for p in self.programme.partners] if given.partners is None else given.partners
        names = ", ".join(partners)
        if call.comms is Comms.OFF:
            return Outcome(
                ok=True, evidence=f"not sent: comms are off in this run ({names})", result={"sent": 0}
            )
        test = call.comms is Comms.TEST
        self.bulletins.tell(
            partners, call.mask(given.subject), call.mask(given.text), by=PERFORMER, key=call.key, test=test
        )
        whom = "told as a test, at their test addresses" if test else "told"
        evidence = f"{whom}: {names}; acknowledgements are awaited"
        return Outcome(ok=True, evidence=evidence, result={"sent": len(partners)})


@dataclass(frozen=True)
class ProbeAction(_Repeatable):
    """Asks a monitor's question now, once: what it finds is this task's, and no state of the monitor moves."""

    checks: Callable[[], Sequence[AnyCheck]]
    prober: Callable[[], Prober]
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(ProbeArguments)
        checks = {check.id: check for check in self.checks()}
        if given.check not in checks:
            raise NotFound("check", given.check, checks)
        prober = self.prober()
        async with self.pace.hold(), prober.open_session() as session:
            found = await prober.probe(checks[given.check], session, self.pace.now())
        good = {Status.OK, Status.WARNING} if given.accept == "warning" else {Status.OK}
        evidence = call.shorten(f"{found.status}: {found.detail}" if found.detail else str(found.status), 500)
        return Outcome(ok=found.status in good, evidence=evidence, link=f"/health#{given.check}")


@dataclass(frozen=True)
class SimulatedAction(_Repeatable):
    """Stands for any kind when a plan is walked through without its systems: takes the planned time, changes nothing."""

    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        await self.pace.sleep_until(self.pace.now() + call.task.expected)
        return Outcome(ok=True, evidence="simulated: the planned time has passed")


@dataclass(frozen=True)
class StoodInAction:
    """A request in a rehearsal: made to the stand-in, and then it takes as long as the plan says.

    Stand-ins of the range know how long work takes; of any other system only the plan does.
    """

    kind: ActionKind
    knows_its_time: Collection[str]
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        began = self.pace.now()
        outcome = await self.kind.perform(call)
        if outcome.ok and call.arguments.get("system") not in self.knows_its_time:
            await self.pace.sleep_until(began + call.task.expected)
        return outcome

    async def settle(self, call: Call) -> Outcome | None:
        return await self.kind.settle(call)


def rehearsed(
    kinds: Mapping[str, ActionKind], knows_its_time: Collection[str], pace: Pace
) -> dict[str, ActionKind]:
    """The kinds of action of a rehearsal against stand-ins: nothing reaches a system, a machine or a script that is real.

    What goes to a named system goes to its stand-in; what is ours is done; everything else only takes its planned time.
    """
    to_systems, ours = ("http", "job"), ("wait", "runbook", *OF_OTHER_ROOMS)
    return {
        name: kind
        if name in ours
        else StoodInAction(kind, knows_its_time, pace)
        if name in to_systems
        else SimulatedAction(pace)
        for name, kind in kinds.items()
    }
