"""Every page of a programme, in one server: board, health, report, journal; and the metrics Prometheus scrapes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contingency.backlog_acts import BacklogActs
from contingency.backlog_web import backlog_pages
from contingency.conversions_web import ConversionPages
from contingency.feedback_web import FeedbackPages
from contingency.hindsight.around import around
from contingency.plays_web import PlayPages
from contingency.sources import staff_of
from contingency.web import report_page
from cutover.app.api import served_to_programs
from cutover.app.board_panels import OtherRooms, plays_and_ways_back
from cutover.app.bootstrap import World, build_world
from cutover.app.habits import habits
from cutover.app.observability import set_up_logging
from cutover.app.settings import read_settings
from cutover.app.single_sign_on import provider_of
from cutover.app.telling import Teller
from cutover.cli.border import guarded
from cutover.cli.output import console
from cutover.core.clock import SystemClock
from cutover.reconciliation.web import export_page, reconciliation_page
from cutover.store.fitness import unfit
from cutover.store.kept_files import KeptFiles
from cutover.web.acts import Act
from cutover.web.api.operation import Operation
from cutover.web.badge import BadgeSignIn
from cutover.web.certificates import Served, certificates
from cutover.web.journal import journal_page
from cutover.web.kit import Page, build_app
from cutover.web.letters_page import WebhookPages
from cutover.web.oidc_sign_in import ProviderSignIn
from cutover.web.serving import address, listen
from cutover.web.serving import answer as run_server
from cutover.web.sessions_page import SessionPages
from cutover.web.sign_in import HOW_TO, SignIn, check_reach
from cutover.web.workers import Life, check_workers, supervise
from monitors.health_acts import HealthActs
from monitors.pack_web import pack_page
from monitors.watch_cards import Watch
from monitors.web import pages as health_pages
from paper_capture.conflicts import PaperConflicts
from paper_capture.station import StationDesk
from paper_capture.web_conflicts import ConflictPages
from paper_capture.web_convert import ConvertPages
from paper_capture.web_import import ImportPages
from paper_capture.web_overview import overview_page
from paper_capture.web_sheet import SheetPages
from runbooks.backout_web import BackoutPages
from runbooks.board_acts import BoardActs
from runbooks.calendar_web import CalendarPages
from runbooks.edits_web import EditPages
from runbooks.evidence_acts import EvidenceActs
from runbooks.gate_acts import GateActs
from runbooks.plan_web import pages as plan_pages
from runbooks.review_web import review_pages
from runbooks.task_link import TaskLinks
from runbooks.web import pages as board_pages

ANYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  no name of a machine; nothing is bound here


def serve(
    world: World,
    *,
    host: str = "",
    port: int | None = None,
    as_person: str = "",
    to_anybody: bool = False,
    tls: bool = False,
    workers: int | None = None,
) -> int:
    """Serve until interrupted; the exit code. Raises Unavailable when the port is taken, Invalid for what a network would reach."""
    settings, count = world.settings, world.settings.workers if workers is None else workers
    host = host or settings.host
    check_workers(count, as_person)
    has_accounts = can_sign_in(world)
    check_reach(host, has_accounts=has_accounts, as_person=as_person, to_anybody=to_anybody)
    with listen(host, settings.port if port is None else port) as sock:
        certified = tls_of(world, host) if tls else None
        url = address(host, sock, certified)

        def ready() -> None:
            _ready(url, as_person, has_accounts=has_accounts)

        if count == 1:
            ready()
            one_process(world, sock, threading.Event(), as_person=as_person, tls=certified)
            return 0
        world.engine.dispose()  # each of them opens its own
        work = partial(_worker, world.folder.path, certified)
        return supervise(count, sock, work, threading.Event(), ready)


def one_process(
    world: World,
    sock: socket.socket,
    stop: threading.Event,
    *,
    as_person: str = "",
    tls: Served | None = None,
    tick: Callable[[], object] = bool,
) -> None:
    """Answer, and tell people what concerns them, until `stop`."""
    app = make_app(world, stop, as_person=as_person)
    threading.Thread(target=Teller(world).run, args=(stop,), name="teller", daemon=True).start()
    run_server(app, sock, stop, tls, tick=tick, proxies=world.settings.proxies)


def _worker(folder: Path, tls: Served | None, sock: socket.socket, life: Life) -> int:
    """One of several web processes, from its own opening of the programme to its end."""

    def work() -> None:
        set_up_logging(read_settings().log_level)
        world = build_world(folder)
        try:
            one_process(world, sock, life.stop, tls=tls, tick=life.tick)
        finally:
            world.engine.dispose()

    return guarded(work)


@dataclass(frozen=True, slots=True)
class Assembled:
    """All that is served: what is read, what people do by forms, what programs call, and who is who."""

    guard: SignIn
    pages: Sequence[Page]
    acts: Sequence[Act]
    operations: Sequence[Operation]
    routes: Sequence[Route]


def make_app(world: World, stop: threading.Event, *, as_person: str = "") -> Starlette:
    """Every page and act of a programme. Raises NotFound when nobody is called `as_person`."""
    all_ = assembled(world, as_person)
    title = world.folder.programme.title
    return build_app(
        title,
        all_.pages,
        world.journal,
        stop,
        acts=all_.acts,
        guard=all_.guard,
        routes=all_.routes,
        habits=habits(world.folder.programme),
    )


def assembled(world: World, as_person: str = "") -> Assembled:
    """The rooms' pages, acts and routes together. Raises NotFound when nobody is called `as_person`."""
    programme, clock = world.folder.programme, world.clock
    watch = Watch(world.flows, world.ageing, world.register, world.hypercare)
    guard, away = sign_in(world, as_person)
    badges = BadgeSignIn(guard, world.pins, world.tokens)
    station = StationDesk(world.paper)
    convert = ConvertPages(world.keying, world.paper_images, programme, clock)
    operations, routes = served_to_programs(world, station, guard, lambda: can_sign_in(world))
    both = (
        guard,
        badges,
        SessionPages(guard, badges),
        WebhookPages(world.journal, programme, clock),
        convert,
        SheetPages(world.paper_images, programme, clock),
        ConflictPages(PaperConflicts(world.paper), programme, clock),
        ImportPages(station, programme, clock, KeptFiles(world.folder.state / "imports")),
        EditPages(world.runs, programme, clock),
        BackoutPages(world.runs, programme, clock, lambda name: world.fallbacks.says(name, clock.now())),
        ConversionPages(world.conversions, programme.zone),
        PlayPages(world.contingency, programme, clock),
        EvidenceActs(world.runs, KeptFiles(world.folder.state / "evidence")),
        TaskLinks(world.runs, programme, clock, world.links),
        FeedbackPages(world.feedback, world.issues, programme.zone, clock),
    )
    acting = (
        *both,
        BoardActs(world.runs),
        GateActs(world.runs),
        HealthActs(world.monitors, watch),
        BacklogActs(world.backlog),
    )
    read = (*both, CalendarPages(world.runs, programme, clock, world.links))
    return Assembled(
        guard,
        [*_pages_to_read(world, watch), *(page for part in read for page in part.pages())],
        [act for part in acting for act in part.acts()],
        operations,
        [*away, *routes, *convert.routes(), readyz(world)],
    )


def sign_in(world: World, as_person: str = "") -> tuple[SignIn, Sequence[Route]]:
    """The guard, and the routes of a single sign-on where one is set up. Raises Invalid, Unavailable, NotFound."""
    programme, settings = world.folder.programme, world.settings
    name = settings.oidc_name if settings.oidc_issuer and not as_person else ""
    guard = SignIn(world.accounts, world.links, programme, SystemClock(), as_person, provider=name)
    return guard, ProviderSignIn(
        guard, provider_of(settings, guard.wall, world.reach)
    ).routes() if name else ()


def readyz(world: World) -> Route:
    """`/readyz`: 200 for who spreads the load over processes to send people here, 503 with every reason not to."""

    async def answer(_request: Request) -> Response:
        why = await run_in_threadpool(unfit, world.engine, world.folder.state)
        return JSONResponse({"ready": not why, "why": why}, 503 if why else 200)

    return Route("/readyz", answer)


def tls_of(world: World, host: str) -> Served:
    """The programme's own authority and the server's certificate by it, in `state/tls`; says what PCs are to trust."""
    names = {host, urlsplit(world.settings.base_url).hostname or "", socket.gethostname()} - ANYWHERE
    made = certificates(
        world.folder.state / "tls", world.folder.programme.title, sorted(names), SystemClock().now()
    )
    console.print(f"PCs are to trust {made.authority}, once; its fingerprint (SHA-256):", markup=False)
    console.print(f"  {made.fingerprint}", markup=False)
    return made


def can_sign_in(world: World) -> bool:
    """Whether there is any way to: else everybody reads."""
    return bool(world.settings.oidc_issuer) or world.accounts.any()


def _pages_to_read(world: World, watch: Watch) -> list[Page]:
    """The pages of each room."""
    programme, clock = world.folder.programme, world.clock
    return [
        *board_pages(world.runs, world.desk, programme, clock, extras=OtherRooms(world), refine=True),
        *review_pages(world.runs, programme, clock),
        *plan_pages(world.runs, world.folder.runbooks, programme, clock),
        *health_pages(
            world.monitors,
            world.ledger,
            world.desk,
            programme,
            clock,
            extras=lambda: plays_and_ways_back(world),
            watch=watch,
        ),
        pack_page(world.flows, programme, clock),
        reconciliation_page(world.reconciliation, programme.zone),
        export_page(world.reconciliation),
        overview_page(world.station_views, programme, clock),
        *backlog_pages(
            world.backlog, programme.zone, clock, lambda: staff_of(programme, world.folder.plays.keyers)
        ),
        report_page(world.report),
        *review_pages(
            world.runs,
            programme,
            clock,
            path="/report/review",
            around=lambda seen: around(world.report.sources, seen),
        ),
        journal_page(world.journal, programme.zone),
    ]


def _ready(url: str, as_person: str, *, has_accounts: bool) -> None:
    console.print(f"the board is at {url}", markup=False)
    if as_person:
        console.print(f"  whoever opens it acts as {as_person}, without a sign-in", markup=False)
    elif not has_accounts:
        console.print(f"  to be read; to act on it somebody needs an account: {HOW_TO}", markup=False)
