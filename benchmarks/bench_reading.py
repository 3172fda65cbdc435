"""Are codes and ticks read off spoiled scans: every page with a whole code, no wrong serial, no tick read wrong in silence.

    python -m benchmarks.bench_reading [codes|ticks] [--pages 2000] [--questions 5000] [--seed 7]

The corpus is made from one seed: sheets of the shipped library printed by our own press, written on by a synthetic
pen, spoiled, and put through a synthetic scanner. No real scanner and no real handwriting is in it. CPU is that of
reading alone, drawing and spoiling left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.telling import figure
from paper_capture.domain.geometry import DATA_MATRIX, QR, Box
from paper_capture.domain.serial import Block
from paper_capture.forms import load_forms
from paper_capture.printing.layout import lay_out
from paper_capture.scanning.marks import PAGE, read_marks
from paper_capture.scanning.reading import read_page
from tests.paper_capture.scanning.pens import (
    STYLES,
    Random,
    Scanner,
    blot,
    drawn,
    scanned,
    strokes,
    tear,
    write,
)

KEY = b"benchmark key 16"
LIBRARY = Path(__file__).parents[1] / "paper_capture" / "library"
Spoil = Callable[[Image.Image, Random], None]


def _nothing(page: Image.Image, random: Random) -> None:
    del page, random


def _one_code(change: Callable[[Image.Image, tuple[float, float, float], Random], None]) -> Spoil:
    """Spoils one of the two codes, now this one and now that."""

    def spoil(page: Image.Image, random: Random) -> None:
        change(page, QR if random.random() < 0.5 else DATA_MATRIX, random)

    return spoil


PARTS: dict[str, tuple[Callable[[Random], Scanner], Spoil]] = {
    "300 dpi, clean": (lambda r: Scanner(dpi=300), _nothing),
    "200 dpi, <= 3 degrees, noise, JPEG 50": (
        lambda r: Scanner(turn=r.uniform(-3, 3), noise=8, jpeg=50),
        _nothing,
    ),
    "200 dpi, turned 90, 180, 270": (lambda r: Scanner(turn=float(r.integers(1, 4)) * 90, noise=6), _nothing),
    "200 dpi, turned 10 to 35 degrees": (lambda r: Scanner(turn=r.uniform(10, 35), noise=6), _nothing),
    "150 dpi, <= 5 degrees, blur, JPEG 30": (
        lambda r: Scanner(dpi=150, turn=r.uniform(-5, 5), blur=0.6, noise=8, jpeg=30),
        _nothing,
    ),
    "100 dpi, <= 2 degrees, JPEG 40": (
        lambda r: Scanner(dpi=100, turn=r.uniform(-2, 2), noise=5, jpeg=40),
        _nothing,
    ),
    "200 dpi fax, black and white": (lambda r: Scanner(turn=r.uniform(-2, 2), noise=12, fax=True), _nothing),
    "200 dpi, faded to 40 %": (lambda r: Scanner(turn=r.uniform(-2, 2), faded=0.6, noise=4), _nothing),
    "200 dpi, 2 strokes over a code": (
        lambda r: Scanner(noise=6, jpeg=60),
        _one_code(lambda p, c, r: strokes(p, c, 2, r)),
    ),
    "200 dpi, 5 strokes over a code": (
        lambda r: Scanner(noise=6, jpeg=60),
        _one_code(lambda p, c, r: strokes(p, c, 5, r)),
    ),
    "150 dpi, a blot over 16 % of a code": (
        lambda r: Scanner(dpi=150, noise=6, jpeg=50),
        _one_code(lambda p, c, r: blot(p, c, 0.16, r)),
    ),
    "100 dpi, 3 strokes over a code": (
        lambda r: Scanner(dpi=100, noise=5, jpeg=40),
        _one_code(lambda p, c, r: strokes(p, c, 3, r)),
    ),
}


@dataclass
class Tally:
    pages: int = 0
    unread: int = 0
    wrong: int = 0
    cpu: list[float] = field(default_factory=list)


def codes(pages: int, seed: int) -> int:
    """Every page of each part is another sheet, so that a serial carried over would be seen."""
    form = load_forms(LIBRARY)["property"]
    random = np.random.default_rng(seed)
    each = -(-pages // len(PARTS))
    total, worst = Tally(), 0.0
    print(f"{'part':44} pages unread wrong  ms CPU median, p95")
    for number, (name, (how, spoil)) in enumerate(PARTS.items()):
        block = Block(form.prefix, 1 + number * each, -(-each // 2))
        tally = _read_part(form, [str(s) for s in block], each, how=how, spoil=spoil, random=random)
        ms = np.array(tally.cpu) * 1000
        print(
            f"{name:44} {tally.pages:5} {tally.unread:6} {tally.wrong:5}  {np.median(ms):.0f}, {np.percentile(ms, 95):.0f}",
            flush=True,
        )
        if name.startswith("200 dpi"):
            worst = max(worst, float(np.median(ms)))
        total.pages, total.unread, total.wrong = (
            total.pages + tally.pages,
            total.unread + tally.unread,
            total.wrong + tally.wrong,
        )
    print(f"{total.pages} pages: {total.unread} unread, {total.wrong} wrong")
    figure("codes.unread", total.unread, f"{total.pages} pages")
    figure("codes.wrong", total.wrong)
    figure("codes.cpu", worst)
    return int(bool(total.unread or total.wrong))


def _read_part(
    form: Any,
    serials: list[str],
    each: int,
    *,
    how: Callable[[Random], Scanner],
    spoil: Spoil,
    random: Random,
) -> Tally:
    tally = Tally()
    for start in range(0, len(serials), 10):
        some = serials[start : start + 10]
        for place, page in enumerate(drawn(form, some, KEY)):
            if tally.pages == each:
                return tally
            spoil(page, random)
            gray = scanned(page, how(random), random)
            began = time.process_time()
            reading = read_page(gray, KEY)
            tally.cpu.append(time.process_time() - began)
            tally.pages += 1
            expected = (some[place // 2], place % 2 + 1)
            if reading.found is None:
                tally.unread += 1
            elif (reading.found.code.serial, reading.found.code.page) != expected:
                tally.wrong += 1
    return tally


TICK_PARTS: dict[str, Callable[[Random], Scanner]] = {
    "100 dpi": lambda r: Scanner(dpi=100, turn=r.uniform(-2, 2), noise=5, jpeg=50),
    "150 dpi": lambda r: Scanner(dpi=150, turn=r.uniform(-3, 3), noise=8, jpeg=50, blur=0.5),
    "200 dpi": lambda r: Scanner(turn=r.uniform(-4, 4), noise=8, jpeg=60),
    "200 dpi, turned by 90": lambda r: Scanner(turn=90.0 * r.integers(0, 4) + r.uniform(-2, 2), noise=6),
    "200 dpi fax": lambda r: Scanner(turn=r.uniform(-2, 2), noise=10, fax=True),
    "300 dpi": lambda r: Scanner(dpi=300, turn=r.uniform(-3, 3), noise=8, jpeg=60),
}


def ticks(questions: int, seed: int) -> int:
    """Honest pages, then pages with an answer struck out and another given, then pages with a torn corner."""
    form = load_forms(LIBRARY)["domestic_abuse"]
    layout = lay_out(form)
    random = np.random.default_rng(seed)
    page_no = 2
    boxes = layout.boxes(page_no)
    fields = list(dict.fromkeys(b.field for b in boxes))
    (blank,) = drawn(form, [str(next(iter(Block(form.prefix, 1, 1))))], KEY)[page_no - 1 : page_no]
    rounds = -(-questions // (len(fields) * len(TICK_PARTS)))
    seen: Counter[str] = Counter()
    cpu: list[float] = []
    print(f"{'part':26} questions silent errors referred  ms CPU median")
    for name, how in TICK_PARTS.items():
        part: Counter[str] = Counter()
        times: list[float] = []
        for _ in range(rounds):
            _honest(blank, boxes, fields, how=how(random), random=random, part=part, times=times)
        print(
            f"{name:26} {part['questions']:9} {part['silent']:13} {part['referred']:8}  {np.median(times) * 1000:.0f}",
            flush=True,
        )
        seen += part
        cpu += times
    struck = _struck(blank, boxes, fields, random, rounds)
    torn = sum(_torn(blank, boxes, fields, random, corner % 4) for corner in range(40))
    figure("ticks.silent", seen["silent"], f"{seen['questions']} questions")
    figure("ticks.unreferred", struck["silent"] + 40 - torn)
    print(
        f"{seen['questions']} questions: {seen['silent']} silent errors, {seen['referred']} referred; median {np.median(cpu) * 1000:.0f} ms CPU a page"
    )
    print(
        f"struck out and corrected: {struck['questions']} questions, {struck['silent']} not referred; torn corner: {40 - torn} of 40 pages not referred"
    )
    return int(bool(seen["silent"] or struck["silent"] or torn < 40))


def _answered(
    blank: Image.Image, boxes: list[Box], fields: list[str], random: Random
) -> tuple[Image.Image, dict[str, str | None]]:
    """A page with one mark a question, or none."""
    page = blank.copy()
    said: dict[str, str | None] = {}
    for name in fields:
        options = [b for b in boxes if b.field == name]
        chosen = options[int(random.integers(len(options)))] if random.random() < 0.9 else None
        said[name] = chosen.answer if chosen else None
        if chosen:
            write(page, chosen, STYLES[int(random.integers(len(STYLES)))], random)
    return page, said


def _honest(
    blank: Image.Image,
    boxes: list[Box],
    fields: list[str],
    *,
    how: Scanner,
    random: Random,
    part: Counter[str],
    times: list[float],
) -> None:
    page, said = _answered(blank, boxes, fields, random)
    gray = scanned(page, how, random)
    found = read_page(gray, KEY).found
    part["questions"] += len(fields)
    if found is None:
        part["referred"] += len(fields)
        return
    began = time.process_time()
    marks = read_marks(gray, found, boxes)
    times.append(time.process_time() - began)
    if PAGE in marks.referred:
        part["referred"] += len(fields)
        return
    for name in fields:
        if name in marks.referred:
            part["referred"] += 1
        elif marks.answers[name] != said[name]:
            part["silent"] += 1


def _struck(
    blank: Image.Image, boxes: list[Box], fields: list[str], random: Random, rounds: int
) -> Counter[str]:
    """In each page some questions were answered, struck out as the sheet says or otherwise, and answered again."""
    seen: Counter[str] = Counter()
    for number in range(rounds):
        page, said = _answered(blank, boxes, fields, random)
        again = [name for name in fields if said[name] and random.random() < 0.3]
        for name in again:
            options = [b for b in boxes if b.field == name]
            first = next(b for b in options if b.answer == said[name])
            write(page, first, "fill" if number % 2 else "scribble", random)
            write(page, next(b for b in options if b is not first), "cross", random)
        gray = scanned(page, Scanner(turn=random.uniform(-2, 2), noise=6, jpeg=60), random)
        found = read_page(gray, KEY).found
        marks = read_marks(gray, found, boxes) if found else None
        seen["questions"] += len(again)
        if marks is not None and PAGE not in marks.referred:
            seen["silent"] += sum(name not in marks.referred for name in again)
    return seen


def _torn(blank: Image.Image, boxes: list[Box], fields: list[str], random: Random, corner: int) -> bool:
    """A page without a corner and with boxes blackened, which a mark reader may take for its corner marks."""
    page, _ = _answered(blank, boxes, fields, random)
    for name in fields[::2]:
        write(page, next(b for b in boxes if b.field == name), "fill", random)
    tear(page, corner)
    gray = scanned(page, Scanner(noise=6, jpeg=60), random)
    found = read_page(gray, KEY).found
    return found is None or PAGE in read_marks(gray, found, boxes).referred


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["codes", "ticks", "all"], default="all")
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    bad = codes(args.pages, args.seed) if args.what != "ticks" else 0
    return bad | (ticks(args.questions, args.seed) if args.what != "codes" else 0)


if __name__ == "__main__":
    sys.exit(main())
