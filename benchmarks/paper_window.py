"""3,500 forms over 60 stations in 72 hours: is every serial accounted for, and is each of 18 faults in the books named?

    python -m benchmarks.paper_window [--sheets 3500] [--stations 60] [--scanned 150] [--seed 7]

Everything goes through the doors of the room on a real journal (SQLite): issue, use, spoil, lose three, hand over,
return, batch, scan, release, key in as many passes as the form asks, adjudicate, convert, put away. `--scanned` domestic-abuse
sheets are really printed, ticked with a synthetic pen, put through a synthetic scanner and read back from files; the pages
of the others are filed by the same door without a picture (drawing 8,000 pages would only test the drawing).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.telling import figure
from cutover.core.clock import FixedClock
from cutover.core.event import Catalogue
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.kept_files import KeptFiles
from cutover.store.projections import prepare
from paper_capture.domain.passes import Value
from paper_capture.domain.register import check
from paper_capture.forms import load_forms
from paper_capture.images import PaperImages
from paper_capture.printing.layout import lay_out
from paper_capture.scanning.scan import Scanner
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.paper_capture.scanning.pens import Scanner as Machine
from tests.paper_capture.scanning.pens import drawn, scanned, write
from tests.paper_capture.window import OPENS, Window, faults

KEY = b"benchmark key 16"
LIBRARY = Path(__file__).parents[1] / "paper_capture" / "library"
FORM = "domestic_abuse"


@dataclass
class ScanningDesk:
    """The scanning desk: makes real images of the first sheets of one form and scans the folder."""

    images: PaperImages
    folder: Path
    most: int
    seen: Counter[str] = field(default_factory=Counter)

    def scan(self, answers: Mapping[str, Mapping[str, Value]]) -> set[str]:
        form = self.images.paper.form(FORM)
        serials = [s for s in answers if s.startswith(form.prefix)][: self.most]
        random = np.random.default_rng(11)
        for start in range(0, len(serials), 10):
            self._draw(serials[start : start + 10], answers, random)
        began = time.process_time()
        reports = list(Scanner(self.images, KEY).scan([self.folder], by="scanning desk"))
        self.seen["cpu ms"] = round((time.process_time() - began) * 1000)
        self.seen["pages"] = sum(len(r.filed) for r in reports)
        self.seen["held or refused"] = sum(len(r.held) + bool(r.refused) for r in reports)
        self.seen["referred"] = sum(len(p.marks.referred) for r in reports for p in r.filed if p.marks)
        self.seen["read"] = sum(len(p.marks.answers) for r in reports for p in r.filed if p.marks)
        return set(serials)

    def _draw(
        self, serials: list[str], answers: Mapping[str, Mapping[str, Value]], random: np.random.Generator
    ) -> None:
        form = self.images.paper.form(FORM)
        layout = lay_out(form)
        pages = drawn(form, serials, KEY)
        for place, page in enumerate(pages):
            serial, number = serials[place // len(layout.pages)], place % len(layout.pages) + 1
            for box in layout.boxes(number):
                said = answers[serial].get(box.field)
                if said == box.answer or said is True:
                    write(page, box, ("cross", "tick", "slash")[int(random.integers(3))], random)
            how = Machine(dpi=200, turn=float(random.uniform(-2, 2)), noise=5)
            Image.fromarray(scanned(page, how, random)).save(
                self.folder / f"{serial}-{number}.jpg", quality=70
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sheets", type=int, default=3500)
    parser.add_argument("--stations", type=int, default=60)
    parser.add_argument("--scanned", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        return play(Path(place), args)


def play(place: Path, args: argparse.Namespace) -> int:
    began = time.process_time()
    clock = FixedClock(OPENS)
    engine = open_engine(sqlite_url(place / "cutover.db"))
    schema.upgrade(engine)
    journal = Journal(engine, Catalogue(EVENTS), clock, [PaperProjection()])
    prepare(journal)
    paper = PaperService(Desk(journal, clock), load_forms(LIBRARY))
    images = PaperImages(paper, KeptFiles(place / "images"))
    (place / "scans").mkdir()
    desk = ScanningDesk(images, place / "scans", args.scanned)
    window = Window(paper, images, clock, args.seed, desk.scan)
    window.play(args.sheets, [f"station-{n:02}" for n in range(1, args.stations + 1)])
    print(f"played in {time.process_time() - began:.0f} s CPU; scanning: {dict(desk.seen)}")
    return accounted(window) | named(window)


def accounted(window: Window) -> int:
    began = time.process_time()
    found = window.paper.account(window.target)
    print(
        f"printed {found.printed}: converted {found.converted}, void {found.void}, missing {found.missing}, stock {found.stock},"
        f" outstanding {sum(map(len, found.outstanding.values()))}; closed: {found.is_closed} ({time.process_time() - began:.1f} s CPU)"
    )
    figure(
        "window.unaccounted",
        found.printed - found.converted - found.void - 3 + int(not found.is_closed),
        f"{found.printed} printed",
    )
    for identity in found.identities:
        if not identity.holds:
            print(f"  BROKEN {identity.id}: {identity.detail[:300]}")
    return int(not found.is_closed or found.missing != 3 or found.printed != found.converted + found.void + 3)


def named(window: Window) -> int:
    books = window.paper.register(window.target)
    missed = 0
    for name, (identity, inject) in faults().items():
        spoiled, serial = inject(books)
        broken = {i.id: i.detail for i in check(spoiled) if not i.holds}
        caught = f"{serial} (" in broken.get(identity, "")
        missed += not caught
        print(
            f"  {'named ' if caught else 'MISSED'} by {', '.join(broken) or 'none':12} {name}: {broken.get(identity, '')[:110]}"
        )
    figure("window.unnamed", missed)
    print(f"{len(faults()) - missed} of {len(faults())} faults named")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
