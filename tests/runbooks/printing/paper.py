"""A small plan to print, and what pdftotext reads back from the paper."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.domain.programme import Programme
from runbooks.domain.plan import Runbook
from runbooks.domain.timing.network import schedule
from runbooks.printing.laid import Laid
from runbooks.printing.packs import Kind, Pack, pack_of
from runbooks.printing.press import Print, typeset
from tests.real_parts import require_real

KEY = b"a key of sixteen"
PRINTED = Print(datetime(2026, 10, 1, 9, 30, tzinfo=UTC), KEY)
PROGRAMME: dict[str, Any] = {
    "title": "Three systems in one window",
    "zone": "Europe/London",
    "window": {"opens": "2026-10-24T22:00", "closes": "2026-10-25T21:00", "backout": "4h"},
    "teams": [
        {"id": "command", "title": "Command centre"},
        {"id": "data", "title": "Data migration"},
        {"id": "stations", "title": "Station leads"},
    ],
    "people": [
        {"id": "asha", "name": "Asha Rahman", "team": "command", "roles": ["programme_manager"], "phone": "07700 900001"},
        {"id": "bo", "name": "Bo Lindqvist", "team": "data", "phone": "07700 900002"},
        {"id": "chen", "name": "Chen Wu", "team": "data", "roles": ["decider", "team_lead"], "phone": "07700 900003"},
        {"id": "dev", "name": "Dev Patel", "team": "stations", "roles": ["station"]},
        {"id": "eva", "name": "Eva Łoś", "team": "stations", "roles": ["station"], "phone": "07700 900005"},
    ],
    "stations": [{"id": "central", "title": "Central Park Street"}, {"id": "bolton", "title": "Bolton"}],
    "components": [{"id": "records", "title": "Records"}],
}  # fmt: skip
TASKS: list[dict[str, Any]] = [
    {"id": "A", "title": "Freeze writes", "stream": "freeze", "team": "data", "duration": "90m",
     "verify": "A test write is refused", "rollback": "Unfreeze", "undo_duration": "15m", "description": "First line\nsecond line"},
    {"id": "P", "title": "Count the packs", "stream": "paper", "team": "stations", "duration": "30m", "after": "A"},
    {"id": "Q", "title": "Empty the safe", "stream": "paper", "team": "stations", "duration": "30m", "after": "A", "custom": {"Location": "Bolton"}},
    {"id": "G", "title": "Go or no-go: load", "stream": "gates", "type": "approval", "duration": "30m", "after": "P",
     "gate": {"criteria": [{"id": "counted", "title": "Packs are counted", "source": "task:P", "max_age": "PT2H"},
                           {"id": "calm", "title": "Nobody objects", "source": "person:chen"}],
              "deciders": ["asha", "chen"], "quorum": 2, "decide_within": "1h", "on_timeout": "no_go"}},
    {"id": "F", "title": "Mend it", "stream": "gates", "team": "data", "repairs": "G", "duration": "20m"},
    {"id": "L", "title": "Load", "stream": "load", "owner": "bo", "deputy": "chen", "team": "data", "duration": "3h", "after": "G",
     "point_of_no_return": True},
    {"id": "M", "title": "Records to live", "stream": "load", "type": "automated", "effect": "idempotent", "after": "L", "duration": "5m",
     "action": {"kind": "mode", "with": {"component": "records", "to": "live"}}},
]  # fmt: skip


def laid(*more: dict[str, Any], **changed: Any) -> Laid:
    """The small plan on its clock, over the night the clocks go back."""
    programme = Programme.model_validate(PROGRAMME | changed)
    streams = [
        {"id": "freeze", "title": "Freeze"},
        {"id": "paper", "title": "Paper"},
        {"id": "load", "title": "Load"},
    ]
    book = Runbook.model_validate(
        {"id": "small", "title": "A small plan", "streams": streams, "tasks": [*TASKS, *more]}
    )
    slots = schedule(book.tasks, programme.opens).slots
    return Laid(
        book,
        programme,
        {name: (slot.early_start, slot.early_finish) for name, slot in slots.items()},
        frozenset(name for name, slot in slots.items() if slot.critical),
        programme.closes - timedelta(hours=4),
        timedelta(hours=4),
    )


def whole(plan: Laid) -> Pack:
    return pack_of(plan, Kind.WHOLE, "")


def pdf_of(plan: Laid, pack: Pack) -> bytes:
    (sheet,) = typeset(plan, [pack], PRINTED)
    return sheet.pdf


def read_back(pdf: bytes, *more: str) -> str:
    """The text of a PDF as any reader finds it."""
    program = require_real("poppler")
    done = subprocess.run([program, "-layout", *more, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def ids(pack: Pack) -> list[str]:
    return [task.id for task in pack.tasks]
