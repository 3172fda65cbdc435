"""Seventy-two hours on paper, from one seed: what every station does with its sheets, and the faults put into the books after.

Sheets are issued, used, spoiled, lost, handed back, batched, scanned, keyed, adjudicated, converted and put away
through the same doors as in life, while a clock goes on. `faults()` then spoils the register as people and machines
do, one way at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from cutover.core.clock import FixedClock
from paper_capture.batches import PaperBatches
from paper_capture.domain.answers import FieldType
from paper_capture.domain.batches import Batch, BatchStage, hash_total
from paper_capture.domain.books import Register, SeenImage
from paper_capture.domain.form import Form
from paper_capture.domain.images import Scan
from paper_capture.domain.keeping import Passed
from paper_capture.domain.moves import Entry, Grade, UsedSheet
from paper_capture.domain.passes import Value
from paper_capture.domain.register import Printed
from paper_capture.domain.serial import Block
from paper_capture.domain.sheet import SheetState, Stage
from paper_capture.images import PaperImages, Placed
from paper_capture.keeping import PaperKeeping
from paper_capture.printing.layout import lay_out
from paper_capture.service import Disposal, PaperService

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
MIX = {"incident": 0.34, "crime": 0.41, "domestic_abuse": 0.16, "custody": 0.07, "property": 0.02}
SPOILED, BLANK, DIFFER, BATCH = 0.02, 0.06, 0.02, 25
KEYERS = [f"keyer {n}" for n in range(24)]
Scan_ = Callable[[Mapping[str, Mapping[str, Value]]], set[str]]


@dataclass
class Window:
    """A programme's paper through its window; `scan` files real images of some sheets and says which."""

    paper: PaperService
    images: PaperImages
    clock: FixedClock
    seed: int = 7
    scan: Scan_ = lambda _: set()
    answers: dict[str, dict[str, Value]] = field(default_factory=dict)
    target: dict[str | None, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.batches, self.keeping = PaperBatches(self.paper), PaperKeeping(self.paper)

    def play(self, sheets: int, stations: Sequence[str]) -> None:
        """The whole window: about `sheets` used, over these stations."""
        self.clock.set(OPENS - timedelta(hours=6))
        issued = self._issue(sheets, stations)
        self.clock.set(OPENS)
        used = self._three_days(issued)
        self._lose(used)
        self._hand_in(issued)
        batches = self._batch()
        self._scan(batches)
        self._key()
        self._convert()

    def _issue(self, sheets: int, stations: Sequence[str]) -> dict[str, list[str]]:
        issued: dict[str, list[str]] = {}
        for number, station in enumerate(stations):
            for form, share in MIX.items():
                whole = sheets * share * (1 + BLANK + SPOILED)
                count = int(whole * (number + 1) / len(stations)) - int(whole * number / len(stations))
                if count:
                    issued.setdefault(station, []).extend(
                        self.paper.issue(station=station, form_type=form, count=count, by="stock keeper")
                    )
        return issued

    def _three_days(self, issued: Mapping[str, Sequence[str]]) -> list[str]:
        """Each station logs what it wrote, hour by hour, in no order of its numbers."""
        todo: dict[int, list[UsedSheet]] = {}
        for station, serials in issued.items():
            for serial in serials:
                if self.random.random() < BLANK:
                    continue
                if self.random.random() < SPOILED:
                    self.paper.spoil(serial, by=f"{station} lead", reason="coffee")
                    continue
                hour = int(self.random.integers(0, 71))
                todo.setdefault(hour, []).append(
                    self._written(serial, station, OPENS + timedelta(hours=hour))
                )
        for hour in sorted(todo):
            self.clock.set(OPENS + timedelta(hours=hour + 1))
            self.paper.log_used(todo[hour], by="station staff")
        return [sheet.serial for hour in sorted(todo) for sheet in todo[hour]]

    def _written(self, serial: str, station: str, at: datetime) -> UsedSheet:
        written = at + timedelta(minutes=int(self.random.integers(15, 60)))
        self.answers[serial] = filled(self.paper.form_of(serial), at, self.random)
        return UsedSheet(
            serial=serial,
            station=station,
            writer="PC Okoro",
            occurred_at=at,
            written_at=written,
            grade=Grade.STANDARD,
        )

    def _lose(self, used: Sequence[str]) -> None:
        self.clock.set(OPENS + timedelta(hours=73))
        for serial in self.random.choice(np.array(sorted(used)), 3, replace=False):
            self.paper.declare_missing(
                str(serial), by="station lead", decided_by="Chen", reason="not in the van"
            )

    def _hand_in(self, issued: Mapping[str, Sequence[str]]) -> None:
        for station in issued:
            rows = [row for row in self.paper.sheets(["used", "issued"]) if row.station == station]
            self.keeping.hand_over(
                [r.serial for r in rows], giver=station, receiver="van", by=f"{station} lead", seal=station
            )
            self.clock.advance(timedelta(minutes=5))
            if blank := [r.serial for r in rows if r.stage is Stage.ISSUED]:
                self.paper.return_unused(blank, by="reception")
            self.paper.return_sheets([r.serial for r in rows if r.stage is Stage.USED], by="reception")

    def _batch(self) -> list[str]:
        bundles: dict[tuple[str, str], list[str]] = {}
        for row in self.paper.sheets(["returned"]):
            bundles.setdefault((row.station, row.form_type), []).append(row.serial)
        names = []
        for (station, form), serials in bundles.items():
            for start in range(0, len(serials), BATCH):
                some, name = serials[start : start + BATCH], f"{station}-{form}-{start // BATCH + 1}"
                sums = {
                    f: sum(_sum(self.answers[s].get(f)) for s in some) for f in self.paper.form(form).totals
                }
                self.batches.prepare(
                    name,
                    some,
                    count=len(some),
                    hash_total=hash_total(some),
                    totals=sums,
                    by=f"{station} lead",
                )
                self.batches.receive(name, counted=len(some), by="reception")
                names.append(name)
        return names

    def _scan(self, names: Iterable[str]) -> None:
        """Real images where somebody makes them; for the rest an image that holds no more than its name."""
        self.clock.advance(timedelta(minutes=30))
        returned = {row.serial for row in self.paper.sheets(["returned"])}
        real = self.scan({serial: self.answers[serial] for serial in sorted(returned)})
        pages = {form.id: len(lay_out(form).pages) for form in self.paper.forms.values()}
        placed = []
        for row in self.paper.sheets(["returned"]):
            for page in range(1, pages[row.form_type] + 1):
                if row.serial not in real:
                    sha256 = self.images.files.keep(f"{row.serial} page {page}".encode())
                    placed.append(Placed(row.serial, page, pages[row.form_type], Scan(sha256=sha256)))
        for start in range(0, len(placed), 500):
            self.images.file_all(placed[start : start + 500], [], by="scanning desk")
        for name in names:
            self.batches.release(name, by="scanning desk")

    def _key(self) -> None:
        for number, row in enumerate(self.paper.sheets(["returned"])):
            self.clock.advance(timedelta(seconds=50))
            for passed in range(1, row.passes + 1):
                values = dict(self.answers[row.serial])
                if passed == 2 and self.random.random() < DIFFER:
                    name = next(n for n, v in values.items() if isinstance(v, str) and v.startswith("words"))
                    values[name] = "misread"
                keyer = KEYERS[(number + passed) % len(KEYERS)]
                entry = Entry(serial=row.serial, pass_no=passed, keyer=keyer, values=values, minutes=18)
                self.paper.enter([entry])
        for row in self.paper.sheets(["discrepant"]):
            right = {d.field: self.answers[row.serial][d.field] for d in row.discrepancies}
            self.paper.adjudicate(row.serial, by="Viktor", values=right)

    def _convert(self) -> None:
        self.clock.advance(timedelta(hours=1))
        verified = [row.serial for row in self.paper.sheets(["verified"])]
        self.target = {serial: [f"N{number}"] for number, serial in enumerate(verified)}
        for start in range(0, len(verified), 250):
            some = verified[start : start + 250]
            self.paper.dispose_all([Disposal(s, "converted", self.target[s][0], "conversion") for s in some])
        ended = self.paper.sheets(["disposed"])
        self.keeping.retain(
            [r.serial for r in ended], place="archive", by="archivist", until=date(2033, 10, 25)
        )


def filled(form: Form, at: datetime, random: np.random.Generator) -> dict[str, Value]:
    """An answer to each question, as the rules of the form allow."""
    values: dict[str, Value] = {}
    for number, one in enumerate(form.fields):
        moment = at + timedelta(minutes=number)
        match one.type:
            case FieldType.TEXT:
                values[one.name] = f"words {random.integers(1, 10_000)}"
            case FieldType.DATETIME if one.required:
                values[one.name] = moment.isoformat()
            case FieldType.NUMBER:
                values[one.name] = int(
                    random.integers(int(one.least or 0) + 1, int(min(one.most or 500, 500)))
                )
            case FieldType.CHOICE:
                values[one.name] = str(random.choice(np.array(one.choices)))
            case FieldType.TICK:
                values[one.name] = bool(random.random() < 0.3)
    return form.check(values)


def _sum(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


# --- what goes wrong: 18 ways, each on its own, with the identity that must name it ---------------------------------

Change = Callable[[Register], tuple[Register, str]]


def faults() -> dict[str, tuple[str, Change]]:
    """Each fault with the identity that catches it, and how it is put into honest books; it tells whose serial is named."""
    return {
        "a number printed twice": ("I1", _printed_twice),
        "a sheet that vanished after issue": ("I2", lambda r: _dropped(r, _one(r, Stage.DISPOSED))),
        "a sheet used at another station": ("I2", _sheet(Stage.DISPOSED, station="elsewhere")),
        "a sheet given up on nobody's word": ("I2b", _sheet(Stage.MISSING, decided_by="")),
        "a return logged twice": ("I3", _sheet(Stage.DISPOSED, returns=2)),
        "a sheet in two batches": ("I4", _in_two_batches),
        "a spoiled sheet in a batch": ("I4", _spoiled_in_batch),
        "a page lost at the scanner": ("I5", lambda r: _imaged(r, lambda images: images[:-1])),
        "one page's image filed under the next sheet": ("I5", _image_of_another),
        "a header that counts one more": ("I6", _batch(lambda b: replace(b, count=b.count + 1))),
        "a sheet exchanged for another beneath its header": (
            "I6",
            _batch(lambda b: replace(b, hash_total=b.hash_total + 1)),
        ),
        "an amount mistyped in a form keyed once": ("I6", _mistyped),
        "both passes by one person": ("I7", _one_keyer),
        "two dispositions, the first lost": ("I8", _sheet(Stage.DISPOSED, reference="")),
        "a form converted twice": ("I9", _target(lambda old: [*old, "N999999"])),
        "a hand that nobody gave it to": ("I10", _hand),
        "a record made of a spoiled sheet": ("I11", _sheet(Stage.SPOILED, reference="N999998")),
        "the contents of two forms swapped inside a batch": ("I12", _swapped),
    }


def _one(
    register: Register, stage: Stage, wanted: Callable[[str, SheetState], bool] = lambda *_: True
) -> str:
    found = [s for s, sheet in sorted(register.sheets.items()) if sheet.stage is stage and wanted(s, sheet)]
    return found[len(found) // 2]


def _with(register: Register, serial: str, **changes: object) -> Register:
    changed = replace(register.sheets[serial], **changes)  # type: ignore[arg-type]
    return replace(register, sheets={**register.sheets, serial: changed})


def _sheet(stage: Stage, **changes: object) -> Change:
    def change(register: Register) -> tuple[Register, str]:
        serial = _one(register, stage)
        return _with(register, serial, **changes), serial

    return change


def _dropped(register: Register, serial: str) -> tuple[Register, str]:
    return replace(register, sheets={s: v for s, v in register.sheets.items() if s != serial}), serial


def _printed_twice(register: Register) -> tuple[Register, str]:
    first = register.printed[0]
    again = Printed(first.form_type, Block(first.block.prefix, first.block.first, 1))
    return replace(register, printed=[*register.printed, again]), str(next(iter(again.block)))


def _named(register: Register, wanted: Callable[[Batch], bool] = lambda _: True) -> str:
    return next(
        n for n, b in sorted(register.batches.items()) if b.stage is BatchStage.RELEASED and wanted(b)
    )


def _batch(changed: Callable[[Batch], Batch]) -> Change:
    def change(register: Register) -> tuple[Register, str]:
        name = _named(register)
        batches = {**register.batches, name: changed(register.batches[name])}
        return replace(register, batches=batches), min(register.batches[name].serials)

    return change


def _again(register: Register, serial: str) -> Register:
    sheet = register.sheets[serial]
    more = Batch(BatchStage.RECEIVED, sheet.form_type, sheet.station, (serial,), 1, hash_total([serial]))
    return replace(register, batches={**register.batches, "again": more})


def _in_two_batches(register: Register) -> tuple[Register, str]:
    serial = _one(register, Stage.DISPOSED)
    return _again(register, serial), serial


def _spoiled_in_batch(register: Register) -> tuple[Register, str]:
    serial = _one(register, Stage.SPOILED)
    return _again(register, serial), serial


def _imaged(
    register: Register, changed: Callable[[Sequence[SeenImage]], Sequence[SeenImage]]
) -> tuple[Register, str]:
    serial = _one(register, Stage.DISPOSED, lambda s, _: len(register.images[s]) > 1)
    return replace(register, images={**register.images, serial: changed(register.images[serial])}), serial


def _image_of_another(register: Register) -> tuple[Register, str]:
    serials = sorted(s for s, sheet in register.sheets.items() if sheet.stage is Stage.DISPOSED)
    one, other = serials[0], serials[1]
    return replace(register, images={**register.images, other: register.images[one]}), one


def _mistyped(register: Register) -> tuple[Register, str]:
    name = _named(register, lambda b: b.form_type == "crime")
    serial = min(register.batches[name].serials)
    values = {**register.sheets[serial].values, "value_gbp": 1_000_000}
    return _with(register, serial, values=values), serial


def _one_keyer(register: Register) -> tuple[Register, str]:
    serial = _one(register, Stage.DISPOSED, lambda _, sheet: sheet.passes > 1)
    first, second = register.sheets[serial].keyings
    return _with(register, serial, keyings=(first, replace(second, keyer=first.keyer))), serial


def _target(changed: Callable[[Sequence[str]], Sequence[str]]) -> Change:
    def change(register: Register) -> tuple[Register, str]:
        serial = _one(register, Stage.DISPOSED)
        target = {**(register.target or {}), serial: changed((register.target or {})[serial])}
        return replace(register, target=target), serial

    return change


def _hand(register: Register) -> tuple[Register, str]:
    serial = _one(register, Stage.DISPOSED)
    chain = register.sheets[serial].chain
    gap = Passed("handed over", "somebody", "archive", chain[-1].at, "Eve")
    return _with(register, serial, chain=(*chain, gap)), serial


def _swapped(register: Register) -> tuple[Register, str]:
    """Count, numbers, passes and sums all agree; only what the machine saw on the paper does not."""
    seen = [
        s
        for s, images in sorted(register.images.items())
        if any(i.live and i.marks and i.marks.answers for i in images)
    ]
    for one in seen:
        for other in seen:
            together = any({one, other} <= set(b.serials) for b in register.batches.values())
            if one < other and together and register.sheets[one].values != register.sheets[other].values:
                swapped = _with(register, one, values=register.sheets[other].values)
                return _with(swapped, other, values=register.sheets[one].values), one
    raise LookupError("no two scanned sheets in one batch")
