"""A small go-live seeded through the real services: what the assurance report is made from in its tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from contingency.bulletins import BulletinService, partner_messages
from contingency.domain import improvements, notices
from contingency.domain.backlog import FindItem
from contingency.domain.conversion import CONVERSION, BeginConversion, RecordOutcome, conversion_stream
from contingency.domain.triage import Grade as Tier
from contingency.files import load_plays
from contingency.improvements import ActionService, FeedbackService
from contingency.notices import play_notices
from contingency.report import ReportService
from contingency.sources import Sources
from cutover.app.notify import channels, deliver_due
from cutover.core.clock import FixedClock
from cutover.core.event import Fact
from cutover.domain import gates
from cutover.domain.gates import Criterion, Verdict
from cutover.domain.programme import Programme
from cutover.reconciliation import comparison
from cutover.reconciliation.service import ReconciliationService
from cutover.reconciliation.tables import ReconciliationView
from cutover.store.documents import read_yaml
from cutover.store.outbox import Message
from monitors.domain import flow_events, ledger, suspicion
from monitors.domain.check import Status
from monitors.ledger_service import LedgerService
from monitors.tables import CaseFiles
from paper_capture.domain.moves import Grade
from paper_capture.forms import load_forms
from paper_capture.service import PaperService
from runbooks.domain import run_events
from runbooks.domain.plan import Runbook
from runbooks.service import Reading, RunService
from tests.conftest import MakeDesk
from tests.contingency.world import ALL_EVENTS, SCENARIO, World, all_projections, with_play
from tests.cutover.reconciliation.world import contract, crime, write_csv

EVENTS = (
    *ALL_EVENTS, *notices.EVENTS, *improvements.EVENTS, *gates.EVENTS, *comparison.EVENTS, *ledger.EVENTS, *run_events.EVENTS, *suspicion.EVENTS,
    *flow_events.EVENTS,
)  # fmt: skip
PLAY = "custody-on-paper"
LINES = ("open-records", "both-clocks", "sheets-back", "partners-told")
FEW = {"stations": ("central", "bolton"), "blocks": {"custody": 4, "crime": 6, "domestic_abuse": 4}}
RECORDS, LOST = 400, 6
RUNBOOK = Runbook.model_validate(
    {
        "id": "go-live",
        "title": "Go live",
        "tasks": [
            {"id": "LOAD", "title": "Load crimes", "type": "automated", "duration": "1h", "effect": "probe", "action": {"kind": "http"}},
            {
                "id": "GATE", "title": "Records: go or no-go", "type": "approval", "duration": "1h", "after": ["LOAD"],
                "gate": {"criteria": [Criterion(id="all", title="All crimes are there", source="reconcile:crimes").model_dump()], "deciders": ["chen"]},
            },
            {"id": "FIX", "title": "Load again what is missing", "duration": "1h", "repairs": "GATE"},
            {"id": "OPEN", "title": "Open records", "duration": "1h", "after": ["GATE"]},
        ],
    }
)  # fmt: skip


class Assured:
    """Every service of the report over one journal, and the chapters of the story that a test wants."""

    def __init__(self, make_desk: MakeDesk, clock: FixedClock, folder: Path) -> None:
        self.folder = folder
        views = [*all_projections(), ReconciliationView(), CaseFiles()]
        desk = make_desk(EVENTS, views, messages=messages)
        self.programme = read_yaml(SCENARIO / "programme.yaml", Programme)
        book = with_play(load_plays(SCENARIO / "contingency"), **FEW)
        self.world = World(desk, clock, book, PaperService(desk, load_forms(SCENARIO / "forms")))
        self.desk, self.clock, self.paper = desk, clock, self.world.paper
        self.ledger = LedgerService(desk)
        self.bulletins = BulletinService(desk, self.programme)
        self.actions = ActionService(desk)
        self.feedback = FeedbackService(desk, self.programme)
        self.register = contract(folder / "source.csv", folder / "target.csv")
        self.comparisons = ReconciliationService(desk, {"crimes": self.register}, folder / "state", dict)
        self.runs = RunService(desk, self.programme, {"reconcile": self._reconciled})

    @property
    def sources(self) -> Sources:
        return Sources(
            journal=self.desk.journal,
            programme=self.programme,
            backlog=self.world.backlog,
            paper=self.paper,
            ledger=self.ledger,
            monitors=self.world.monitors,
            reconciliation=self.comparisons,
            bulletins=self.bulletins,
            actions=self.actions,
            feedback=self.feedback,
        )

    @property
    def reports(self) -> ReportService:
        return ReportService(self.sources)

    def hours(self, hours: float) -> None:
        self.clock.advance(timedelta(hours=hours))

    # --- the chapters ---

    def partners_told(self, silent: Sequence[str] = ()) -> list[str]:
        """All partners are told; all but the silent ones acknowledge within the hour."""
        names = [p.id for p in self.programme.partners]
        told = self.bulletins.tell(
            names, "The window opens", "Systems close at 22:00 on Friday.", by="rosa", key="window"
        )
        self.hours(0.5)
        for notice in told:
            if notice.partition(":")[2] not in silent:
                self.bulletins.acknowledge(notice, by="rosa")
        return told

    def loaded(self) -> str:
        """The loader says that it read everything and failed on nothing; it never selected six."""
        source = [crime(n, status="under_review" if n < LOST else "open") for n in range(RECORDS)]
        write_csv(self.folder / "source.csv", source)
        write_csv(self.folder / "target.csv", source[LOST:])
        run = self.runs.start(RUNBOOK, by="manager")
        self.hours(1)
        self.runs.ask(run, run_events.BeginTask(by="performer", task="LOAD", key="load-1"))
        result = {"state": "done", "read": RECORDS, "loaded": RECORDS - LOST, "failed": 0}
        done = run_events.RecordOutcome(by="performer", task="LOAD", ok=True, evidence="done", result=result)
        self.runs.ask(run, done)
        return run

    def refused(self, run: str) -> None:
        """Reconciliation names the six, and the gate says no."""
        self.comparisons.run("crimes", by="halina", key="round-1")
        self.runs.open_gate(run, "GATE")
        state = self.runs.vote(run, "GATE", by="chen", vote=Verdict.NO_GO, caveat="six crimes are missing")
        self.runs.ask(
            run, run_events.PassGate(by="performer", task="GATE", verdict=state.verdict, reason=state.reason)
        )

    def repaired(self, run: str) -> None:
        """They are loaded, compared again, and the gate says go."""
        self.hours(2)
        target = self.folder / "source.csv"
        (self.folder / "target.csv").write_bytes(target.read_bytes())
        self.runs.ask(run, run_events.FinishTask(by="halina", task="FIX", evidence="load 2"))
        self.comparisons.run("crimes", by="halina", key="round-2")
        self.runs.open_gate(run, "GATE")
        state = self.runs.vote(run, "GATE", by="chen", vote=Verdict.GO)
        self.runs.ask(
            run, run_events.PassGate(by="performer", task="GATE", verdict=state.verdict, reason=state.reason)
        )

    def custody_falls(self) -> None:
        """Custody goes critical; a quarter of an hour later the play is proposed and Chen enacts it."""
        self.world.custody_is(Status.CRITICAL)
        self.world.after(15)
        self.world.plays.watch()
        self.world.plays.enact(PLAY, by="chen", reason="no sign of recovery")

    def written(self) -> list[str]:
        """Two stations write on half of their sheets: a few of each kind and grade."""
        issued = self.paper.sheets(["issued"])
        grades = (Grade.STANDARD, Grade.MEDIUM, Grade.HIGH)
        serials: list[str] = []
        for i, sheet in enumerate(issued[::2]):
            serials += (
                self.world.used([sheet.serial], grade=grades[i % 3]) if sheet.station == "central" else []
            )
        return serials

    def custody_returns(self) -> None:
        """Custody is well again, every line of the checklist is done, blank sheets come back."""
        self.world.custody_is(Status.OK)
        self.world.plays.stand_down(PLAY, by="chen", checklist=LINES)
        blank = [sheet.serial for sheet in self.paper.sheets(["issued"])]
        self.paper.return_unused(blank, by="bo")

    def brought_back(self, serials: list[str]) -> None:
        """Keyed, verified, converted, disposed of."""
        self.world.verify(serials)
        self.hours(1)
        for n, serial in enumerate(serials):
            stream, reference = conversion_stream(serial), f"NR-{n:05}"
            self.desk.ask(CONVERSION, stream, BeginConversion(by="tova", key=serial))
            self.desk.ask(CONVERSION, stream, RecordOutcome(by="tova", reference=reference))
            self.paper.dispose(serial, disposition="converted", reference=reference, by="tova")

    def stations_heard(self, *, answered: bool = True) -> None:
        for station, text, pulse in (
            ("central", "The printer is slow", 4),
            ("bolton", "Search finds nobody", 3),
        ):
            report = self.feedback.report(station, text, pulse)
            if answered:
                self.feedback.answer(report, "Mended at 14:00; search by surname only meanwhile", by="gwen")

    def learnt(self, *, verified: bool = True) -> str:
        """The cause is prevented, and somebody else has looked."""
        action = self.actions.raise_action(
            "Compare the loader's status map with the register",
            by="asha",
            owner="halina",
            prevents="statuses never selected",
        )
        self.actions.claim(action, by="halina", evidence="map v2 lists all nine statuses")
        if verified:
            self.actions.verify(action, by="petra", how="read map v2 beside the register")
        return action

    def case_files(self, *, acknowledged: bool = True) -> None:
        for n in range(3):
            name = f"F{n}"
            self.ledger.build(name, f"CASE-{n}", f"{n:064x}", by="lewis")
            self.ledger.send(name, f"REF-{n}", by="forwarder")
            if acknowledged or n:
                self.ledger.accept(name, by="prosecutor")

    def counted(self, theirs: int = 3, ours: int = 3) -> None:
        self.bulletins.count("prosecutor", "case files received", theirs=theirs, ours=ours, by="rosa")

    def waits(self, key: str, tier: Tier = Tier.HIGH, hours: float = 30) -> None:
        """One item of the upstream register has waited so long."""
        since = self.clock.now() - timedelta(hours=hours)
        wish = FindItem(
            by="jo", item_type="domestic_abuse", tier=tier, occurred_at=since, source="upstream register"
        )
        self.world.backlog.find({key: wish})

    def delivered(self) -> int:
        return deliver_due(self.desk.journal.engine, channels(self.folder / "notices"), self.clock.now())

    def all_is_well(self) -> None:
        """The whole story, to the end, with nothing left open."""
        self.partners_told()
        self.delivered()
        self.world.custody_is(Status.OK)
        run = self.loaded()
        self.refused(run)
        self.repaired(run)
        self.case_files()
        self.custody_falls()
        serials = self.written()
        self.hours(3)
        self.custody_returns()
        self.brought_back(serials)
        self.counted()
        self.stations_heard()
        self.learnt()

    def in_the_thick_of_it(self) -> None:
        """The same story stopped in the middle, with everything that can be open left open."""
        self.partners_told(silent=["victim-support"])
        self.world.custody_is(Status.OK)
        self.refused(self.loaded())
        self.case_files(acknowledged=False)
        self.waits("DA-0686")
        self.custody_falls()
        self.written()
        self.hours(30)
        self.counted(theirs=1)
        self.stations_heard(answered=False)
        self.learnt(verified=False)

    def _reconciled(self, name: str) -> Reading:
        outcome = self.comparisons.latest(name)
        passed = outcome is not None and outcome.passed
        return Reading(gates.Finding.MET if passed else gates.Finding.NOT_MET, str(outcome))


def messages(facts: Sequence[Fact], stream: str) -> list[Message]:
    return [*play_notices(facts, stream), *partner_messages(facts, stream)]
