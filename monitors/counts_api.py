"""Daily counts told by a program: `POST /api/v1/counts/<flow>`, by a token for that flow and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, NotFound
from cutover.web.api.operation import Answer, Call, Operation
from monitors.domain.counts import MOST_DAYS, Told, told
from monitors.domain.flow import ApiCounts
from monitors.domain.flow_events import MOST_A_DAY
from monitors.flow_service import FlowService

LARGEST = 1_000_000  # bytes
SCOPE = "counts:{flow}"
EXPECTED = (
    'expected {"counts": {"2026-10-24": 8}, "last_event": "2026-10-24T17:02:00Z"}; last_event may be left out'
)
Count = Annotated[int, Field(ge=0, le=MOST_A_DAY)]


class CountsTold(BaseModel):
    """Events by day of the programme's zone, none of them to come; when the last was, where the source knows."""

    model_config = ConfigDict(extra="forbid")
    counts: Annotated[dict[date, Count], Field(max_length=MOST_DAYS)]
    last_event: AwareDatetime | None = None


class CountsTaken(BaseModel):
    flow: str
    days: int


def counts_scope(flow: str) -> str:
    """What a token must be made for to tell the counts of `flow`."""
    return SCOPE.format(flow=flow)


@dataclass(frozen=True)
class CountsApi:
    """What it takes: a body whole or not at all, with every bad day named."""

    flows: FlowService
    clock: Clock

    def operations(self) -> Sequence[Operation]:
        return (
            Operation(
                "POST", "/api/v1/counts/{flow}", "tell how many of a flow there were, by day",
                self._tell, CountsTaken, SCOPE, takes=CountsTold, status=202, once=True, most_bytes=LARGEST,
            ),
        )  # fmt: skip

    def _tell(self, call: Call) -> BaseModel | Answer:
        name = call.path["flow"]
        flow = self.flows.flows.get(name)
        if flow is None:
            raise NotFound("flow", name, self.flows.flows)
        if not isinstance(flow.counts, ApiCounts):
            raise Invalid(f"the counts of {name} are read from its {flow.counts.kind}: they are not told")
        found = self._read(name, call.raw)
        self.flows.told(name, found, self.clock.now())
        return CountsTaken(flow=name, days=len(found.counts))

    def _read(self, name: str, raw: bytes) -> Told:
        counts, last = _parts(raw)
        now = self.clock.now()
        today = now.astimezone(ZoneInfo(self.flows.programme.zone)).date()
        rows: list[tuple[Any, ...]] = [(day, count) for day, count in counts.items()]
        found = told(rows, name, today, now)
        if last is None:
            return found
        return Told(found.counts, told([(today, 0, last)], f"{name}.last_event", today, now).last_event)


def _parts(raw: bytes) -> tuple[dict[str, Any], Any]:
    try:
        body = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body: {error}; {EXPECTED}") from error
    if (
        not isinstance(body, dict)
        or set(body) - {"counts", "last_event"}
        or not isinstance(body.get("counts"), dict)
    ):
        raise Invalid(f"the body is not as it should be; {EXPECTED}")
    return body["counts"], body.get("last_event")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A day that is there twice must not silently be the later one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = value
    return found
