"""What goes to a station before the dark: its sheets by form, one page of instructions, header sheets and the register.

The numbers are issued first and printed then: paper that exists is always on the books. The same key prints the
same pack again, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from cutover.core.clock import show
from cutover.core.errors import Invalid, Problem, Refused
from cutover.store.whole_file import write_whole
from paper_capture.domain.form import Form, Role
from paper_capture.domain.serial import spaced
from paper_capture.domain.sheet import sheet_stream
from paper_capture.domain.stationery import check_count
from paper_capture.printing.letters import FAMILY
from paper_capture.printing.press import PrintedFile, Printing, books, press_of
from paper_capture.service import PaperService

A_HEADER = 25  # sheets that go back under one header sheet
STEPS = (
    (
        "Take the next sheet of the pile.",
        "Never a photocopy: its number would exist twice. None left? Ask for a block by telephone.",
    ),
    (
        "Black pen, capitals, 24-hour times.",
        "When it happened, when you write, and your name and number: on every sheet, first.",
    ),
    (
        "Cross a box to tick it.",
        "Wrong box: fill it in whole, cross the right one, initial. Wrong word: one line through it, initial.",
    ),
    (
        "How grave?",
        "Cross high, medium or standard. High goes to your supervisor by voice at once; do not wait for the paper.",
    ),
    (
        "Custody: the clocks run on.",
        "Write the time of arrival and of authority on the front sheet, and each review as it is made.",
    ),
    (
        "Fill in the register line",
        "when the sheet leaves the pile: who, when. Spoiled or blank sheets are kept and handed in too.",
    ),
    (
        "Hand in at the end of the shift.",
        "Put one header sheet on each bundle of one form: count, first and last serial, names. Sign both sides of the handover.",
    ),
    ("A sheet is missing?", "Say so now. Only the named decision-maker may give a number up for lost."),
)

SEALED_STEPS = (
    "Each sheet is a numbered copy. Sign for each one given out; none is photocopied or photographed.",
    "Written sheets go back into an envelope at once: seal it, write the new seal number below, hand it over by hand.",
    "A broken seal or a copy that is not there: stop, and tell the supervisor by voice now.",
)
PRIVATE = 0o700

DAY_AND_YEAR = "%a %d %b %Y %H:%M %Z"  # a sheet is kept for years


@dataclass(frozen=True, slots=True)
class Pack:
    """What a station gets: serials by form, and the files to print; `at` is when its last sheet was issued."""

    station: str
    at: datetime
    serials: Mapping[str, Sequence[str]]
    files: Sequence[PrintedFile]


@dataclass(frozen=True, slots=True)
class Asked:
    """A pack as it is asked for; `title` is the station's name, `key` makes asking twice one pack.

    `may` are the restricted forms that `by` may have printed.
    """

    station: str
    title: str
    forms: Mapping[str, int]
    by: str
    key: str | None = None
    may: frozenset[str] = frozenset()


def read_forms(text: str) -> dict[str, int]:
    """`custody:40,crime:120` as counts by form. Raises Invalid."""
    counts: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, count = part.partition(":")
        if not name or not count.isdigit() or not int(count) or name in counts:
            raise Invalid(
                Problem(
                    f"'{part}' is no form and count",
                    field="--forms",
                    expected="each form once, such as custody:40,crime:120",
                )
            )
        counts[name] = int(count)
    if not counts:
        raise Invalid(Problem("no form is named", field="--forms", expected="such as custody:40,crime:120"))
    return counts


def make_pack(paper: PaperService, asked: Asked, *, programme: str, key: bytes, zone: str) -> Pack:
    """Issue the sheets and set them in type; those of a restricted form are sealed apart, on their own receipt.

    Raises Invalid, NotFound, Refused, Unavailable.
    """
    counts = {**asked.forms, **_accounting(paper, asked.forms)}
    forms = {form_id: paper.form(form_id) for form_id in counts}  # all known before any number is given out
    for form_id, count in counts.items():
        check_count(form_id, count)
    _check_restricted(forms, asked)
    serials = {
        form_id: paper.issue(
            station=asked.station,
            form_type=form_id,
            count=count,
            by=asked.by,
            key=f"{asked.key}:{form_id}" if asked.key else None,
        )
        for form_id, count in counts.items()
    }
    at = _printed_at(paper, serials)
    printing = Printing(programme, asked.title, at, key)
    files = [_station_sheets(paper, asked, serials, printing, zone)]
    for form_id, given in serials.items():
        form = forms[form_id]
        if form.restricted:
            paper.printed_restricted(form, given, station=asked.station, by=asked.by)
            files += _sealed(form, given, asked, printing, zone)
        else:
            files += books(form, given, printing)
    return Pack(asked.station, at, serials, files)


def _check_restricted(forms: Mapping[str, Form], asked: Asked) -> None:
    """Raises Refused, before anything is printed, for whoever is not named for a restricted form."""
    barred = [form.id for form in forms.values() if form.restricted and form.id not in asked.may]
    if barred:
        raise Refused(
            *(
                f"{f}: is restricted; who prints it has '{f}' among their skills, and {asked.by} has not"
                for f in barred
            )
        )


def _sealed(
    form: Form, serials: Sequence[str], asked: Asked, printing: Printing, zone: str
) -> Iterator[PrintedFile]:
    """The sheets of a restricted form with the receipt of their envelope, in a folder of their own."""
    folder = f"sealed-{form.id}"
    page = {
        "font": FAMILY, "title": f"Receipt: {form.title}", "programme": printing.programme, "station": asked.title,
        "form": form.title, "marking": form.protective_marking, "printed_by": asked.by, "foot": f"issued {show(printing.at, zone, DAY_AND_YEAR)}",
        "steps": (*SEALED_STEPS, *form.instructions), "first": spaced(serials[0]), "last": spaced(serials[-1]),
        "lines": [spaced(serial) for serial in serials],
    }  # fmt: skip
    name = f"{folder}/{asked.station}-receipt-{serials[0]}.pdf"
    yield PrintedFile(name, *press_of("sealed.typ").printed(page, printing.at, name))
    for book in books(form, serials, printing):
        yield PrintedFile(f"{folder}/{book.name}", book.pdf, book.notes)


def write_pack(pack: Pack, folder: Path) -> Iterator[Path]:
    """Every file of a pack, whole or not at all; what is sealed apart is in a folder that only its owner opens."""
    for file in pack.files:
        at = folder / file.name
        if at.parent != folder:
            at.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        yield write_whole(at, file.pdf)


def _accounting(paper: PaperService, counts: Mapping[str, int]) -> dict[str, int]:
    """Header and handover sheets that a pack needs, where the programme has such forms and none was asked for."""
    sheets = sum(counts.values())
    needed = {Role.HEADER: ceil(sheets / A_HEADER) + len(counts), Role.HANDOVER: 2}
    forms = (form for form in paper.forms.values() if form.role in needed and form.id not in counts)
    return {form.id: needed[form.role] for form in forms}


def _printed_at(paper: PaperService, serials: Mapping[str, Sequence[str]]) -> datetime:
    """When the last of its sheets was issued: a pack printed again says the same time."""
    last = (paper.desk.journal.read(sheet_stream(given[-1]))[1].at for given in serials.values())
    return max(last)


def _station_sheets(
    paper: PaperService, asked: Asked, serials: Mapping[str, Sequence[str]], printing: Printing, zone: str
) -> PrintedFile:
    """Instructions and register of what is open; of what is sealed only that there is an envelope with its own receipt."""
    known = {form_id: paper.form(form_id) for form_id in serials}
    sealed = [len(given) for form_id, given in serials.items() if known[form_id].restricted]
    first = next(iter(serials.values()))[0]
    serials = {form_id: given for form_id, given in serials.items() if not known[form_id].restricted}
    forms = [_listed(known[form_id], given) for form_id, given in serials.items()]
    page = {
        "font": FAMILY, "title": f"Paper pack: {asked.title}", "programme": printing.programme, "station": asked.title,
        "foot": f"issued {show(printing.at, zone, DAY_AND_YEAR)}", "steps": STEPS, "forms": forms, "sealed": sealed,
        "lines": [(spaced(serial), serial == given[-1]) for given in serials.values() for serial in given],
    }  # fmt: skip
    name = (
        f"{asked.station}-instructions-and-register-{first}.pdf"  # a later pack lies beside it, not over it
    )
    return PrintedFile(name, *press_of("station.typ").printed(page, printing.at, name))


def _listed(form: Form, serials: Sequence[str]) -> dict[str, object]:
    return {
        "title": form.title, "count": len(serials), "first": spaced(serials[0]), "last": spaced(serials[-1]),
        "clocks": ", ".join(clock.replace("_", " ") for clock in form.clocks), "instructions": form.instructions,
    }  # fmt: skip
