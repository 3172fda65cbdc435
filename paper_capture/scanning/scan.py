"""From files to filed pages: each file whole or not at all, each page once, and what has no place is held with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutover.core.errors import Invalid, Refused
from paper_capture.domain.codes import PageCode
from paper_capture.domain.geometry import Layout
from paper_capture.domain.images import Marks, Scan
from paper_capture.images import PaperImages, Placed, Unplaced
from paper_capture.keeping import PaperKeeping
from paper_capture.printing.layout import lay_out
from paper_capture.scanning.files import Leaf, ScannedFile, leaves, open_file
from paper_capture.scanning.marks import has_eyes, read_marks
from paper_capture.scanning.reading import Found, read_page


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one file: pages filed and held, pages that were filed before, or why it was refused whole.

    `ungraded` says of which filed sheets the higher grade that was read off them came too late, and why.
    """

    file: str
    sha256: str = ""
    filed: tuple[Placed, ...] = ()
    held: tuple[Unplaced, ...] = ()
    already: int = 0
    refused: str = ""
    ungraded: tuple[str, ...] = ()


@dataclass
class Scanner:
    """Reads files for one programme; `key` is the key its codes were printed under."""

    images: PaperImages
    key: bytes
    marks: bool = field(default_factory=has_eyes)
    _layouts: dict[tuple[str, int], Layout] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keeping = PaperKeeping(self.images.paper)

    def scan(self, paths: Iterable[Path], *, by: str) -> Iterator[Report]:
        """File the pages of each file in turn; one that is refused keeps out none of the others.

        The same file again changes nothing.
        """
        for path in paths:
            for file in _files(path):
                yield self._one(file, by)

    def _one(self, path: Path, by: str) -> Report:
        try:
            file = open_file(path)
            taken = self.images.taken(file.sha256)
            new = set(range(1, file.pages + 1)) - {page for page, serial in taken.items() if serial}
            placed: list[Placed] = []
            unplaced: list[Unplaced] = []
            for leaf in leaves(file, new):
                self._place(file, leaf, placed, unplaced)
            self.images.file_all(placed, unplaced, by=by)
        except Invalid as error:
            return Report(str(path), refused="; ".join(p.message for p in error.problems))
        except Refused as error:
            return Report(str(path), refused="; ".join(error.reasons))
        known = [held for held in unplaced if held.scan.source_page in taken]
        return Report(
            str(path), file.sha256, tuple(placed), tuple(unplaced), file.pages - len(new) + len(known),
            ungraded=self._grade(placed, by),
        )  # fmt: skip

    def _grade(self, placed: Sequence[Placed], by: str) -> tuple[str, ...]:
        """Raise each sheet to the grade that was read off it; the reasons of those for which it is too late."""
        too_late = list[str]()
        for page in placed:
            if page.marks and page.marks.grade:
                try:
                    self.keeping.triage({page.serial: page.marks.grade}, by=by)
                except Refused as error:
                    too_late += error.reasons
        return tuple(too_late)

    def _place(self, file: ScannedFile, leaf: Leaf, placed: list[Placed], unplaced: list[Unplaced]) -> None:
        reading = read_page(leaf.gray, self.key)
        scan = Scan(
            sha256=self.images.files.keep(leaf.content), media=leaf.media, source=file.sha256,
            source_page=leaf.number, source_name=file.path.name,
        )  # fmt: skip
        found = reading.found
        reason = reading.reason if found is None else self._why_not(found.code)
        if found is None or reason:
            unplaced.append(Unplaced(scan, reason))
            return
        code = found.code
        placed.append(Placed(code.serial, code.page, code.pages, scan, self._marks(leaf, found)))

    def _why_not(self, code: PageCode) -> str:
        form = self.images.paper.by_prefix.get(code.serial[:-9])
        if form is None:
            return f"{code.serial}: no form has its prefix"
        if not 1 <= code.page <= code.pages:
            return f"{code.serial}: page {code.page} of {code.pages} is no page"
        return self.images.why_not(code.serial)

    def _marks(self, leaf: Leaf, found: Found) -> Marks | None:
        """What was ticked; None where nobody looked: no OpenCV, or a layout that this programme does not have."""
        layout = self._layout(found.code)
        if not self.marks or layout is None or len(layout.pages) != found.code.pages:
            return None
        return read_marks(leaf.gray, found, layout.boxes(found.code.page))

    def _layout(self, code: PageCode) -> Layout | None:
        form = self.images.paper.by_prefix[code.serial[:-9]]
        if code.version > form.version:
            return None
        known = (form.id, code.version)
        if known not in self._layouts:
            self._layouts[known] = lay_out(form.at(code.version))
        return self._layouts[known]


def _files(path: Path) -> Iterator[Path]:
    """A file, or every file of a folder in the order of their names, hidden ones left out."""
    if not path.is_dir():
        yield path
        return
    yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
