"""Personal data of destroyed sheets goes too: what was written on them, and their images. What happened to each stays.

Kept as long as its paper and no longer. Done by two people; the journal tells who, why and of which facts, and goes on
to verify, because its rows hold commitments and never the values (cutover.store.sealing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.core.errors import Refused
from cutover.core.event import Fact, Recorded
from cutover.core.redaction import STREAM, PersonalDataRedacted, alone
from cutover.store.pen import Batch, Pen
from cutover.store.projections import rebuild
from cutover.store.sealing import scrub
from paper_capture.domain.sheet import Stage, sheet_stream
from paper_capture.image_tables import ImageRow
from paper_capture.images import PaperImages


@dataclass(frozen=True, slots=True)
class Redacted:
    """What went: facts whose values are gone, and files."""

    sheets: int
    facts: int
    files: int


class Redaction:
    """Takes the personal data of sheets away for good."""

    def __init__(self, images: PaperImages) -> None:
        self.paper = images.paper
        self.images = images

    def redact(self, serials: Sequence[str], *, witness: str, by: str, reason: str) -> Redacted:
        """What was written on these sheets, and their images. Raises NotFound, or Refused with every reason.

        Run again after a crash it ends what it began. Backups made before hold what they held: they end by their own
        schedule.
        """
        known = [self.paper.sheet(serial).serial for serial in serials]
        if reasons := [*alone(witness, by, reason), *self._unready(known)]:
            raise Refused(*reasons)
        gone = {serial: self._files(serial) for serial in known}
        told = self._tell(gone, witness, by, reason)
        rebuild(self.paper.desk.journal)
        for sha256 in {file for files in gone.values() for file in files}:
            self.images.files.forget(sha256)
        scrub(self.paper.desk.journal.engine)
        facts = sum(len(one.event.positions) for one in told if isinstance(one.event, PersonalDataRedacted))
        return Redacted(len(known), facts, sum(map(len, gone.values())))

    def _unready(self, serials: Sequence[str]) -> list[str]:
        stages = {serial: self.paper.sheet(serial).stage for serial in serials}
        reasons = [f"{s}: is {stage}; its paper is destroyed first (`cutover paper destroy`)" for s, stage in stages.items() if stage is not Stage.DESTROYED]  # fmt: skip
        return reasons + [why for serial in serials if (why := self._why_never(serial))]

    def _why_never(self, serial: str) -> str:
        """Facts recorded before values stood beside the journal hold them for ever; '' where there are none."""
        old = self.paper.desk.journal.in_the_open(sheet_stream(serial))
        places = ", ".join(map(str, old))
        return f"{serial}: its facts at {places} hold their values in the chain itself, which cannot be changed" if old else ""  # fmt: skip

    def _tell(self, gone: dict[str, list[str]], witness: str, by: str, reason: str) -> list[Recorded]:
        """The values are taken away and it is said in one turn, or neither."""
        journal = self.paper.desk.journal
        with journal.writing() as pen:
            facts = [
                Fact(self._said(pen, serial, files, witness, reason), journal.clock.now(), by)
                for serial, files in gone.items()
            ]
            told = [one for one in facts if _is_news(one)]
            recorded, _ = pen.land([Batch(STREAM, pen.reached([STREAM])[STREAM], told)] if told else [])
        journal.tell(recorded)
        return recorded

    def _said(
        self, pen: Pen, serial: str, files: list[str], witness: str, reason: str
    ) -> PersonalDataRedacted:
        stream = sheet_stream(serial)
        held = pen.personal(stream)
        positions, fields = tuple(held), sorted({name for names in held.values() for name in names})
        pen.forget(positions, fields)
        return PersonalDataRedacted(
            of=stream, positions=positions, files=tuple(files), fields=tuple(fields), witness=witness, reason=reason
        )  # fmt: skip

    def _files(self, serial: str) -> list[str]:
        """Its images and the scans they came from, without those that show another sheet that is still there."""
        rows = self.images.of_all(live=False)
        mine = [row for row in rows if row.serial == serial]
        others = {sha for row in rows if not self._is_gone(row) for sha in (row.sha256, row.scan.source)}
        named = {sha for row in mine for sha in (row.sha256, row.scan.source)}
        return sorted(sha for sha in named - others if self.images.files.has(sha))

    def _is_gone(self, row: ImageRow) -> bool:
        return self.paper.sheet(row.serial).stage is Stage.DESTROYED


def _is_news(fact: Fact) -> bool:
    event = fact.event
    return isinstance(event, PersonalDataRedacted) and bool(event.positions or event.files)
