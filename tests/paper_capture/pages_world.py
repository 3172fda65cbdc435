"""The paper pages with people who may and may not, over a real journal on SQLite; sign-ins hash cheaply."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from argon2 import PasswordHasher
from starlette.applications import Starlette

from cutover.core.clock import FixedClock
from cutover.domain.programme import Programme
from cutover.store.accounts import Accounts
from cutover.store.kept_files import KeptFiles
from cutover.web.api.door import Door
from cutover.web.journal import journal_page
from cutover.web.kit import build_app
from cutover.web.links import Links
from cutover.web.passwords import Passwords
from cutover.web.sign_in import SignIn
from cutover.web.tokens import Tokens
from paper_capture.claims import Claims
from paper_capture.conflicts import PaperConflicts
from paper_capture.images import PaperImages
from paper_capture.keying import Keying
from paper_capture.service import PaperService
from paper_capture.station import StationDesk
from paper_capture.station_view import StationViews
from paper_capture.web_conflicts import ConflictPages
from paper_capture.web_convert import ConvertPages
from paper_capture.web_import import ImportPages
from paper_capture.web_overview import overview_page
from paper_capture.web_sheet import SheetPages
from paper_capture.web_station import StationApi, station_scope
from tests.cutover.web.browser import Signed
from tests.paper_capture.world import used

PASSWORD = "four words in a row"
PROGRAMME = Programme.model_validate(
    {
        "title": "On paper",
        "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        "stations": [{"id": "north", "title": "North Quay"}, {"id": "south", "title": "South <b>Gate</b>"}],
        "people": [
            {"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]},
            {"id": "farid", "name": "Farid Haddad", "roles": ["hypercare"]},
            {"id": "sam", "name": "Sam Adeyemi", "roles": ["station"], "station": "north"},
            {"id": "tova", "name": "Tova Lind", "roles": ["keyer"], "skills": ["domestic_abuse"]},
            {"id": "uma", "name": "Uma Shah", "roles": ["keyer"], "skills": ["domestic_abuse"]},
            {"id": "nils", "name": "Nils Berg", "roles": ["keyer"]},
            {"id": "viktor", "name": "Viktor Szabő", "roles": ["supervisor"], "skills": ["domestic_abuse"]},
        ],
    }
)


@dataclass
class PagesWorld:
    """The paper service with its doors and pages."""

    paper: PaperService
    clock: FixedClock
    folder: Path
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.paper.stations = frozenset({"north", "south"})
        engine = self.paper.desk.journal.engine
        accounts = Accounts(engine)
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.sign_in = SignIn(accounts, Links(accounts, self.clock), PROGRAMME, self.clock, "", passwords)
        self.tokens = Tokens(accounts, self.clock)
        self.images = PaperImages(self.paper, KeptFiles(self.folder / "images"))
        self.keying = Keying(self.paper, Claims(engine))
        self.views = StationViews(self.paper)
        self.desk = StationDesk(self.paper)

    def app(self) -> Starlette:
        convert = ConvertPages(self.keying, self.images, PROGRAMME, self.clock)
        imports = ImportPages(self.desk, PROGRAMME, self.clock, KeptFiles(self.folder / "imports"))
        api = StationApi(self.desk, self.views, PROGRAMME, self.tokens, self.sign_in)
        sheets = SheetPages(self.images, PROGRAMME, self.clock)
        conflicts = ConflictPages(PaperConflicts(self.paper), PROGRAMME, self.clock)
        pages = [
            overview_page(self.views, PROGRAMME, self.clock),
            *sheets.pages(),
            *conflicts.pages(),
            *convert.pages(),
            *imports.pages(),
            *self.sign_in.pages(),
            journal_page(self.paper.desk.journal, PROGRAMME.zone),
        ]
        acts = [*convert.acts(), *sheets.acts(), *conflicts.acts(), *imports.acts(), *self.sign_in.acts()]
        return build_app(
            "On paper", pages, self.paper.desk.journal, self.stop, acts=acts, guard=self.sign_in,
            routes=[*api.routes(), *Door(self.tokens).routes(api.operations()), *convert.routes()],
        )  # fmt: skip

    def token(self, station: str) -> str:
        return self.tokens.issue(station_scope(station))

    def enter(self, app: Starlette, person: str) -> Signed:
        """A browser in which this person is signed in."""
        if not self.sign_in.accounts.hash_of(person):
            self.sign_in.accounts.add(person, self.sign_in.passwords.hash(PASSWORD), self.clock.now())
        browser = Signed(app)
        browser.sign_in(person, PASSWORD)
        return browser

    def returned(self, form: str, count: int = 1, *, station: str = "north", **changes: object) -> list[str]:
        """Sheets that wait to be keyed."""
        serials = self.paper.issue(station=station, form_type=form, count=count, by="asha")
        self.paper.log_used([used(s, station=station, **changes) for s in serials], by="sam")
        self.paper.return_sheets(serials, by="sam")
        self.clock.advance(timedelta(minutes=1))
        return serials
