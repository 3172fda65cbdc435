"""`/stations/<id>/import`: a station's spreadsheet taken in by its people; every row turned away comes back with its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, NotFound, Refused
from cutover.domain.programme import Programme
from cutover.store.kept_files import KeptFiles
from cutover.web.acts import Act, Done, Download, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, Visitor, visitor_of
from paper_capture.bulk import EXPECTED, Import, Turned, import_file
from paper_capture.station import StationDesk
from paper_capture.station_sheets import MOST_BYTES

WHO = (Role.STATION, Role.SUPERVISOR)
SHOWN = 200


class ImportForm(Form):
    """Which rows to take when some are bad."""

    rows: Literal["all", "good"] = "all"


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What `import.html` reads; `result` is what became of the file sent last, `file` where its rejects are."""

    station: str
    title: str
    expected: str
    result: Import | None
    file: str
    shown: tuple[Turned, ...]


@dataclass(frozen=True)
class ImportPages:
    """The page and its act. Reports are kept by their SHA-256, so that every server process shows them."""

    desk: StationDesk
    programme: Programme
    clock: Clock
    kept: KeptFiles

    def pages(self) -> Sequence[Page]:
        one = "/stations/{station}/import"
        return (
            Page(one, "paper_capture", "import.html", ImportPage, self._page),
            Page(f"{one}/{{report}}/rejects.csv", "paper_capture", "import.html", ImportPage, self._rejects),
        )

    def acts(self) -> Sequence[Act]:
        path = "/stations/{station}/import"
        most = MOST_BYTES + 100_000
        return (
            Act(path, "import a station's log", ImportForm, self._take, path, roles=WHO, most_bytes=most),
        )

    def _page(self, query: Query) -> ImportPage:
        station = query["station"]
        self._check(visitor_of(query), station)
        title = self.programme.station_title(station)
        report = query.get("report", "")
        found = self._report(station, report) if report else None
        file = f"/stations/{station}/import/{report}/rejects.csv" if found and found.turned else ""
        return ImportPage(station, title, EXPECTED, found, file, found.turned[:SHOWN] if found else ())

    def _rejects(self, query: Query) -> Download:
        self._check(visitor_of(query), query["station"])
        content = self._report(query["station"], query["report"]).rejects()
        return Download(f"rejects-{query['station']}.csv", "text/csv; charset=utf-8", content)

    def _take(self, form: ImportForm, sent: Sent) -> Done:
        station = sent["station"]
        self._check(sent.visitor, station)
        if "file" not in sent.files or not sent.files["file"].content:
            raise Invalid("no file was sent: choose one first")
        file = sent.files["file"]
        found = import_file(
            self.desk, station, file.name, file.content,
            by=sent.visitor.person, zone=self.programme.zone, good_rows=form.rows == "good",
        )  # fmt: skip
        kept = self.kept.keep(json.dumps({"station": station, **asdict(found)}).encode())
        return Done(f"/stations/{station}/import?report={kept}", _said(found))

    def _report(self, station: str, sha256: str) -> Import:
        raw: dict[str, Any] = json.loads(self.kept.read(sha256))
        if raw.pop("station") != station:
            raise NotFound("report", sha256[:80])
        turned = tuple(Turned(**{**t, "cells": tuple(t["cells"])}) for t in raw.pop("turned"))
        return Import(**{**raw, "header": tuple(raw["header"]), "turned": turned})

    def _check(self, visitor: Visitor, station: str) -> None:
        """Raises Refused for who is not of this station, NotFound for a station that is none."""
        visitor.check("import a station's log", WHO)
        person = self.programme.person(visitor.person)
        if not visitor.has(Role.SUPERVISOR) and (person is None or person.station != station):
            raise Refused(f"{visitor.name} is not of the station '{station}'")
        self.programme.at_station(station)


def _said(found: Import) -> str:
    if found.turned and not found.taken:
        return f"Nothing was taken: {len(found.turned)} of {found.rows} rows cannot be."
    return f"{found.taken} of {found.rows} rows taken, {found.again} were there before, {len(found.turned)} turned away."
