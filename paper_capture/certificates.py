"""What is sworn of a converted sheet: who wrote, returned, keyed and converted it, when, from which images, what was corrected.

The paper stays the original; the certificate says where it is and until when it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from cutover.core.clock import show
from cutover.core.errors import Refused
from cutover.store.chain import canonical
from paper_capture.domain.form import Form
from paper_capture.domain.serial import spaced
from paper_capture.domain.stages import Stage
from paper_capture.images import PaperImages
from paper_capture.printing.letters import FAMILY
from paper_capture.printing.press import PrintedFile, press_of
from paper_capture.service import PaperService
from paper_capture.tables import SheetRow


def certificate(
    paper: PaperService, images: PaperImages, serial: str, *, programme: str, zone: str
) -> PrintedFile:
    """The certificate of one sheet as PDF. Raises Refused for a sheet that has no disposition yet."""
    sheet = paper.sheet(serial)
    if sheet.disposed_at is None or sheet.disposition is None:
        raise Refused(f"{sheet.serial} is {sheet.stage}: nothing was made of it yet")
    form = paper.form_of(sheet.serial)
    moves = paper.history(sheet.serial)
    page = {
        "font": FAMILY, "programme": programme, "title": f"{form.title} {spaced(sheet.serial)}",
        "restricted": form.restricted,
        "marking": form.protective_marking,
        "facts": list(_facts(sheet, form, zone)),
        "agreed": len(sheet.keyings) > 1,
        "corrections": [[d.field, _text(d.first), _text(d.second), _text(sheet.values.get(d.field))] for d in sheet.discrepancies],
        "images": [[str(i.page), i.sha256, _dated(i.filed_at, zone), i.filed_by, "" if i.live else "superseded"] for i in images.of_all([sheet.serial], live=False)],
        "hands": [[link.kind, link.giver, link.receiver, _dated(link.at, zone), link.by, link.seal] for link in sheet.chain],
        "moves": [[_dated(m.at, zone), _move(m.event.kind()), m.actor, str(m.position)] for m in moves],
        "head": moves[-1].hash,
    }  # fmt: skip
    return PrintedFile(
        f"{sheet.serial}.pdf", *press_of("certificate.typ").printed(page, moves[-1].at, sheet.serial)
    )


def _dated(at: datetime, zone: str) -> str:
    """With its year: a certificate is read when nobody remembers which."""
    return show(at, zone, "%d %b %Y %H:%M %Z")


def _move(kind: str) -> str:
    """`SheetHandedBackUnused` as a reader of paper says it: handed back unused."""
    return " ".join(re.findall("[A-Z][a-z]*", kind.removeprefix("Sheet"))).lower()


def _facts(sheet: SheetRow, form: Form, zone: str) -> Iterator[tuple[str, str]]:
    times = (
        ("Occurred", sheet.occurred_at),
        ("Written", sheet.written_at),
        ("Logged", sheet.logged_at),
        ("Returned", sheet.returned_at),
    )
    yield "Form", f"{form.title}, version {sheet.form_version}"
    yield "Station, writer", f"{sheet.station}, {sheet.writer}"
    yield from ((name, _dated(at, zone)) for name, at in times if at is not None)
    for keying in sheet.keyings:
        yield f"Keyed, pass {keying.pass_no}", f"{keying.keyer}, {_dated(keying.at, zone)}"
    if sheet.adjudicator:
        yield "Differences decided by", sheet.adjudicator
    if sheet.disposed_at is not None:
        yield (
            "Became",
            f"{sheet.disposition} {sheet.reference}, {_dated(sheet.disposed_at, zone)}"
            + (f" ({sheet.reason})" if sheet.reason else ""),
        )
    yield "The paper", _paper(sheet)


def _paper(sheet: SheetRow) -> str:
    if sheet.stage is Stage.DESTROYED:
        return f"destroyed before {sheet.witness}"
    until = f", kept until {sheet.retain_until:%d %B %Y}" if sheet.retain_until else ""
    return f"the original, held by {sheet.holder}{until}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else "left empty" if value is None else canonical(value)
