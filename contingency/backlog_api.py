"""Items told by a program: `POST /api/v1/backlog`, by a token for that and nothing else. Bad rows are named, good ones kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from contingency.discoveries import DiscoveryService
from contingency.domain.backlog import ItemStage
from contingency.domain.discovery import Discovery
from contingency.domain.triage import Grade
from contingency.incidents import IncidentService
from contingency.register import Item, page_of
from cutover.core.errors import Conflict, Invalid
from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.paging import Listed, Paging, page

SCOPE, READ, INCIDENTS = "backlog", "read:backlog", "incidents"
LARGEST = 4_194_304  # bytes
MOST = 5_000  # items of one body
EXPECTED = 'expected {"source": "referrals", "items": [{"key": "R-1", "item_type": "referral", "occurred_at": "2026-10-24T17:02:00Z", "tier": "high"}]}'


class ItemsTold(BaseModel):
    """What waits, as its source names it. A row that cannot be is named in the answer, the others are kept."""

    model_config = ConfigDict(extra="forbid")
    source: Annotated[str, Field(min_length=1, max_length=80)]
    items: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST)] = Field(
        description="each with key, item_type, occurred_at and tier at least; see docs/reference/files.md"
    )


class ItemsTaken(BaseModel):
    read: int = Field(description="rows that can be")
    new: int = Field(description="of them, entered now; the others were there already")
    faults: list[str] = Field(description="a sentence for each row that cannot be")


class ItemSeen(BaseModel):
    """One open item of the register. Claimed is not closed: that takes somebody else, with a reference."""

    key: str
    item_type: str
    tier: Grade
    stage: ItemStage
    occurred_at: datetime
    due_at: datetime | None
    component: str
    owner: str
    source: str
    found_at: datetime
    claimed_by: str


class IncidentTold(BaseModel):
    """What somebody reports to another service desk: a symptom, not its cause."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$", description="which desk tells it")]
    symptom: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]
    area: Annotated[str, Field(max_length=200)] = ""
    urgency: Annotated[int, Field(ge=1, le=3, description="1 is the most urgent")] = 2


class IncidentTaken(BaseModel):
    incident: str


@dataclass(frozen=True)
class BacklogApi:
    """What it takes. What was entered before is left as it is, so the same body again enters nothing."""

    discoveries: DiscoveryService
    incidents: IncidentService

    def operations(self) -> Sequence[Operation]:
        return (
            Operation(
                "POST", "/api/v1/backlog", "tell what waits elsewhere: items for the backlog register",
                self._tell, ItemsTaken, SCOPE, takes=ItemsTold, status=202, once=True, most_bytes=LARGEST,
            ),
            Operation("GET", "/api/v1/backlog", "list what waits", self._all, Listed[ItemSeen], READ, query=Paging),
            Operation(
                "PUT", "/api/v1/incidents/{incident}", "pass on an incident, under the number it has there", self._take,
                IncidentTaken, INCIDENTS, takes=IncidentTold, status=201,
            ),
        )  # fmt: skip

    def _all(self, call: Call) -> BaseModel | Answer:
        found = page_of(self.discoveries.backlog.desk.journal.engine, call.query.after, call.query.limit + 1)
        return page(found, call.query, lambda item: item.key, _seen)

    def _take(self, call: Call) -> BaseModel | Answer:
        """The same number takes it once; another symptom under it is a Conflict."""
        told, number = call.body(IncidentTold), call.path["incident"]
        by = f"program:{told.source}"
        key = f"{told.source}-{number}"
        known = self.incidents.state(key).reported
        if known is not None and known.symptom != told.symptom:
            raise Conflict(f"{key} was told already, with another symptom")
        self.incidents.report(told.symptom, by=by, area=told.area, urgency=told.urgency, key=key)
        return Answer(IncidentTaken(incident=key), 200 if known else 201)

    def _tell(self, call: Call) -> BaseModel | Answer:
        """Raises Invalid when none of the rows can be."""
        source, rows = _parts(call.raw)
        said = f"api {source}"
        found = self.discoveries.enter(rows, Discovery(id="api"), by=said, source=said)
        if not found.read:
            raise Invalid(*found.faults)
        return ItemsTaken(read=found.read, new=len(found.fresh), faults=list(found.faults))


def _seen(item: Item) -> ItemSeen:
    return ItemSeen(**{name: getattr(item, name) for name in ItemSeen.model_fields})


def _parts(raw: bytes) -> tuple[str, list[dict[str, Any]]]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body: {error}; {EXPECTED}") from error
    known = isinstance(body, dict) and set(body) == {"source", "items"}
    rows = body["items"] if known else None
    if not known or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"the body is not as it should be; {EXPECTED}")
    if not 0 < len(rows) <= MOST or not isinstance(body["source"], str) or not 0 < len(body["source"]) <= 80:  # noqa: PLR2004
        raise Invalid(f"1 to {MOST:,} items and a source of 1 to 80 letters; {EXPECTED}")
    return body["source"], rows
