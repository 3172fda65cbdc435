"""Until a time comes, or a source of evidence says that something is met: polled on the run's clock, with an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cutover.core.clock import Pace, show, to_utc
from cutover.domain.gates import Finding
from runbooks.actions.arguments import WaitArguments
from runbooks.actions.kinds import Call, Outcome
from runbooks.service import Reading


@dataclass(frozen=True)
class WaitAction:
    """`read` asks a source of a run. Waiting changes nothing: after a crash it is simply waited on."""

    read: Callable[[str, str], Reading]
    pace: Pace
    zone: str

    async def perform(self, call: Call) -> Outcome:
        given = call.given(WaitArguments)
        return await self._until(given) if given.until else await self._for(call, given)

    async def settle(self, call: Call) -> Outcome | None:
        del call
        return None

    async def _until(self, given: WaitArguments) -> Outcome:
        at = to_utc(datetime.fromisoformat(given.until), self.zone)
        if at > self.pace.now():
            await self.pace.sleep_until(at)
        return Outcome(ok=True, evidence=f"it is {show(at, self.zone)}")

    async def _for(self, call: Call, given: WaitArguments) -> Outcome:
        assert given.within is not None  # the arguments demand it of a source
        ends = (call.since or self.pace.now()) + given.within
        said = ""
        while True:
            async with self.pace.hold():
                found = self.read(call.run_id, given.source)
            if found.finding is Finding.MET:
                return Outcome(ok=True, evidence=found.detail, link=found.link)
            now = self.pace.now()
            if now >= ends:
                why = f"not met by {show(ends, self.zone)}: {found.finding}: {found.detail}"
                return Outcome(ok=False, evidence=why, link=found.link)
            if found.detail != said:
                await call.progress(ends, f"waiting for {given.source}: {found.detail}")
                said = found.detail
            await self.pace.sleep_until(min(now + given.every, ends))
