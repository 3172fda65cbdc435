"""Which fault is due when, and setting it once: a resumed rehearsal does not break things a second time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import BeforeValidator, Field, ValidationInfo

from cutover.core.clock import Pace
from cutover.core.duration import show_duration
from cutover.core.errors import NotFound, Unavailable, hint
from cutover.domain.programme import Part, Span
from cutover.range.place import SYSTEMS
from cutover.store.documents import read_yaml


def _known_system(value: object, info: ValidationInfo) -> object:
    known = (info.context or {}).get("systems") or SYSTEMS
    if value not in known:
        all_ = f"; there are {', '.join(known)}, and what `systems` of the programme names"
        raise ValueError(f"no stand-in is named '{value}'{hint(str(value), known) or all_}")
    return value


class Switches(Part):
    """The switches one entry sets; what it does not name stays as it is."""

    down: bool | None = Field(default=None, description="503 on everything but /admin and /effects")
    slow: float | None = Field(
        default=None, gt=0, le=1000, description="factor on the minutes of work and loads"
    )
    drop_acknowledgements: int | None = Field(
        default=None, ge=0, description="the next n effects commit and their answers are lost"
    )
    lose_status: str | None = Field(
        default=None, description="the loader passes over rows of this status in silence; '' for none"
    )


class FaultEntry(Part):
    """One moment at which switches of one stand-in are set."""

    at: Span = Field(description="after the window opens")
    system: Annotated[str, BeforeValidator(_known_system)]
    set: Switches

    @property
    def name(self) -> str:
        """What the entry is known by once it was applied: the same for the same entry of an edited plan."""
        changes = ", ".join(f"{name}={value}" for name, value in self.changes.items())
        return f"{self.system} at {show_duration(self.at)}: {changes}"

    def __str__(self) -> str:
        words = {
            "down": "down" if self.set.down else "up again",
            "slow": f"{self.set.slow:g} times as slow" if self.set.slow else "",
            "drop_acknowledgements": f"loses {self.set.drop_acknowledgements} acknowledgements",
            "lose_status": f"loses {self.set.lose_status} in silence"
            if self.set.lose_status
            else "loses nothing more",
        }
        return (
            f"{self.system} from {show_duration(self.at)}: {', '.join(words[name] for name in self.changes)}"
        )

    @property
    def changes(self) -> dict[str, object]:
        return self.set.model_dump(exclude_none=True)


class FaultPlan(Part):
    """faults.yaml of a rehearsal."""

    faults: tuple[FaultEntry, ...] = ()

    def due(self, opens: datetime, now: datetime) -> tuple[FaultEntry, ...]:
        """The entries whose moment has come, in order of time."""
        return tuple(entry for entry in self.in_order if opens + entry.at <= now)

    @property
    def in_order(self) -> tuple[FaultEntry, ...]:
        return tuple(sorted(self.faults, key=lambda entry: entry.at))


def read_fault_plan(path: Path, systems: Collection[str] = ()) -> FaultPlan:
    """A plan for stand-ins of `systems` (default: those of the range). Raises Invalid with every problem, each on its line."""
    return read_yaml(path, FaultPlan, context={"systems": tuple(systems)})


async def apply(
    entries: Iterable[FaultEntry], urls: Mapping[str, str], client: httpx.AsyncClient
) -> list[FaultEntry]:
    """Set the switches of `entries`; returns those that were not applied before (each stand-in remembers).

    Raises NotFound for a system that is not there, Unavailable for one that does not answer.
    """
    return [entry for entry in entries if await _apply(entry, urls, client)]


async def inject(
    plan: FaultPlan, urls: Mapping[str, str], opens: datetime, pace: Pace, client: httpx.AsyncClient
) -> None:
    """Apply each entry when its moment comes; ends after the last. Time stands still while one is being set."""
    for entry in plan.in_order:
        await pace.sleep_until(opens + entry.at)
        async with pace.hold():
            await apply([entry], urls, client)


async def _apply(entry: FaultEntry, urls: Mapping[str, str], client: httpx.AsyncClient) -> bool:
    if entry.system not in urls:
        raise NotFound("system in this range", entry.system, urls)
    try:
        answer = await client.post(
            f"{urls[entry.system]}/admin/faults", json={**entry.changes, "entry": entry.name}
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(
            f"the fault '{entry.name}' could not be set, because the stand-in {entry.system} does not answer "
            f"({error or type(error).__name__}); `cutover run resume` starts it again and goes on"
        ) from error
    return bool(answer.json()["applied"])
