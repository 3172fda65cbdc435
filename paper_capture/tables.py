"""Where every sheet is and which blocks exist, as rows: views of the journal, disposable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from cutover.core.event import Event, Recorded
from cutover.store.chain import canonical
from cutover.store.driver import Phrase
from cutover.store.engine import reading
from cutover.store.metadata import UtcTime, metadata, utc_text
from paper_capture.batch_tables import apply_batch, batches_table
from paper_capture.conflict_tables import apply_conflict, conflicts_table
from paper_capture.domain.aside import (
    Hold,
    SheetCorrected,
    SheetFreed,
    SheetHeld,
    SheetSignedOver,
    SheetWentLive,
    SignedOver,
)
from paper_capture.domain.keeping import (
    Passed,
    SheetDestroyed,
    SheetHandedOver,
    SheetRetained,
    SheetTransferred,
    SheetTriaged,
    link_of,
    linked,
)
from paper_capture.domain.moves import (
    DiscrepancyFound,
    Disposition,
    Grade,
    Person,
    SheetAdjudicated,
    SheetDeclaredMissing,
    SheetDisposed,
    SheetHandedBackUnused,
    SheetIssued,
    SheetKeyed,
    SheetPrinted,
    SheetReturned,
    SheetSpoiled,
    SheetUsed,
    SheetVerified,
)
from paper_capture.domain.passes import Discrepancy, Keying
from paper_capture.domain.register import Issued, Printed
from paper_capture.domain.serial import Block
from paper_capture.domain.sheet import EXPLAINED, SHEETS, SheetState, Stage
from paper_capture.domain.stationery import BlockDestroyed, BlockIssued, BlockPrinted
from paper_capture.image_tables import apply_image, images_table, quarantine_table

sheets_table = Table(
    "paper_sheets",
    metadata,
    Column("serial", String(12), primary_key=True),
    Column("stage", String(20), nullable=False, index=True),
    Column("form_type", String(80), nullable=False, index=True),
    Column("form_version", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("station", String(80), nullable=False, default=""),
    Column("writer", String(200), nullable=False, default=""),
    Column("grade", String(10)),
    Column("occurred_at", UtcTime),
    Column("written_at", UtcTime),
    Column("logged_at", UtcTime),
    Column("person", Text),
    Column("form_values", Text, nullable=False, default="{}"),
    Column("returned_at", UtcTime),
    Column("returns", Integer, nullable=False, default=0),
    Column("keyings", Text, nullable=False, default=""),
    Column("discrepancies", Text, nullable=False, default="[]"),
    Column("adjudicator", String(200), nullable=False, default=""),
    Column("disposition", String(20)),
    Column("reference", String(200), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("decided_by", String(200), nullable=False, default=""),
    Column("disposed_at", UtcTime),
    Column("chain", Text, nullable=False, default=""),
    Column("retain_until", Date),
    Column("witness", String(200), nullable=False, default=""),
    Column("held", Text, nullable=False, default=""),
    Column("signed_over", Text, nullable=False, default=""),
    Column("positions", Text, nullable=False),
)

blocks_table = Table(
    "paper_blocks",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("form_type", String(80), nullable=False, index=True),
    Column("prefix", String(3), nullable=False),
    Column("first", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("station", String(80)),
    Column("destroyed", Boolean, nullable=False, default=False),
)

_INSERT = insert(sheets_table)
_GROWS = frozenset(
    {"positions", "keyings", "returns", "chain"}
)  # added to what is there, not put in its place

Change = Callable[[Any, Recorded], dict[str, Any]]
CHANGES: Mapping[type[Event], Change] = {
    SheetIssued: lambda e, _: {"station": e.station},
    SheetUsed: lambda e, r: {
        "writer": e.writer, "grade": e.grade.value, "occurred_at": e.occurred_at, "written_at": e.written_at, "logged_at": r.at,
        "person": e.person.model_dump_json() if e.person else None, "form_values": canonical(e.values), **EXPLAINED,
    },
    SheetSpoiled: lambda e, _: {"reason": e.reason, "decided_by": ""},
    SheetHandedBackUnused: lambda _, r: {"returned_at": r.at, **EXPLAINED},
    SheetDeclaredMissing: lambda e, _: {"reason": e.reason, "decided_by": e.decided_by},
    SheetReturned: lambda _, r: {"returned_at": r.at, "returns": 1, **EXPLAINED},
    SheetKeyed: lambda e, r: {"keyings": _keying_line(e, r), "form_values": canonical(e.values)},
    DiscrepancyFound: lambda e, _: {"discrepancies": canonical([d.model_dump() for d in e.discrepancies])},
    SheetAdjudicated: lambda e, r: {"adjudicator": r.actor, "form_values": canonical(e.values)},
    SheetVerified: lambda _, __: {},
    SheetDisposed: lambda e, r: {"disposition": e.disposition.value, "reference": e.reference, "reason": e.reason, "disposed_at": r.at},
    SheetTransferred: lambda e, _: {"station": e.station},
    SheetHandedOver: lambda _, __: {},
    SheetRetained: lambda e, _: {"retain_until": e.until},
    SheetDestroyed: lambda e, _: {"witness": e.witness},
    SheetTriaged: lambda e, _: {"grade": e.grade.value},
    SheetHeld: lambda e, r: {"held": _dated({"owner": e.owner, "reason": e.reason, "by": r.actor}, r)},
    SheetFreed: lambda _, __: {"held": ""},
    SheetWentLive: lambda _, __: {},
    SheetSignedOver: lambda e, r: {"signed_over": _dated({"signed_by": e.signed_by, "reference": e.reference}, r)},
    SheetCorrected: lambda e, _: e.changes | ({"grade": e.grade.value} if e.grade else {}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetRow(SheetState):
    """A sheet as the register shows it: its state, its serial and the journal positions of its facts."""

    serial: str = ""
    positions: tuple[int, ...] = ()


class PaperProjection:
    """The register's tables, with those of images and batches; the stage moves along the machine's own table."""

    name = "paper"
    tables = (sheets_table, blocks_table, images_table, quarantine_table, batches_table, conflicts_table)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case SheetPrinted() as e:
                serial = recorded.stream.partition(":")[2]
                row = {
                    "serial": serial,
                    "stage": Stage.STOCK.value,
                    "form_type": e.form_type,
                    "form_version": e.form_version,
                    "passes": e.passes,
                }
                connection.execute(_INSERT, {**row, "positions": str(recorded.position)})
            case BlockPrinted() | BlockIssued() | BlockDestroyed():
                row = event.model_dump(exclude={"witness", "reason"})
                row |= {"position": recorded.position, "destroyed": isinstance(event, BlockDestroyed)}
                connection.execute(insert(blocks_table), row)
            case _ if type(event) in CHANGES:
                change = CHANGES[type(event)](event, recorded)
                if (link := link_of(event, recorded)) is not None:
                    change["chain"] = _link_line(link)
                change["positions"] = f" {recorded.position}"
                binds = {f"new_{name}": value for name, value in change.items()}
                statement = _update(type(event), tuple(change))
                statement.each(connection, [{"of": recorded.stream.partition(":")[2], **binds}])
            case _:
                apply_image(connection, recorded)
                apply_batch(connection, recorded)
                apply_conflict(connection, recorded)


def sheet_rows(
    engine: Engine,
    stages: Sequence[str] | None = None,
    form_type: str | None = None,
    serial: str | None = None,
) -> list[SheetRow]:
    """Sheets in order of serial, all of them or those asked for."""
    t = sheets_table.c
    query = select(sheets_table).order_by(t.serial)
    if stages is not None:
        query = query.where(t.stage.in_(list(stages)))
    if form_type is not None:
        query = query.where(t.form_type == form_type)
    if serial is not None:
        query = query.where(t.serial == serial)
    with reading(engine) as connection:
        return [_row(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """Where a sheet is, without what is written on it."""

    serial: str
    form_type: str
    stage: str
    station: str
    grade: str | None
    written_at: datetime | None
    returned_at: datetime | None
    disposition: str | None
    reference: str


def sheet_places(
    engine: Engine, after: str, limit: int, stage: str | None = None, station: str = ""
) -> list[SheetPlace]:
    """At most `limit` sheets with a serial past `after`, in its order."""
    t = sheets_table.c
    query = select(*(t[name] for name in SheetPlace.__slots__)).where(t.serial > after)
    if stage is not None:
        query = query.where(t.stage == stage)
    if station:
        query = query.where(t.station == station)
    with reading(engine) as connection:
        return [SheetPlace(*row) for row in connection.execute(query.order_by(t.serial).limit(limit))]


def count_sheets(engine: Engine, stages: Sequence[str]) -> int:
    """How many sheets are in any of these stages."""
    query = select(func.count()).select_from(sheets_table).where(sheets_table.c.stage.in_(list(stages)))
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def block_rows(engine: Engine) -> tuple[list[Printed], list[Issued], list[Printed]]:
    """Every block printed, every block issued, and every block destroyed in stock."""
    printed: list[Printed] = []
    issued: list[Issued] = []
    destroyed: list[Printed] = []
    with reading(engine) as connection:
        for row in connection.execute(select(blocks_table).order_by(blocks_table.c.position)).mappings():
            block = Block(row["prefix"], row["first"], row["count"])
            if row["destroyed"]:
                destroyed.append(Printed(row["form_type"], block))
            elif row["station"] is None:
                printed.append(Printed(row["form_type"], block))
            else:
                issued.append(Issued(row["form_type"], block, row["station"]))
    return printed, issued, destroyed


@cache
def _update(kind: type[Event], columns: tuple[str, ...]) -> Phrase:
    """The one statement for a kind of fact: the stage as the machine's table says, the columns as given."""
    t = sheets_table.c
    leads = {str(at): str(to) for (at, event), to in SHEETS.moves.items() if event is kind}
    binds = {name: bindparam(f"new_{name}", type_=t[name].type) for name in columns}
    changed = {name: t[name] + bind if name in _GROWS else bind for name, bind in binds.items()}
    moved = update(sheets_table).where(t.serial == bindparam("of"))
    return Phrase(moved.values(stage=case(leads, value=t.stage), **changed))


def _keying_line(event: SheetKeyed, recorded: Recorded) -> str:
    keying = {
        "pass_no": event.pass_no,
        "keyer": recorded.actor,
        "at": utc_text(recorded.at),
        "minutes": event.minutes,
        "values": event.values,
    }
    return canonical(keying) + "\n"


def _link_line(link: Passed) -> str:
    return canonical({**asdict(link), "at": utc_text(link.at)}) + "\n"


def _dated(said: dict[str, str], recorded: Recorded) -> str:
    return canonical({**said, "at": utc_text(recorded.at)})


def _row(row: RowMapping) -> SheetRow:
    columns = dict(row)
    columns["values"] = json.loads(columns.pop("form_values"))
    columns["stage"] = Stage(row["stage"])
    columns["grade"] = Grade(row["grade"]) if row["grade"] else None
    columns["disposition"] = Disposition(row["disposition"]) if row["disposition"] else None
    columns["person"] = Person.model_validate_json(row["person"]) if row["person"] else None
    columns["keyings"] = tuple(_keying(json.loads(line)) for line in row["keyings"].split("\n") if line)
    columns["discrepancies"] = tuple(Discrepancy.model_validate(d) for d in json.loads(row["discrepancies"]))
    columns["chain"] = linked([Passed(**_timed(line)) for line in row["chain"].split("\n") if line])
    columns["held"] = Hold(**_timed(row["held"])) if row["held"] else None
    columns["signed_over"] = SignedOver(**_timed(row["signed_over"])) if row["signed_over"] else None
    columns["positions"] = tuple(int(p) for p in row["positions"].split())
    return SheetRow(**columns)


def _timed(text: str) -> dict[str, Any]:
    raw = json.loads(text)
    return {**raw, "at": datetime.fromisoformat(raw["at"])}


def _keying(raw: dict[str, Any]) -> Keying:
    return Keying(
        raw["pass_no"], raw["keyer"], datetime.fromisoformat(raw["at"]), raw["minutes"], raw["values"]
    )
