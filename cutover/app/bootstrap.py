"""Everything wired, in one place: from a programme folder to services that share one journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from cutover.app import rooms
from cutover.app.facts import catalogue, late_messages, projections, shape
from cutover.app.programme_folder import ProgrammeFolder
from cutover.app.rebuilding import rebuilding
from cutover.app.settings import Settings, read_settings
from cutover.core.clock import Clock, Pace, SystemClock, show
from cutover.core.ids import IdFactory
from cutover.core.reach import Reach, networks
from cutover.store import schema
from cutover.store.accounts import Accounts
from cutover.store.clock_file import RealPace, programme_clock
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.kept_files import KeptFiles
from cutover.store.pins import Pins
from cutover.store.projections import prepare
from cutover.store.steady import SteadyClock, clock_of

if TYPE_CHECKING:
    import httpx

    from runbooks.domain.run_state import RunState
    from runbooks.steps import Executor

MOST_WAITING = 100_000  # sheets and other things that are put in order for a keyer
_current: ContextVar[World | None] = ContextVar("cutover_world", default=None)


@dataclass
class World:
    """One programme, opened: its files, its journal, its services. Services are made when first asked for."""

    folder: ProgrammeFolder
    settings: Settings
    clock: Clock
    engine: Engine
    pace: Pace
    systems_elsewhere: Mapping[str, str] = field(default_factory=dict)  # a rehearsal's stand-ins
    timed_elsewhere: Collection[str] = ()  # those of them that know how long work takes
    simulated: bool = False

    @cached_property
    def reach(self) -> Reach:
        """Where requests of this process may go."""
        return Reach(networks(self.settings.reachable))

    def client(self) -> httpx.AsyncClient:
        """What automated tasks ask with: it goes where `reach` lets it."""
        return rooms.async_client(self.reach)

    @cached_property
    def wall(self) -> SteadyClock:
        """Real time, for leases: who died at hour 50 of a rehearsal died now."""
        return self.clock if isinstance(self.clock, SteadyClock) else clock_of(self.engine)

    def stepped(self) -> timedelta:
        """By how much the machine's clock was stepped since this was opened; a rehearsal's time is its own."""
        return self.wall.stepped() if self.wall is self.clock else timedelta(0)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.engine, catalogue(), self.clock, projections())

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.journal, self.clock, partial(late_messages, zone=self.folder.programme.zone))

    @cached_property
    def secrets(self) -> rooms.Secrets:
        """Where this process finds secrets; whatever was looked up is masked from then on."""
        folder = self.settings.secrets_dir
        return rooms.Secrets(os.environ, Path(folder) if folder else None)

    @cached_property
    def queries(self) -> rooms.Queries:
        return rooms.Queries(lambda: self.folder.queries, self.secrets, self.clock)

    @cached_property
    def ids(self) -> IdFactory:
        return IdFactory(self.clock, os.urandom)

    @cached_property
    def runs(self) -> rooms.RunService:
        return rooms.RunService(
            self.desk,
            self.folder.programme,
            rooms.providers(self),
            lambda name: self.folder.runbooks.get(name),  # noqa: PLW0108  files are read when asked for
        )

    @cached_property
    def monitors(self) -> rooms.MonitorService:
        watched = self.folder.watched
        return rooms.MonitorService(
            self.desk, watched.checks, downtimes=watched.downtimes, zone=self.folder.programme.zone
        )

    @cached_property
    def inbox(self) -> rooms.Inbox:
        """What programs told us: heartbeats, and the alerts of an Alertmanager elsewhere."""
        beats = [check for check in self.folder.checks if isinstance(check, rooms.HeartbeatCheck)]
        return rooms.Inbox(self.engine, beats, self.flows.go_live, self.folder.programme.zone)

    @cached_property
    def tokens(self) -> rooms.Tokens:
        return rooms.Tokens(self.accounts, SystemClock())

    @cached_property
    def flows(self) -> rooms.FlowService:
        watched = self.folder.watched
        return rooms.FlowService(self.desk, watched.flows, watched.hypercare, self.folder.programme)

    @cached_property
    def ageing(self) -> rooms.AgeingService:
        folder, watched = self.folder, self.folder.watched
        return rooms.AgeingService(
            self.desk, watched.checks, folder.programme, folder.path, self.secrets, watch=watched.hypercare
        )

    @cached_property
    def register(self) -> rooms.RegisterService:
        watched = self.folder.watched
        owners = {flow.id: flow.owner for flow in watched.flows}
        return rooms.RegisterService(
            self.desk,
            watched.expected,
            owners,
            self.folder.programme,
            lambda: {*self.monitors.checks, *self.flows.flows},
        )

    @cached_property
    def hypercare(self) -> rooms.HypercareService:
        return rooms.HypercareService(self.monitors, self.flows, self.register, self.ageing)

    def collector(self) -> rooms.Collector:
        """Reads the counts of this programme's flows."""
        zone = self.folder.programme.zone
        sources = rooms.CountSources(self.folder.path, zone, self.secrets, self.systems, self.reach)
        return rooms.Collector(self.flows, sources, self.pace)

    @cached_property
    def ledger(self) -> rooms.LedgerService:
        return rooms.LedgerService(self.desk)

    @cached_property
    def reconciliation(self) -> rooms.ReconciliationService:
        return rooms.ReconciliationService(
            self.desk,
            self.folder.contracts,
            self.folder.state,
            self.systems,
            begins=self.folder.programme.opens,
            zone=self.folder.programme.zone,
            reach=self.reach,
        )

    @cached_property
    def paper(self) -> rooms.PaperService:
        return rooms.PaperService(
            self.desk, self.folder.forms, [s.id for s in self.folder.programme.stations]
        )

    @cached_property
    def station_views(self) -> rooms.StationViews:
        return rooms.StationViews(self.paper)

    @cached_property
    def keying(self) -> rooms.Keying:
        """Sheets come to keyers in the order of triage."""

        def order() -> list[tuple[str, str]]:
            return [(ranked.item.id, ranked.why) for ranked in self.backlog.next(limit=MOST_WAITING)]

        return rooms.Keying(self.paper, rooms.Claims(self.engine), order)

    @cached_property
    def paper_images(self) -> rooms.PaperImages:
        return rooms.PaperImages(self.paper, KeptFiles(self.folder.state / "images"))

    @cached_property
    def paper_batches(self) -> rooms.PaperBatches:
        return rooms.PaperBatches(self.paper)

    @cached_property
    def paper_keeping(self) -> rooms.PaperKeeping:
        return rooms.PaperKeeping(self.paper)

    @cached_property
    def contingency(self) -> rooms.ContingencyService:
        folder = self.folder
        return rooms.ContingencyService(
            self.desk, folder.plays, self.paper, self.monitors, self.fallbacks, zone=folder.programme.zone
        )

    @cached_property
    def fallbacks(self) -> rooms.FallbackService:
        return rooms.FallbackService(self.journal, self.folder.plays, self.folder.programme)

    @cached_property
    def limits(self) -> rooms.LimitService:
        return rooms.LimitService(self.desk, self.folder.plays, self.paper, self.folder.programme)

    @cached_property
    def conversions(self) -> rooms.ConversionService:
        plays = self.folder.plays
        declared = plays.target
        if self.systems_elsewhere and (
            declared.kind != "http" or declared.system not in self.timed_elsewhere
        ):
            declared = type(declared)()  # a rehearsal writes no record into a real target
        target = rooms.make_target(declared, self.folder.path, self.systems(), self.secrets, self.reach)
        terms = declared.terms(self.folder.programme.zone)
        return rooms.ConversionService(
            self.desk, plays, self.paper, target, terms=terms, event=declared.event, address=declared.address
        )

    @cached_property
    def report(self) -> rooms.ReportService:
        return rooms.ReportService(rooms.Sources(
            self.journal, self.folder.programme, self.backlog, self.paper, self.ledger, self.monitors,
            self.reconciliation, self.bulletins, self.improvements, self.feedback,
        ))  # fmt: skip

    def deliver(self) -> int:
        """Hand the notices that wait in the outbox to their channels; returns how many were taken."""
        here, zone = rooms.channels(self.folder.state / "notices"), self.folder.programme.zone
        return rooms.deliver_due(self.engine, here, self.clock.now(), zone)

    @cached_property
    def bulletins(self) -> rooms.BulletinService:
        return rooms.BulletinService(self.desk, self.folder.programme)

    @cached_property
    def composer(self) -> rooms.Composer:
        return rooms.Composer(self.folder.path / "bulletins", self.report.sources)

    @cached_property
    def improvements(self) -> rooms.ActionService:
        return rooms.ActionService(self.desk)

    @cached_property
    def incidents(self) -> rooms.IncidentService:
        return rooms.IncidentService(self.desk)

    @cached_property
    def issues(self) -> rooms.IssueService:
        return rooms.IssueService(self.desk)

    @cached_property
    def feedback(self) -> rooms.FeedbackService:
        return rooms.FeedbackService(self.desk, self.folder.programme)

    @cached_property
    def backlog(self) -> rooms.BacklogService:
        minutes = {form.id: float(form.minutes) * form.passes for form in self.folder.forms.values()}
        return rooms.BacklogService(self.desk, self.folder.plays, self.paper, minutes)

    @cached_property
    def discoveries(self) -> rooms.DiscoveryService:
        folder = self.folder
        return rooms.DiscoveryService(
            self.backlog,
            folder.programme,
            folder.path,
            self.queries.rows,
            lambda: rooms.suspected(self.ageing),
        )

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.engine)

    @cached_property
    def pins(self) -> Pins:
        return Pins(self.engine)

    @cached_property
    def links(self) -> rooms.Links:
        return rooms.Links(self.accounts, SystemClock())

    def systems(self) -> Mapping[str, str]:
        """Where each system answers: a rehearsal's stand-ins, or what the programme says."""
        return {**self.folder.programme.systems, **self.systems_elsewhere}

    def actions(self, client: httpx.AsyncClient) -> rooms.Actions:
        """The kinds of action automated tasks may use here."""
        programme = self.folder.programme
        makes: dict[str, Callable[[], rooms.ActionKind]] = {
            "probe": lambda: rooms.ProbeAction(lambda: self.folder.checks, self.prober, self.pace),
            "mode": lambda: rooms.ModeAction(self.desk, programme),
            "snapshot": lambda: rooms.SnapshotAction(self.reconciliation, self.pace),
            "reconcile": lambda: rooms.ReconcileAction(self.reconciliation, self.pace),
            "notify": lambda: rooms.NotifyAction(self.bulletins, programme),
            "issue_paper": lambda: rooms.IssuePaperAction(self.paper, programme, self.pace),
        }
        kinds: dict[str, rooms.ActionKind] = {name: rooms.LateKind(make) for name, make in makes.items()}
        kinds = {**rooms.kinds_of_runbooks(self, client), **kinds}
        if self.simulated:
            kinds = dict.fromkeys(kinds, rooms.SimulatedAction(self.pace))
        elif self.systems_elsewhere:
            kinds = rooms.rehearsed(kinds, self.timed_elsewhere, self.pace)
        return rooms.Actions(kinds, self._names, declared=rooms.declared_kinds(), secrets=self.secrets)

    def performer(self, run_id: str, executor: Executor, client: httpx.AsyncClient) -> rooms.Performer:
        """Who performs a run, asking with `client`."""
        return rooms.Performer(
            self.runs, run_id, self.actions(client), executor, self.pace, wall=self.wall, stepped=self.stepped
        )

    async def drive(self, run_id: str, client: httpx.AsyncClient) -> RunState:
        """Perform a run to its end in this process: the linked run of a task."""
        return await self.performer(run_id, rooms.InlineExecutor(), client).run()

    def prober(self, *, spread: bool = False) -> rooms.Prober:
        """Asks this programme's checks; keeps nothing. `spread`: not all of them at once when it begins."""
        return rooms.Prober(
            self.monitors,
            self.folder.checks,
            self.systems,
            self.pace,
            ledger=self.ledger.summary,
            ageing=self.ageing.look,
            spread=spread,
            kept=self.inbox.kept,
            secrets=self.secrets,
            home=self.folder.path,
            reachable=self.reach.allowed,
        )

    def _names(self) -> Mapping[str, Any]:
        """What an action's arguments may refer to in {{ … }}."""
        programme = self.folder.programme
        return {
            "systems": self.systems(),
            "programme": programme.title,
            "opens": show(programme.opens, programme.zone),
            "closes": show(programme.closes, programme.zone),
        }


def build_world(path: Path, *, pace: Pace | None = None, settings: Settings | None = None) -> World:
    """Open a programme folder: database migrated, views prepared. Raises Invalid or Unavailable."""
    settings = settings or read_settings()
    folder = ProgrammeFolder(path.resolve())
    _ = folder.programme  # a folder that is none says so before a database is made in it
    engine = open_engine(settings.database_url or sqlite_url(folder.state / "cutover.db"))
    schema.upgrade(engine)
    clock = pace or (programme_clock(folder.clock_file) if folder.clock_file.exists() else clock_of(engine))
    world = World(folder, settings, clock, engine, pace or RealPace(clock))
    with rebuilding(folder.path) as tell:
        prepare(world.journal, shape(), tell)
    return world


@contextmanager
def open_world(path: Path) -> Iterator[World]:
    """The world of a folder: the one already open in this context (a rehearsal's), or a new one, closed at the end."""
    current = _current.get()
    if current is not None and current.folder.path == path.resolve():
        yield current
        return
    world = build_world(path)
    try:
        yield world
    finally:
        world.engine.dispose()


@contextmanager
def as_current(world: World) -> Iterator[World]:
    """Make `world` what `open_world` gives inside this context, flows included."""
    token = _current.set(world)
    try:
        yield world
    finally:
        _current.reset(token)
