"""Every kind of fact and every view of the journal: what whoever opens a journal must know, and nothing else.

Named, and loaded when first needed: a command reads the facts of its own room, and is not kept waiting for the
others. A fact of a family that nobody has loaded cannot have happened in this process, so a view or a message that
comes of it need not be asked.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, Table

from cutover import __version__
from cutover.app import rooms
from cutover.core.event import Catalogue, Event, Fact, Recorded
from cutover.store.outbox import Message
from cutover.store.pen import Projection

FAMILIES = (
    "cutover.domain.modes",
    "cutover.domain.gates",
    "cutover.core.redaction",
    "cutover.reconciliation.comparison",
    "cutover.reconciliation.lives",
    "runbooks.domain.run_events",
    "runbooks.domain.weather",
    "monitors.domain.health",
    "monitors.domain.downtime_events",
    "monitors.domain.alert",
    "monitors.domain.ledger",
    "monitors.domain.flow_events",
    "monitors.domain.register",
    "monitors.domain.suspicion",
    "paper_capture.domain.moves",
    "paper_capture.domain.aside",
    "paper_capture.domain.keeping",
    "paper_capture.domain.batches",
    "paper_capture.domain.conflicts",
    "paper_capture.domain.images",
    "paper_capture.domain.stationery",
    "paper_capture.domain.views",
    "contingency.domain.triggers",
    "contingency.domain.backlog",
    "contingency.domain.conversion",
    "contingency.domain.working",
    "contingency.domain.handover",
    "contingency.domain.warnings",
    "contingency.domain.metrics",
    "contingency.domain.incidents",
    "contingency.domain.issues",
    "contingency.domain.notices",
    "contingency.domain.improvements",
)  # modules that hold EVENTS
VIEWS = (
    ("reconciliation", "cutover.reconciliation", "tables", "ReconciliationView"),
    ("monitor_states", "monitors", "tables", "MonitorStates"),
    ("monitor_alerts", "monitors", "alert_states", "AlertStates"),
    ("case_files", "monitors", "tables", "CaseFiles"),
    ("paper", "paper_capture", "tables", "PaperProjection"),
    ("contingency_plays", "contingency", "tables", "Plays"),
    ("contingency_conversions", "contingency", "tables", "Conversions"),
    ("contingency_backlog", "contingency", "register", "Register"),
)  # name, room, its module, the class
DRAWN_IN = (
    "cutover.store.metadata",
    "cutover.reconciliation.tables",
    "monitors.tables",
    "monitors.alert_states",
    "monitors.downtimes",
    "paper_capture.tables",
    "paper_capture.image_tables",
    "paper_capture.batch_tables",
    "paper_capture.conflict_tables",
    "contingency.tables",
    "contingency.register",
)  # where the tables of views are written down
TELLERS = (
    ("contingency.domain.triggers", "play_notices"),
    ("contingency.domain.notices", "partner_messages"),
    ("contingency.domain.warnings", "limit_messages"),
    ("monitors.domain.alert", "alert_messages"),
)  # whoever makes messages of the facts of a family


class LateView:
    """A view that is loaded with the first fact of its room, or when its tables are asked for."""

    def __init__(self, name: str, room: str, module: str, kind: str) -> None:
        self.name = name
        self._families = tuple(family for family in FAMILIES if family.startswith(f"{room}."))
        self._where, self._kind = f"{room}.{module}", kind
        self._is_open = False  # no fact of the room can have come before one of its families was loaded

    @cached_property
    def _view(self) -> Projection:
        view: Projection = getattr(import_module(self._where), self._kind)()
        return view

    @property
    def tables(self) -> Sequence[Table]:
        return self._view.tables

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        self._is_open = self._is_open or any(family in sys.modules for family in self._families)
        if self._is_open:
            self._view.apply(connection, recorded)


def families() -> list[tuple[type[Event], ...]]:
    """The kinds of fact of each family."""
    return [tuple(import_module(name).EVENTS) for name in FAMILIES]


def kinds_of(room: str) -> list[str]:
    """The names of the kinds of fact of a room, such as `monitors`."""
    mine = (name for name in FAMILIES if name.startswith(f"{room}."))
    return [event.kind() for name in mine for event in import_module(name).EVENTS]


def catalogue() -> Catalogue:
    """Every kind of fact this version knows."""
    return Catalogue(late=FAMILIES)


def projections() -> list[Projection]:
    """Every view of the journal this version keeps."""
    return [LateView(*view) for view in VIEWS]


def shape() -> str:
    """What this version's views look like, told from where their tables are written down, without loading them."""
    drawn = hashlib.sha256(__version__.encode())
    for name in DRAWN_IN:
        spec = find_spec(name)
        assert spec is not None  # a module of ours
        assert spec.origin is not None
        drawn.update(Path(spec.origin).read_bytes())
    return drawn.hexdigest()


def late_messages(facts: Sequence[Fact], stream: str, zone: str) -> list[Message]:
    """What must be sent because of new facts: it commits with them and waits in the outbox. Moments are told in `zone`."""
    tellers: list[Callable[[Sequence[Fact], str, str], list[Message]]] = [
        getattr(rooms, teller) for family, teller in TELLERS if family in sys.modules
    ]
    return [message for teller in tellers for message in teller(facts, stream, zone)]
