"""`cutover paper scan`, `quarantine`, `place`, `discard`: images to their pages, and a person's word on the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Folder, Reason, Serial
from cutover.cli.output import answer, facts
from paper_capture.pack_cli import By, Rooms

if TYPE_CHECKING:
    from paper_capture.scanning.scan import Report


def add_scan(app: App, room: Rooms) -> None:
    """Put them on `cutover paper`."""
    _filing(app, room)
    _held(app, room)


def _filing(app: App, room: Rooms) -> None:
    @app.command
    def scan(
        *files: Annotated[
            Path, Parameter(help="PDF, PNG, JPEG, TIFF, or a folder of them; ask for A4, 200 dpi, grey")
        ],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """File each scanned page under its serial; exit 1 when anything was held for a person or refused."""
        from cutover.store.print_key import print_key
        from paper_capture.scanning.scan import Scanner

        at = room(programme)
        scanner = Scanner(at.images, print_key(at.state))
        counted, whole = list[dict[str, Any]](), True
        for report in scanner.scan(files, by=by):
            counted.append(_counted(report))
            whole = whole and not (report.refused or report.held or report.ungraded)
            if not json:  # each as it is done: what ends the scan takes back nothing that was filed before
                answer(None, as_json=False, text=_said(report))
        blind = [] if scanner.marks else ["tick boxes were not read: install cutover-golive[omr]"]
        answer(counted, as_json=json, text=blind)
        return int(not whole)


def _held(app: App, room: Rooms) -> None:
    @app.command
    def quarantine(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Images that no code could place; exit 1 while there are any."""
        rows = room(programme).images.quarantined()
        text = [
            f"{r.scan.sha256[:12]}  {r.scan.source_name} page {r.scan.source_page}: {r.reason}" for r in rows
        ]
        answer(rows, as_json=json, text=text or ["nothing is held"])
        return int(bool(rows))

    @app.command
    def place(
        image: Annotated[str, Parameter(help="the image's SHA-256, or how it begins")],
        serial: Serial,
        page: Annotated[int, Parameter(help="which page of the sheet it is, from 1")],
        pages: Annotated[int, Parameter(help="how many pages the sheet has")],
        *,
        reason: Annotated[str, Parameter(help="how you know")],
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say which page of which sheet a held image is."""
        images = room(programme).images
        moved = images.place(images.held_as(image), serial, page, pages, by=by, reason=reason)
        answer(
            facts(moved),
            as_json=json,
            text=[f"{serial} page {page}: filed on {by}'s word"],
        )

    @app.command
    def discard(
        image: Annotated[str, Parameter(help="the image's SHA-256, or how it begins")],
        *,
        reason: Reason,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say that a held image is no page of ours; it is kept."""
        images = room(programme).images
        moved = images.discard(images.held_as(image), by=by, reason=reason)
        answer(facts(moved), as_json=json, text=["discarded; the image is kept"])


def _counted(report: Report) -> dict[str, Any]:
    return {
        "file": report.file, "sha256": report.sha256, "already": report.already, "refused": report.refused,
        "ungraded": report.ungraded,
        "filed": [{"serial": p.serial, "page": p.page, "pages": p.pages, "sha256": p.scan.sha256, "marks": p.marks} for p in report.filed],
        "held": [{"page": h.scan.source_page, "sha256": h.scan.sha256, "reason": h.reason} for h in report.held],
    }  # fmt: skip


def _said(report: Report) -> Iterator[str]:
    if report.refused:
        yield f"REFUSED {report.file}: {report.refused}; nothing of it was filed"
        return
    yield f"{report.file}: {len(report.filed)} filed, {len(report.held)} held, {report.already} were known"
    yield from (f"  held: page {h.scan.source_page}: {h.reason}" for h in report.held)
    yield from (f"  filed, but not graded higher: {why}" for why in report.ungraded)
    for placed in report.filed:
        referred = placed.marks.referred if placed.marks else {}
        yield from (
            f"  look at {placed.serial} page {placed.page}: {name}: {why}" for name, why in referred.items()
        )
