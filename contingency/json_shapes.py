"""What the commands on plays, backlogs, conversions and reports answer with --json: a shape for each, by the words typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from contingency.backlogs import BacklogStatus, Place
from contingency.batches import BatchReport, OneToOne
from contingency.bulletins import BulletinStatus, Draft
from contingency.discoveries import Found
from contingency.domain.backlog import ItemState
from contingency.domain.clearance import Forecast
from contingency.domain.conversion import Candidate
from contingency.domain.improvements import ActionState
from contingency.domain.incidents import IncidentState
from contingency.domain.issues import IssueState
from contingency.domain.notices import CountState, NoticeState
from contingency.domain.triage import Ranked
from contingency.domain.working import Working
from contingency.figures import Assurance
from contingency.improvements import ActionView
from contingency.incidents import IncidentSum
from contingency.limits import LimitView
from contingency.service import ContingencyStatus, PlayView
from contingency.tables import ConversionRow


class OpenRecords(TypedDict):
    open: Sequence[str]


class NewAction(TypedDict):
    action: str


class NewIncident(TypedDict):
    incident: str


class ConversionStanding(TypedDict):
    counts: Mapping[str, int]
    working: Working
    one_to_one: OneToOne | None


class WaitingMatch(TypedDict):
    serial: str
    paper_shows: str
    candidates: Sequence[Candidate]


class Clearing(TypedDict):
    of: str
    forecast: Forecast


class Clearance(Clearing):
    what_if: Sequence[Clearing]


class BacklogToken(TypedDict):
    scope: str
    token: str


class WrittenBulletin(TypedDict):
    """Without a template: `templates`, each with whose it is. With one: the drafts by partner, and which notices were told."""

    templates: NotRequired[Mapping[str, str]]
    drafts: NotRequired[Mapping[str, Draft]]
    told: NotRequired[Sequence[str]]


ANSWERS: Mapping[str, Any] = {
    "contingency status": ContingencyStatus,
    **dict.fromkeys(
        ("contingency enact", "contingency decline", "contingency stand-down", "contingency propose", "contingency step"),
        PlayView,
    ),
    "contingency incidents": IncidentSum,
    "contingency hand-over": OpenRecords,
    "contingency limits": list[LimitView],
    "contingency action": list[ActionView],
    "contingency action raise": NewAction,
    **dict.fromkeys(
        ("contingency action claim", "contingency action verify", "contingency action reopen"), ActionState
    ),
    "contingency issue": Mapping[str, IssueState],
    **dict.fromkeys(("contingency issue add", "contingency issue renew", "contingency issue resolve"), IssueState),
    "contingency incident": Mapping[str, IncidentState],
    "contingency incident report": NewIncident,
    **dict.fromkeys(
        ("contingency incident claim", "contingency incident verify", "contingency incident reopen"), IncidentState
    ),
    "backlog status": BacklogStatus,
    "backlog next": list[Ranked],
    "backlog why": Place,
    "backlog forecast": Clearance,
    **dict.fromkeys(("backlog assign", "backlog claim", "backlog verify", "backlog reopen"), ItemState),
    "backlog discover": list[Found],
    "backlog token": BacklogToken,
    "convert run": list[BatchReport],
    "convert status": ConversionStanding,
    "convert pause": Working,
    "convert resume": Working,
    "convert dead-letters": list[ConversionRow],
    "convert match": list[WaitingMatch],
    "report assurance": Assurance,
    "report bulletin": BulletinStatus,
    "report bulletin tell": list[str],
    "report bulletin acknowledge": NoticeState,
    "report bulletin count": CountState,
    "report bulletin explain": CountState,
    "report bulletin write": WrittenBulletin,
}  # fmt: skip
