"""A small go-live that the pages' tests look at: one window over the clock change, one overrun, one no-go."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from pydantic import TypeAdapter
from starlette.applications import Starlette

import cutover.domain.gates
import cutover.domain.modes
import monitors.domain.health
import monitors.domain.ledger
import monitors.web
import runbooks.domain.run_events
import runbooks.review_web
import runbooks.web
from cutover.core.clock import FixedClock
from cutover.core.event import Command
from cutover.domain.gates import Finding, RecordEvidence, Verdict
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.domain.programme import Programme
from cutover.store.accounts import Accounts
from cutover.store.desk import Desk
from cutover.store.kept_files import KeptFiles
from cutover.web.journal import journal_page
from cutover.web.kit import Page, build_app
from cutover.web.links import Links
from cutover.web.passwords import Passwords
from cutover.web.sign_in import SignIn
from monitors.domain.check import critical, ok
from monitors.domain.declared import AnyCheck
from monitors.ledger_service import LedgerService
from monitors.service import MonitorService
from monitors.tables import CaseFiles, MonitorStates
from runbooks.backout_web import BackoutPages
from runbooks.board_acts import BoardActs
from runbooks.calendar_web import CalendarPages
from runbooks.domain import run_events as ev
from runbooks.domain.plan import Runbook, in_zone
from runbooks.edits_web import EditPages
from runbooks.evidence_acts import EvidenceActs
from runbooks.forecaster import move
from runbooks.gate_acts import GateActs
from runbooks.service import PERFORMER, Reading, RunService
from runbooks.task_link import TaskLinks
from tests.conftest import MakeDesk
from tests.cutover.web.browser import Signed

PASSWORD = "correct horse battery"
EVENTS = (
    *cutover.domain.gates.EVENTS,
    *cutover.domain.modes.EVENTS,
    *runbooks.domain.run_events.EVENTS,
    *monitors.domain.health.EVENTS,
    *monitors.domain.ledger.EVENTS,
)
PROGRAMME = Programme.model_validate(
    {
        "title": "Three systems in one window",
        "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        "components": [
            {"id": "control", "title": "Command and control"},
            {"id": "records", "title": "Records"},
            {"id": "custody", "title": "Custody and case transfer"},
        ],
        "teams": [{"id": "data", "title": "Data migration"}, {"id": "command", "title": "Command centre"}],
        "people": [
            {
                "id": "asha",
                "name": "Asha Rahman",
                "team": "command",
                "roles": ["programme_manager", "decider"],
            },
            {"id": "bo", "name": "Bo Lindqvist", "team": "data", "roles": ["hypercare"]},
            {"id": "chen", "name": "Chen Wu", "roles": ["decider"]},
            {"id": "dev", "name": "Dev <b>Outsider</b>", "roles": ["auditor"]},
        ],
    }
)


def _auto(id_: str, title: str, stream: str, hours: float, **more: object) -> dict[str, object]:
    action = {"kind": "http", "with": {"system": "new_records"}}
    return {"id": id_, "title": title, "stream": stream, "type": "automated", "effect": "probe", "duration": f"{hours}h", "action": action, **more}  # fmt: skip


def _gate(
    id_: str, title: str, component: str, after: list[str], criteria: list[dict[str, str]]
) -> dict[str, object]:
    gate = {"criteria": criteria, "deciders": ["chen", "asha"], "quorum": 1, "decide_within": "6h"}
    return {"id": id_, "title": title, "stream": "gates", "type": "approval", "component": component, "duration": "30m", "after": after, "gate": gate}  # fmt: skip


RUNBOOK = Runbook.model_validate(
    {
        "id": "go-live",
        "title": "Go-live of three systems",
        "streams": [
            {"id": "freeze", "title": "Freeze and drain"},
            {"id": "data", "title": "Extract and load"},
            {"id": "gates", "title": "Go or no-go"},
            {"id": "open", "title": "Open"},
        ],
        "tasks": [
            {"id": "F1", "title": "Tell partners that the window opens", "stream": "freeze", "team": "command", "duration": "30m"},
            {"id": "F2", "title": "Freeze the old systems", "stream": "freeze", "owner": "asha", "after": ["F1"], "duration": "1h"},
            {"id": "F3", "title": "Drain the queues", "stream": "freeze", "team": "data", "after": ["F2"], "duration": "3h"},
            _auto("L1", "Extract crimes", "data", 5, after=["F3"]),
            _auto("L2", "Extract custody", "data", 2, after=["F3"]),
            _auto("L3", "Load custody", "data", 4, after=["L2"]),
            _auto("L4", "Load crimes", "data", 14, after=["L1"]),
            _auto("L5", "Reconcile crimes", "data", 2, after=["L4"]),
            _auto("FIX", "Load what was missing", "data", 2, repairs="G2"),
            {"id": "S1", "title": "Smoke test custody", "stream": "data", "team": "data", "after": ["L3"], "duration": "2h"},
            _gate("G1", "Custody go or no-go", "custody", ["S1"], [{"id": "smoke", "title": "Smoke test passed", "source": "task:S1"}, {"id": "cells", "title": "Cell list checked by a sergeant", "source": "person"}]),
            _gate("G2", "Records go or no-go", "records", ["L5"], [{"id": "crimes", "title": "Every crime is in the target", "source": "reconcile:crimes"}, {"id": "search", "title": "Must-find searches find", "source": "person"}]),
            {"id": "P1", "title": "Switch the writes over", "stream": "open", "owner": "asha", "after": ["G1", "G2"], "duration": "1h", "point_of_no_return": True},
            {"id": "O1", "title": "Open records to the stations", "stream": "open", "team": "command", "after": ["P1"], "duration": "2h"},
            {"id": "O2", "title": "All systems open", "stream": "open", "type": "milestone", "after": ["O1"]},
        ],
    }
)  # fmt: skip
CHECKS: tuple[AnyCheck, ...] = TypeAdapter(tuple[AnyCheck, ...]).validate_python(
    [
        {"kind": "http", "id": "custody", "title": "Custody answers", "component": "custody", "owner": "asha", "severity": "critical", "system": "custody", "interval": "5m", "retry_interval": "2m", "stale_after": "20m"},
        {"kind": "http", "id": "cells", "title": "Cell list answers", "component": "custody", "owner": "bo", "system": "custody", "path": "/cells", "parents": ["custody"], "interval": "5m", "retry_interval": "1m", "stale_after": "20m"},
        {"kind": "http", "id": "control", "title": "Control answers", "component": "control", "owner": "bo", "system": "control", "interval": "5m"},
        {"kind": "ledger", "id": "transfer", "title": "Files are acknowledged", "component": "custody", "owner": "bo", "standard": "2h", "interval": "15m"},
    ]
)  # fmt: skip


def open_world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return World(make_desk(EVENTS, [MonitorStates(), CaseFiles()]), clock)


@dataclass
class World:
    """The services over one journal, and the story as steps that a test or a person can stop at."""

    desk: Desk
    clock: FixedClock

    def __post_init__(self) -> None:
        self.missing = 604
        self.wall = FixedClock(self.clock.now())
        self.runs = RunService(self.desk, PROGRAMME, {"reconcile": self._reconciled})
        self.monitors = MonitorService(self.desk, CHECKS)
        self.ledger = LedgerService(self.desk)
        self.run_id = ""

    def pages(self) -> list[Page]:
        return [
            *runbooks.web.pages(self.runs, self.desk, PROGRAMME, self.clock),
            *runbooks.review_web.review_pages(self.runs, PROGRAMME, self.clock),
            *monitors.web.pages(self.monitors, self.ledger, self.desk, PROGRAMME, self.clock),
            journal_page(self.desk.journal, PROGRAMME.zone),
        ]

    def app(self, stop: threading.Event | None = None) -> Starlette:
        return build_app(PROGRAMME.title, self.pages(), self.desk.journal, stop or threading.Event())

    def guarded(self, *, as_person: str = "", stop: threading.Event | None = None) -> Starlette:
        """The pages with their acts, behind a sign-in that hashes cheaply."""
        accounts = Accounts(self.desk.journal.engine)
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.sign_in = SignIn(
            accounts, Links(accounts, self.wall), PROGRAMME, self.wall, as_person, passwords
        )
        evidence = EvidenceActs(
            self.runs, KeptFiles(Path(str(self.desk.journal.engine.url.database)).parent / "evidence")
        )
        linked = TaskLinks(self.runs, PROGRAMME, self.clock, self.sign_in.links)
        changing = (
            EditPages(self.runs, PROGRAMME, self.clock),
            BackoutPages(self.runs, PROGRAMME, self.clock),
        )
        calendars = CalendarPages(self.runs, PROGRAMME, self.clock, self.sign_in.links)
        acts = [
            *(act for part in changing for act in part.acts()),
            *self.sign_in.acts(),
            *BoardActs(self.runs).acts(),
            *GateActs(self.runs).acts(),
            *evidence.acts(),
            *linked.acts(),
        ]
        pages = [
            *self.pages(),
            *(page for part in changing for page in part.pages()),
            *evidence.pages(),
            *linked.pages(),
            *calendars.pages(),
            *self.sign_in.pages(),
        ]
        return build_app(
            PROGRAMME.title,
            pages,
            self.desk.journal,
            stop or threading.Event(),
            acts=acts,
            guard=self.sign_in,
        )

    def account(self, person: str) -> None:
        self.sign_in.accounts.add(person, self.sign_in.passwords.hash(PASSWORD), self.wall.now())

    def enter(self, app: Starlette, person: str) -> Signed:
        """A browser in which this person is signed in."""
        if not self.sign_in.accounts.hash_of(person):
            self.account(person)
        browser = Signed(app)
        browser.sign_in(person, PASSWORD)
        return browser

    def _reconciled(self, _contract: str) -> Reading:
        if self.missing:
            return Reading(
                Finding.NOT_MET, f"{self.missing} missing, all of one status", "/journal?stream=crimes"
            )
        return Reading(Finding.MET, "none missing, none extra", "/journal?stream=crimes")

    # --- moves ---

    def after(self, **span: float) -> datetime:
        self.clock.advance(timedelta(**span))
        return self.clock.now()

    def ask(self, command: Command) -> None:
        self.runs.ask(self.run_id, command)

    def done(self, task: str, by: str, evidence: str) -> None:
        self.ask(ev.FinishTask(by=by, task=task, evidence=evidence))

    def begin(self, task: str) -> None:
        self.ask(ev.BeginTask(by=PERFORMER, task=task, key=self.runs.key_of(self.run_id, task)))

    def end(self, task: str, evidence: str, *, ok: bool = True) -> None:
        self.ask(ev.RecordOutcome(by=PERFORMER, task=task, ok=ok, evidence=evidence))

    def forecast(self) -> None:
        if command := move(self.runs.state(self.run_id), self.clock.now(), PERFORMER):
            self.ask(command)

    def switch(self, component: str, to: Mode, by: str, reason: str) -> None:
        self.desk.ask(COMPONENT, component_stream(component), SwitchMode(by=by, to=to, reason=reason))

    # --- the story ---

    def start(self) -> None:
        """Friday 22:00: begun, partners told."""
        tasks, _ = in_zone(RUNBOOK.tasks, PROGRAMME.zone)
        self.run_id = self.runs.start(RUNBOOK.model_copy(update={"tasks": tasks}), by="manager")
        self.forecast()
        self.after(minutes=25)
        self.done("F1", "asha", "all nine partners answered")

    def load(self) -> None:
        """Saturday morning: crimes load at 1.8 times the plan, and the forecast has moved."""
        self.after(hours=1)
        self.done("F2", "asha", "old systems are read-only")
        self.switch("records", Mode.READ_ONLY, "asha", "frozen for the migration")
        self.switch("custody", Mode.PAPER, "asha", "planned outage, packs are out")
        self.after(hours=3)
        self.done("F3", "bo", "queues at zero, 23:55 print kept")
        self.begin("L1")
        self.begin("L2")
        self.after(hours=2)
        self.end("L2", "9,104 custody records")
        self.begin("L3")
        self.after(hours=3)
        self.end("L1", "25,000 crimes extracted")
        self.begin("L4")
        self.after(hours=1)
        self.end("L3", "9,104 read, 0 failures")
        self.ask(ev.ClaimTask(by="bo", task="S1"))
        late = self.clock.now() + timedelta(hours=24, minutes=12)
        self.ask(
            ev.ReportProgress(
                by=PERFORMER, task="L4", expected_end=late, detail="new_records expects to finish then"
            )
        )
        self.forecast()

    def decide(self) -> None:
        """Custody's gate is asked and held up by a condition; custody monitors fail meanwhile."""
        self.after(hours=2)
        self.done("S1", "bo", "all nine steps passed")
        self.runs.open_gate(self.run_id, "G1")
        self.runs.gather(self.run_id, "G1")
        self.after(minutes=40)
        self.runs.give_evidence(
            self.run_id,
            "G1",
            RecordEvidence(
                by="dev",
                criterion="cells",
                finding=Finding.INCONCLUSIVE,
                detail="two cells disagree with the <list>",
                source="person",
                link="javascript:alert(1)",
            ),
        )
        self.runs.vote(
            self.run_id, "G1", by="asha", vote=Verdict.GO, caveat="only if the cell list is checked by 20:00"
        )
        self.watch()

    def refuse(self) -> None:
        """Sunday: records' gate says no, the repair fails."""
        self.runs.give_evidence(
            self.run_id,
            "G1",
            RecordEvidence(
                by="dev", criterion="cells", finding=Finding.MET, detail="checked", source="person"
            ),
        )
        self.runs.vote(self.run_id, "G1", by="chen", vote=Verdict.GO, acknowledged=("c1",))
        self.ask(ev.PassGate(by=PERFORMER, task="G1", verdict=Verdict.GO, reason="chen go"))
        self.after(hours=22)
        self.end("L4", "25,000 read, 0 failures")
        self.begin("L5")
        self.after(hours=2)
        self.end("L5", "604 missing, all of one status")
        self.runs.open_gate(self.run_id, "G2")
        self.runs.vote(
            self.run_id, "G2", by="chen", vote=Verdict.NO_GO, caveat="604 crimes are not in the target"
        )
        self.ask(
            ev.PassGate(
                by=PERFORMER, task="G2", verdict=Verdict.NO_GO, reason="604 crimes are not in the target"
            )
        )
        self.begin("FIX")
        self.after(hours=1)
        self.end("FIX", "new_records answered 503", ok=False)
        self.forecast()

    def finish(self) -> None:
        """Monday: repaired, asked again, point of no return, open."""
        self.ask(ev.RetryTask(by="asha", task="FIX", reason="the target is back"))
        self.begin("FIX")
        self.after(hours=2)
        self.end("FIX", "604 loaded")
        self.missing = 0
        self.runs.open_gate(self.run_id, "G2")
        self.runs.give_evidence(
            self.run_id,
            "G2",
            RecordEvidence(
                by="bo", criterion="search", finding=Finding.MET, detail="20 of 20 found", source="person"
            ),
        )
        self.runs.vote(self.run_id, "G2", by="chen", vote=Verdict.GO)
        self.ask(ev.PassGate(by=PERFORMER, task="G2", verdict=Verdict.GO, reason="chen go"))
        self.done("P1", "asha", "writes go to the new systems")
        self.after(hours=2)
        self.done("O1", "asha", "stations read and write")
        self.switch("records", Mode.LIVE, "asha", "opened")
        self.ask(ev.CompleteItself(by=PERFORMER, task="O2"))

    def watch(self) -> None:
        """Custody fails hard, its cell list with it; control is fine; a file waits for its acknowledgement."""
        self.ledger.build("file-1", "R v Smith", "a" * 64, "bo")
        self.ledger.send("file-1", "CT-1", "bo")
        for minutes in (0, 2, 2):
            at = self.after(minutes=minutes)
            self.monitors.record("custody", critical("answered 503, expected 200", 0.4), at)
            self.monitors.record("cells", critical("no answer in 10 s", 10.0), at)
            self.monitors.record("control", ok("answered 200", 0.03), at)
        self.monitors.acknowledge(
            "custody", "bo", self.clock.now() + timedelta(hours=2), "supplier called, ticket 4711"
        )
