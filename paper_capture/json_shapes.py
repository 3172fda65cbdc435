"""What the commands on paper answer with --json: a shape for each, by the words that are typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from cutover.cli.output import Fact
from paper_capture.bulk import Import
from paper_capture.domain.conflicts import Conflict
from paper_capture.domain.images import Marks
from paper_capture.domain.register import Account, Identity
from paper_capture.image_tables import QuarantineRow
from paper_capture.redaction import Redacted
from paper_capture.tables import SheetRow


class IssuedSheets(TypedDict):
    station: str
    serials: Sequence[str]


class LifeOfSheet(TypedDict):
    sheet: SheetRow
    moves: Sequence[Fact]


class PackPrinted(TypedDict):
    station: str
    key: str
    files: Sequence[str]
    offline: Sequence[str]
    serials: Mapping[str, Sequence[str]]
    notes: Sequence[str]


class WrittenFile(TypedDict):
    file: str


class PrintedCertificate(WrittenFile):
    notes: Sequence[str]


class FiledPage(TypedDict):
    serial: str
    page: int
    pages: int
    sha256: str
    marks: Marks | None


class HeldPage(TypedDict):
    page: int
    sha256: str
    reason: str


class ScannedFile(TypedDict):
    file: str
    sha256: str
    already: int
    ungraded: Sequence[str]
    refused: str
    filed: Sequence[FiledPage]
    held: Sequence[HeldPage]


class StationLink(TypedDict):
    station: str
    link: NotRequired[str]
    revoked: NotRequired[bool]


ANSWERS: Mapping[str, Any] = {
    "paper issue": IssuedSheets,
    "paper verify": list[Identity],
    "paper account": Account,
    "paper show": LifeOfSheet,
    "paper pack": PackPrinted,
    "paper xlsform": WrittenFile,
    "paper scan": list[ScannedFile],
    "paper quarantine": list[QuarantineRow],
    "paper redact": Redacted,
    "paper certificate": PrintedCertificate,
    "paper conflicts": Mapping[str, Conflict],
    "paper import": Import,
    "paper link": StationLink,
    **dict.fromkeys(
        (
            "paper log", "paper return", "paper spoil", "paper missing", "paper enter", "paper adjudicate", "paper place",
            "paper discard", "paper batch", "paper receive", "paper release", "paper reject", "paper transfer",
            "paper hand-over", "paper retain", "paper destroy", "paper destroy-stock", "paper hold", "paper free",
            "paper live", "paper sign-over", "paper settle",
        ),
        list[Fact],
    ),
}  # fmt: skip
