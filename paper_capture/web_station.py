"""The station page as files, and what it tells us: `/station/<id>`, `/station-app/...`, `/api/v1/stations/<id>`.

The page is the same for everybody and holds nothing: it works from the browser's own store, signed in or not. What is
seen or written goes through the API, by a token for one station or by a person who may. Old pages go on telling:
version 1 of a move is taken for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable
from cutover.domain.programme import Programme
from cutover.web.acts import check_origin
from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.problems import NotAllowed, NotKnown, plain_problem
from cutover.web.badge import AT
from cutover.web.badge import STATION_COOKIE as COOKIE
from cutover.web.headers import HEADERS
from cutover.web.kit import STATIC
from cutover.web.tokens import Tokens, station_scope
from cutover.web.visitor import Guard, Role
from paper_capture.conflicts import PaperConflicts
from paper_capture.domain.answers import FieldType
from paper_capture.domain.form import Form
from paper_capture.station import StationDesk, StationMove, decided
from paper_capture.station_view import StationViews

COOKIE_SECONDS = 400 * 24 * 3600  # browsers keep none longer; revoking the token ends it at once
SCOPE = "station:{station}"
FILES = Path(__file__).parent / "station_page"
_MEDIA = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_SHARED = ("style.css", "mark.svg")
# What a page tells is never half understood: whatever is wrong with it is 422, and 409 is another content on the sheet.
STATUSES: Mapping[type[CutoverError], int] = {
    NotKnown: 401, NotAllowed: 403, Conflict: 409, Invalid: 422, NotFound: 404, Refused: 422, Unavailable: 503,
}  # fmt: skip


class Enrolment(BaseModel):
    """What a station's PC shows once: its token."""

    model_config = ConfigDict(extra="forbid")
    token: str


class Enrolled(BaseModel):
    station: str


class MoveTaken(BaseModel):
    """A move that stands in the journal; `again` when it did before, `settled` when a supervisor chose between two tellings."""

    key: str
    serial: str
    again: bool
    settled: str = ""


class StationRegister(BaseModel):
    """The sheets issued to a station, with what its page needs to speak of them."""

    v: int
    station: str
    title: str
    zone: str
    now: datetime
    counts: dict[str, Any] = Field(
        description="issued, outstanding, used, returned, spoiled, unused, missing"
    )
    breaches: list[str] = Field(description="what does not hold of its sheets, a sentence each")
    checked: datetime = Field(description="when that was worked out")
    checked_whole: bool = Field(description="nothing was recorded since")
    settled: dict[str, str] = Field(description="by sheet and move: what was decided between two tellings")
    forms: list[dict[str, Any]]
    sheets: list[dict[str, Any]]


@dataclass(frozen=True)
class StationApi:
    """What the station page asks and tells, and its files."""

    desk: StationDesk
    views: StationViews
    programme: Programme
    tokens: Tokens
    guard: Guard

    @property
    def conflicts(self) -> PaperConflicts:
        return PaperConflicts(self.desk.paper)

    def routes(self) -> list[Route]:
        return [Route("/station-app/{name}", self._file), Route("/station/{station}", self._page)]

    def operations(self) -> Sequence[Operation]:
        one = "/api/v1/stations/{station}"
        return (
            Operation(
                "GET", one, "read the sheets of a station", self._seen, StationRegister, SCOPE,
                admit=self._admit, statuses=STATUSES,
            ),
            Operation(
                "POST", f"{one}/enrolment", "make a PC known to its station", self._enrol, Enrolled, SCOPE,
                admit=check_origin, takes=Enrolment, statuses=STATUSES,
            ),
            Operation(
                "PUT", f"{one}/moves/{{key}}", "say what became of a sheet", self._move, MoveTaken, SCOPE,
                admit=self._admit_move, takes=StationMove, status=201, statuses=STATUSES,
            ),
        )  # fmt: skip

    # --- the page's files ---

    async def _page(self, _request: Request) -> Response:
        return _file_answer("shell.html", (FILES / "shell.html").read_bytes())

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == "sw.js":
            return _file_answer(name, self.worker)
        known = {path.name for path in FILES.iterdir() if path.suffix in _MEDIA}
        if name == "manifest.webmanifest":
            return self._manifest(request)
        if name not in known:
            return plain_problem(404, "no such file")
        return _file_answer(name, (FILES / name).read_bytes())

    @cached_property
    def worker(self) -> bytes:
        """The service worker with the mark of this version's files: another file, another worker, a new store."""
        mark, paths = hashlib.sha256(), []
        for path in sorted(FILES.iterdir()):
            if path.suffix in _MEDIA:
                mark.update(path.read_bytes())
                paths += [] if path.name == "sw.js" else [f"/station-app/{path.name}"]
        for name in _SHARED:
            mark.update((STATIC / name).read_bytes())
            paths.append(f"/static/{name}")
        head = f"const VERSION = {mark.hexdigest()[:16]!r};\nconst FILES = {paths!r};\n"
        return head.encode() + (FILES / "sw.js").read_bytes()

    def _manifest(self, request: Request) -> Response:
        station = request.query_params.get("station", "")
        name = next((s.title for s in self.programme.stations if s.id == station), "Station")
        icon = {"src": "/static/mark.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
        start = f"/station/{station}" if name != "Station" else "/station/"
        manifest = {
            "name": f"{name}: paper log", "short_name": name[:24], "id": start, "start_url": start, "scope": "/station/",
            "display": "standalone", "background_color": "#f2f4f7", "theme_color": "#1b3a5b", "icons": [icon],
        }  # fmt: skip
        return JSONResponse(manifest, media_type="application/manifest+json")

    # --- what it tells and asks ---

    def _seen(self, call: Call) -> BaseModel | Answer:
        station = call.path["station"]
        counts = self.views.counts().get(station)
        title = self.programme.station_title(station)
        now = self.desk.paper.desk.clock.now()
        checked = self.views.checked()
        settled = {n: decided(c) for n, c in self.conflicts.all(station).items() if not c.is_open}
        seen = {
            "v": 1, "station": station, "title": title, "zone": self.programme.zone, "now": _spelled(now),
            "counts": asdict(counts) if counts else {}, "breaches": self.views.breaches(station),
            "checked": _spelled(checked.at), "checked_whole": self.views.is_whole(checked), "settled": settled,
            "forms": [_form(form) for form in self.desk.paper.forms.values()],
            "sheets": [{k: _spelled(v) for k, v in asdict(line).items() if v} for line in self.views.lines(station)],
        }  # fmt: skip
        return Answer(seen)

    def _enrol(self, call: Call) -> BaseModel | Answer:
        """A PC shows its token once and is known by a cookie that no script can read."""
        station, token = call.path["station"], call.body(Enrolment).token
        self._check(token, station)
        secure = call.request.url.scheme == "https"

        def finish(answer: Response) -> None:
            for path in (f"/api/v1/stations/{station}", AT.format(station=station)):
                answer.set_cookie(
                    COOKIE,
                    token,
                    max_age=COOKIE_SECONDS,
                    httponly=True,
                    samesite="strict",
                    secure=secure,
                    path=path,
                )

        return Answer(Enrolled(station=station), finish=finish)

    def _move(self, call: Call) -> BaseModel | Answer:
        move = call.body(StationMove)
        if move.key != call.path["key"]:
            raise Invalid("the key of the address is not that of the move")
        taken = self.desk.take(call.path["station"], move)
        return Answer(asdict(taken), 200 if taken.again else 201)

    def _admit_move(self, request: Request) -> None:
        check_origin(request)
        self._admit(request)

    def _admit(self, request: Request) -> str:
        """The station this request may speak for. Raises NotKnown, NotAllowed."""
        station = str(request.path_params["station"])
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        if kind.casefold() == "bearer":
            self._check(bearer.strip(), station)
            return station
        self.guard.check_host(request.headers.get("host", ""))
        visitor = self.guard.visitor(request.cookies)
        if COOKIE in request.cookies or not visitor.person:
            try:
                self._check(request.cookies.get(COOKIE, ""), station)
            except (NotKnown, NotAllowed):
                if not visitor.person:  # a PC that is no longer known may still have a person at it who is
                    raise
            else:
                return station
        person = self.programme.person(visitor.person)
        known = any(s.id == station for s in self.programme.stations)
        own = visitor.has(Role.STATION) and person is not None and person.station == station
        if not known or not (own or visitor.has(Role.SUPERVISOR)):
            raise NotAllowed(f"{visitor.name} is not of the station '{station}'")
        return station

    def _check(self, token: str, station: str) -> None:
        """Asked anew for each request: one that is revoked ends with the very next."""
        if not token:
            raise NotKnown("sign in, or open the station's link on this PC")
        self.tokens.check(token, station_scope(station))


def _form(form: Form) -> dict[str, Any]:
    """What the page needs of a form: its name, and the times that its clocks run from."""
    now = [f for f in form.fields if f.is_in(form.version)]
    times = [{"name": f.name, "label": f.label} for f in now if f.type is FieldType.DATETIME and form.clocks]
    return {"id": form.id, "title": form.title, "prefix": form.prefix, "times": times}


def _spelled(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _file_answer(name: str, content: bytes) -> Response:
    answer = Response(content, media_type=_MEDIA[Path(name).suffix])
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
    if name == "sw.js":
        answer.headers["Service-Worker-Allowed"] = "/station/"
    return answer
