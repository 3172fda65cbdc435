"""Which image stands for which page, and which images wait in quarantine, as rows: views of the journal, disposable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from cutover.core.event import Recorded
from cutover.store.engine import reading
from cutover.store.metadata import UtcTime, metadata
from paper_capture.domain.images import (
    Held,
    Marks,
    PageFiled,
    PageQuarantined,
    QuarantinedPageDiscarded,
    QuarantinedPageFiled,
    Scan,
)

images_table = Table(
    "paper_images",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", String(12), nullable=False, index=True),
    Column("page", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("scan", Text, nullable=False),
    Column("source", String(64), nullable=False, index=True),
    Column("source_page", Integer, nullable=False),
    Column("marks", Text),
    Column("live", Boolean, nullable=False),
    Column("filed_at", UtcTime, nullable=False),
    Column("filed_by", String(200), nullable=False),
)

quarantine_table = Table(
    "paper_quarantine",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("stage", String(20), nullable=False, index=True),
    Column("scan", Text, nullable=False),
    Column("source", String(64), nullable=False, index=True),
    Column("source_page", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("became", Text, nullable=False, default=""),
)


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image filed under a serial and a page; `live` until a later scan supersedes it."""

    serial: str
    page: int
    pages: int
    scan: Scan
    marks: Marks | None
    live: bool
    filed_at: datetime
    filed_by: str
    position: int

    @property
    def sha256(self) -> str:
        return self.scan.sha256


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """An image that nobody could place, why, and what a person made of it."""

    scan: Scan
    stage: Held
    reason: str
    held_at: datetime
    became: str


def apply_image(connection: Connection, recorded: Recorded) -> None:
    """One row an image; a page's newest is the live one."""
    named, _, of = recorded.stream.partition(":")
    match recorded.event:
        case PageFiled() as event if named == "pages":
            _file(connection, recorded, event, of)
        case PageQuarantined() as event:
            scan = event.scan
            row = {
                "sha256": of,
                "stage": Held.HELD.value,
                "scan": scan.model_dump_json(),
                "source": scan.source,
                "source_page": scan.source_page,
            }
            connection.execute(
                insert(quarantine_table), {**row, "reason": event.reason, "held_at": recorded.at}
            )
        case QuarantinedPageFiled() as event:
            _leave(connection, of, Held.FILED, f"{event.serial} page {event.page}: {event.reason}")
        case QuarantinedPageDiscarded() as event:
            _leave(connection, of, Held.DISCARDED, event.reason)


def image_rows(
    engine: Engine, serials: Collection[str] | None = None, *, live: bool = True
) -> list[ImageRow]:
    """Images in order of serial and page: of these sheets or of all, the live ones or those superseded too."""
    t = images_table.c
    query = select(images_table).order_by(t.serial, t.page, t.position)
    if serials is not None:
        query = query.where(t.serial.in_(list(serials)))
    if live:
        query = query.where(t.live)
    with reading(engine) as connection:
        return [_image(row) for row in connection.execute(query).mappings()]


def images_with(engine: Engine, sha256: str) -> list[ImageRow]:
    """Where an image is filed."""
    query = select(images_table).where(images_table.c.sha256 == sha256).order_by(images_table.c.position)
    with reading(engine) as connection:
        return [_image(row) for row in connection.execute(query).mappings()]


def quarantine_rows(engine: Engine, stages: Sequence[str] = (Held.HELD,)) -> list[QuarantineRow]:
    """Images in quarantine, oldest first."""
    t = quarantine_table.c
    query = (
        select(quarantine_table)
        .where(t.stage.in_([str(s) for s in stages]))
        .order_by(t.held_at, t.source, t.source_page, t.sha256)
    )
    with reading(engine) as connection:
        return [
            QuarantineRow(
                Scan.model_validate_json(row["scan"]),
                Held(row["stage"]),
                row["reason"],
                row["held_at"],
                row["became"],
            )
            for row in connection.execute(query).mappings()
        ]


def pages_taken(engine: Engine, source: str) -> dict[int, str]:
    """What became of each page of a file that was scanned before: page of the file to serial, or ''."""
    i, q = images_table.c, quarantine_table.c
    with reading(engine) as connection:
        filed = connection.execute(select(i.source_page, i.serial).where(i.source == source)).all()
        held = connection.execute(select(q.source_page).where(q.source == source)).all()
    return {**{page: "" for (page,) in held}, **{row.source_page: row.serial for row in filed}}


def _file(connection: Connection, recorded: Recorded, event: PageFiled, serial: str) -> None:
    t = images_table.c
    connection.execute(
        update(images_table).where(t.serial == serial, t.page == event.page).values(live=False)
    )
    row = {
        "position": recorded.position, "serial": serial, "page": event.page, "pages": event.pages,
        "sha256": event.scan.sha256, "scan": event.scan.model_dump_json(), "source": event.scan.source,
        "source_page": event.scan.source_page, "marks": event.marks.model_dump_json() if event.marks else None,
        "live": True, "filed_at": recorded.at, "filed_by": recorded.actor,
    }  # fmt: skip
    connection.execute(insert(images_table), row)


def _leave(connection: Connection, sha256: str, stage: Held, became: str) -> None:
    held = update(quarantine_table).where(quarantine_table.c.sha256 == sha256)
    connection.execute(held.values(stage=stage.value, became=became))


def _image(row: RowMapping) -> ImageRow:
    return ImageRow(
        row["serial"], row["page"], row["pages"], Scan.model_validate_json(row["scan"]),
        Marks.model_validate_json(row["marks"]) if row["marks"] else None,
        row["live"], row["filed_at"], row["filed_by"], row["position"],
    )  # fmt: skip
