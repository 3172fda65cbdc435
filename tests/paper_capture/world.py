"""What these tests hold in common: forms, what a station writes, and how a sheet is moved along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from paper_capture.domain.form import Form
from paper_capture.domain.moves import Entry, Grade, Person, UsedSheet
from paper_capture.domain.passes import Value
from paper_capture.service import PaperService

NOON = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
SCENARIO = Path(__file__).parents[2] / "examples" / "seventy_two_hours" / "forms"
CRIME: dict[str, Value] = {
    "reported_at": "2026-10-24T09:10:00+01:00",
    "offence": "bicycle taken from the yard",
    "place": "12 Mill Lane",
    "value_gbp": 240,
}
ABUSE: dict[str, Value] = {
    "victim": "Ewa Łukasz",
    "other_party": "Jan Łukasz",
    "relation": "former partner",
    "account": "waited at the door, shouted",
    "indicators": 6,
}


def small_form(**changes: object) -> Form:
    """A form of every field type, with both kinds of rules across fields."""
    raw: dict[str, object] = {
        "id": "visit", "title": "Visit", "prefix": "VI", "passes": 2, "minutes": 5,
        "grades": [
            {"grade": "high", "ticked": ["danger"], "number": "count", "at_least": 14},
            {"grade": "medium", "number": "count", "at_least": 10},
        ],
        "order": [{"first": "began", "then": "ended"}, {"first": "born", "then": "began"}],
        "needs": [{"tick": "danger", "field": "why"}],
        "fields": [
            {"name": "who", "label": "Who", "required": True},
            {"name": "born", "label": "Born", "type": "date"},
            {"name": "began", "label": "Began", "type": "datetime"},
            {"name": "ended", "label": "Ended", "type": "datetime"},
            {"name": "count", "label": "Count", "type": "number", "least": 0, "most": 27},
            {"name": "kind", "label": "Kind", "type": "choice", "choices": ["routine", "urgent"]},
            {"name": "danger", "label": "Danger", "type": "tick"},
            {"name": "why", "label": "Why"},
        ],
    }  # fmt: skip
    return Form.model_validate({**raw, **changes})


def used(
    serial: str, *, station: str = "north", values: dict[str, Value] | None = None, **changes: object
) -> UsedSheet:
    """A log line about a sheet written three hours before noon."""
    raw: dict[str, object] = {
        "serial": serial, "station": station, "writer": "PC Okoro", "occurred_at": NOON - timedelta(hours=4),
        "written_at": NOON - timedelta(hours=3), "grade": Grade.STANDARD,
        "person": Person(surname="Łukasz", forename="Ewa", dob=date(1987, 4, 30)), "values": values or {},
    }  # fmt: skip
    return UsedSheet.model_validate({**raw, **changes})


def entry(
    serial: str, values: dict[str, Value], *, pass_no: int = 1, keyer: str = "Bo", minutes: float = 20
) -> Entry:
    return Entry(serial=serial, pass_no=pass_no, keyer=keyer, values=values, minutes=minutes)


def verified(paper: PaperService, count: int, *, station: str = "north") -> Sequence[str]:
    """Crime sheets brought as far as a disposition."""
    serials = paper.issue(station=station, form_type="crime", count=count, by="Asha")
    paper.log_used([used(s, station=station, values=CRIME) for s in serials], by="Asha")
    paper.return_sheets(serials, by="Bo")
    paper.enter([entry(s, CRIME) for s in serials])
    return serials
