"""What programs read of the paper register: where each sheet is. What is written on it is not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import Engine

from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.paging import Listed, Paging, page
from paper_capture.domain.sheet import Stage
from paper_capture.tables import SheetPlace, sheet_places

READ = "read:paper"


class SheetSeen(BaseModel):
    """Where one sheet is, and since when."""

    serial: str
    form: str
    stage: Stage
    station: str
    grade: str | None
    written_at: datetime | None
    returned_at: datetime | None
    disposition: str | None
    reference: str = Field(description="the record that it became")


class SheetsAsked(Paging):
    stage: Stage | None = Field(default=None, description="only sheets at this stage")
    station: str = Field(default="", max_length=80, description="only sheets of this station")


@dataclass(frozen=True, slots=True)
class RegisterApi:
    """What it answers."""

    engine: Engine

    def operations(self) -> Sequence[Operation]:
        path = "/api/v1/paper"
        return (
            Operation(
                "GET", path, "list the sheets of paper", self._all, Listed[SheetSeen], READ, query=SheetsAsked
            ),
        )

    def _all(self, call: Call) -> BaseModel | Answer:
        asked = call.query
        found = sheet_places(self.engine, asked.after, asked.limit + 1, asked.stage, asked.station)
        return page(found, asked, lambda sheet: sheet.serial, _seen)


def _seen(sheet: SheetPlace) -> SheetSeen:
    return SheetSeen(
        serial=sheet.serial,
        form=sheet.form_type,
        stage=Stage(sheet.stage),
        station=sheet.station,
        grade=sheet.grade,
        written_at=sheet.written_at,
        returned_at=sheet.returned_at,
        disposition=sheet.disposition,
        reference=sheet.reference,
    )
