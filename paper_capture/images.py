"""The door to images: each filed once under its serial and page by its SHA-256, or held in quarantine with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cutover.core.errors import Invalid, NotFound, Problem, Refused
from cutover.core.event import Recorded
from cutover.store.desk import Ask
from cutover.store.kept_files import KeptFiles
from paper_capture.domain.images import (
    PAGES,
    QUARANTINE,
    DiscardQuarantined,
    FilePage,
    FileQuarantined,
    Held,
    Marks,
    QuarantinePage,
    Scan,
    pages_stream,
    quarantine_stream,
)
from paper_capture.domain.sheet import Stage
from paper_capture.image_tables import (
    ImageRow,
    QuarantineRow,
    image_rows,
    images_with,
    pages_taken,
    quarantine_rows,
)
from paper_capture.service import PaperService

BY_CODE = "by its own code, once the sheet could take it"
WITHOUT_IMAGE = frozenset({Stage.UNPRINTED, Stage.STOCK, Stage.ISSUED, Stage.UNUSED})


@dataclass(frozen=True, slots=True)
class Placed:
    """An image and the page that its own codes say it is."""

    serial: str
    page: int
    pages: int
    scan: Scan
    marks: Marks | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An image and why it has no place."""

    scan: Scan
    reason: str


class PaperImages:
    """Images of sheets: content by SHA-256 in a folder, places in the journal."""

    def __init__(self, paper: PaperService, files: KeptFiles) -> None:
        self.paper = paper
        self.files = files

    def of(self, serial: str) -> list[ImageRow]:
        """The live image of each page of a sheet, in order. Raises Invalid, NotFound."""
        return image_rows(self.paper.desk.journal.engine, [self.paper.sheet(serial).serial])

    def of_all(self, serials: Collection[str] | None = None, *, live: bool = True) -> list[ImageRow]:
        """Images of many sheets, or of all of them."""
        return image_rows(self.paper.desk.journal.engine, serials, live=live)

    def read(self, sha256: str) -> tuple[bytes, str]:
        """An image's bytes, checked against its SHA-256, and its media type. Raises NotFound, Unavailable."""
        filed = images_with(self.paper.desk.journal.engine, sha256)
        scans = [row.scan for row in filed] or [
            q.scan for q in self.quarantined(list(Held)) if q.scan.sha256 == sha256
        ]
        if not scans:
            raise NotFound("image", sha256[:80])
        return self.files.read(sha256), scans[0].media

    def file(
        self,
        serial: str,
        page: int,
        pages: int,
        content: bytes,
        *,
        by: str,
        media: str = "image/png",
        source_name: str = "",
    ) -> list[Recorded]:
        """File one image under a sheet and page that a person or a station names. The same again changes nothing."""
        sha256 = self.files.keep(content)
        scan = Scan(sha256=sha256, media=media, source=sha256, source_name=source_name)
        return self.file_all([Placed(serial, page, pages, scan)], [], by=by)

    def file_all(self, placed: Sequence[Placed], unplaced: Sequence[Unplaced], *, by: str) -> list[Recorded]:
        """File many images and hold the others, all in one transaction. Raises Refused for a sheet that has no writing."""
        if reasons := [reason for p in placed if (reason := self.why_not(p.serial))]:
            raise Refused(*reasons)
        held = {row.scan.sha256 for row in self.quarantined()}
        asks = [self._file(p, by) for p in placed]
        asks += [
            Ask(
                QUARANTINE,
                quarantine_stream(p.scan.sha256),
                FileQuarantined(by=by, serial=p.serial, page=p.page, reason=BY_CODE),
            )
            for p in placed
            if p.scan.sha256 in held
        ]
        asks += [
            Ask(
                QUARANTINE,
                quarantine_stream(u.scan.sha256),
                QuarantinePage(by=by, scan=u.scan, reason=u.reason),
            )
            for u in unplaced
        ]
        return self.paper.desk.ask_all(asks) if asks else []

    def why_not(self, serial: str) -> str:
        """Why no image can be filed under this serial, '' when it can."""
        try:
            sheet = self.paper.sheet(serial)
        except NotFound:
            return f"{serial}: was never printed"
        if sheet.stage in WITHOUT_IMAGE:
            where = f" at {sheet.station}" if sheet.station else ""
            return f"{sheet.serial}: is {sheet.stage}{where}: nobody logged it as used"
        return ""

    def quarantined(self, stages: Sequence[str] = (Held.HELD,)) -> list[QuarantineRow]:
        """Images that wait for a person, oldest first."""
        return quarantine_rows(self.paper.desk.journal.engine, stages)

    def place(
        self, sha256: str, serial: str, page: int, pages: int, *, by: str, reason: str
    ) -> list[Recorded]:
        """File a quarantined image on a person's word. Raises NotFound, Refused."""
        held = self._held(sha256)
        known = self.paper.sheet(serial).serial
        if why := self.why_not(known):
            raise Refused(why)
        leave = FileQuarantined(by=by, serial=known, page=page, reason=reason)
        return self.paper.desk.ask_all([
            Ask(QUARANTINE, quarantine_stream(sha256), leave), self._file(Placed(known, page, pages, held.scan), by),
        ])  # fmt: skip

    def discard(self, sha256: str, *, by: str, reason: str) -> list[Recorded]:
        """Say that a quarantined image is no page of ours; it is kept. Raises NotFound, Refused."""
        self._held(sha256)
        stream = quarantine_stream(sha256)
        return self.paper.desk.ask(QUARANTINE, stream, DiscardQuarantined(by=by, reason=reason))

    def taken(self, source: str) -> dict[int, str]:
        """The pages of a file that were scanned before, with the serial each was filed under, or ''."""
        return pages_taken(self.paper.desk.journal.engine, source)

    def held_as(self, begins: str) -> str:
        """The one image in quarantine whose SHA-256 begins so. Raises NotFound, Invalid for several."""
        found = [row.scan.sha256 for row in self.quarantined() if row.scan.sha256.startswith(begins.lower())]
        if len(found) > 1:
            raise Invalid(
                Problem(f"{len(found)} images begin with '{begins}'", expected="more of its SHA-256")
            )
        if not found:
            raise NotFound("image in quarantine", begins[:80])
        return found[0]

    def _held(self, sha256: str) -> QuarantineRow:
        for row in self.quarantined():
            if row.scan.sha256 == sha256:
                return row
        raise NotFound("image in quarantine", sha256[:80])

    def _file(self, placed: Placed, by: str) -> Ask:
        serial = self.paper.known(placed.serial)  # a person may have typed it with blanks
        wish = FilePage(
            by=by,
            serial=serial,
            page=placed.page,
            pages=placed.pages,
            scan=placed.scan,
            marks=placed.marks,
        )
        return Ask(PAGES, pages_stream(serial), wish)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
