"""`/convert` for those who key: the next sheet by risk, its image beside the fields, blind; and what a third person decides.

Answers are shown to keyers and supervisors only, never to programme or hypercare roles; each look at a restricted
form is journalled. Every form works without a script; a script keeps what is typed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, NotFound, Refused
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Download, Form, NoFields, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, Visitor, visitor_of
from cutover.web.words import moment
from paper_capture.domain.passes import Value
from paper_capture.domain.sheet import Stage
from paper_capture.entry_fields import MARK, Part, parts_of, read_typed, spelled, wrong_fields
from paper_capture.images import PaperImages
from paper_capture.keying import Keyer, Keying, Pass
from paper_capture.tables import SheetRow
from paper_capture.web_sheet import HoldForm, held_words

KEYERS = (Role.KEYER, Role.SUPERVISOR)
MOST_BYTES = 1_000_000
SCRIPT = Path(__file__).parent / "assets" / "keying.js"


class Typed(Form):
    """Whatever the form of that sheet asks for."""

    model_config = ConfigDict(frozen=True, extra="allow", str_strip_whitespace=False)
    quiet: str = ""

    def answers(self) -> dict[str, str]:
        return {name: str(v) for name, v in (self.model_extra or {}).items() if name.startswith(MARK)}


@dataclass(frozen=True, slots=True)
class Waits:
    """How many sheets of a form and a grade wait to be keyed."""

    form: str
    grade: str
    count: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet named in a list."""

    serial: str
    form: str
    said: str


@dataclass(frozen=True, slots=True)
class ConvertPage:
    """What `convert.html` reads."""

    now: str
    may: bool
    waits: tuple[Waits, ...]
    total: int
    held: int
    mine: tuple[Sheet, ...]
    discrepant: tuple[Sheet, ...]
    kept_back: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """What `entry.html` reads; `images` are page numbers, none while no scan has come."""

    serial: str
    form: str
    marking: str
    pass_no: int
    passes: int
    times: tuple[tuple[str, str], ...]
    images: tuple[int, ...]
    parts: tuple[Part, ...]
    draft: Mapping[str, str]
    spent: str


@dataclass(frozen=True, slots=True)
class Differs:
    """A field on which the passes differ."""

    name: str
    label: str
    first: str
    second: str
    tick: bool


@dataclass(frozen=True, slots=True)
class DecidePage:
    """What `decide.html` reads."""

    serial: str
    form: str
    times: tuple[tuple[str, str], ...]
    images: tuple[int, ...]
    differs: tuple[Differs, ...]


@dataclass(frozen=True)
class ConvertPages:
    """Pages and acts of those who key."""

    keying: Keying
    images: PaperImages
    programme: Programme
    clock: Clock
    _script: bytes = field(default_factory=SCRIPT.read_bytes)

    def pages(self) -> Sequence[Page]:
        one = "/convert/{serial}"
        return (
            Page("/convert", "paper_capture", "convert.html", ConvertPage, self._queue, label="Keying"),
            Page(one, "paper_capture", "entry.html", EntryPage, self._entry),
            Page(f"{one}/decide", "paper_capture", "decide.html", DecidePage, self._differs),
            Page(f"{one}/image/{{page}}", "paper_capture", "entry.html", EntryPage, self._image),
        )

    def acts(self) -> Sequence[Act]:
        one = "/convert/{serial}"
        key: dict[str, Any] = {"roles": KEYERS, "most_bytes": MOST_BYTES}
        return (
            Act("/convert/next", "key a sheet", NoFields, self._next, "/convert", roles=KEYERS),
            Act(f"{one}/take", "key a sheet", NoFields, self._take, "/convert", roles=KEYERS),
            Act(f"{one}/leave", "leave a sheet", NoFields, self._leave, "/convert", roles=KEYERS),
            Act(f"{one}/hold", "keep a sheet back", HoldForm, self._hold, one, roles=KEYERS),
            Act(f"{one}/keep", "keep a draft", Typed, self._keep, one, **key),
            Act(f"{one}/done", "key a sheet", Typed, self._done, one, **key),
            Act(f"{one}/decide", "decide between two passes", Typed, self._decide, f"{one}/decide", **key),
        )

    def routes(self) -> Sequence[Route]:
        async def script(_request: Request) -> Response:
            return Response(self._script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

        return (Route("/convert-app/keying.js", script),)

    # --- pages ---

    def _queue(self, query: Query) -> ConvertPage:
        visitor = visitor_of(query)
        may = visitor.may_act and visitor.has(*KEYERS)
        waiting = self.keying.queue(self._keyer(visitor))
        title = {form.id: form.title for form in self.keying.paper.forms.values()}
        order = {"high": 0, "medium": 1, "standard": 2}
        counts = sorted(waiting.to_key.items(), key=lambda item: (order[item[0][1]], item[0][0]))
        return ConvertPage(
            moment(self.clock.now(), self.programme.zone), may,
            tuple(Waits(title.get(form, form), grade, count) for (form, grade), count in counts),
            sum(waiting.to_key.values()), waiting.held,
            tuple(Sheet(d.serial, self._title(d.serial), f"half keyed, kept {self._at(d.seen_at)}") for d in waiting.mine) if may else (),
            tuple(Sheet(r.serial, title.get(r.form_type, r.form_type), _fields_differ(len(r.discrepancies))) for r in waiting.discrepant) if may else (),
            tuple(Sheet(r.serial, title.get(r.form_type, r.form_type), held_words(r, self.programme.zone)) for r in waiting.kept_back) if may else (),
        )  # fmt: skip

    def _entry(self, query: Query) -> EntryPage:
        mine = self.keying.open(self._allowed(query), query["serial"])
        return EntryPage(
            mine.serial, mine.form.title, mine.form.protective_marking, mine.pass_no, mine.form.passes, self._times(mine),
            self._pages(mine.serial), parts_of(mine.form, mine.pass_no, mine.draft.answers, self.programme.zone), mine.draft.answers, f"{mine.draft.seconds / 60:.0f} min",
        )  # fmt: skip

    def _differs(self, query: Query) -> DecidePage:
        keyer = self._allowed(query)
        row = self._seen(keyer, query["serial"], "discrepancies")
        form = self.keying.paper.form_of(row.serial)
        fields = {f.name: f for f in form.fields}
        if row.stage is not Stage.DISCREPANT:
            raise Refused(f"{row.serial}: nothing is to be decided, it is {row.stage.replace('_', ' ')}")
        if keyer.id in row.keyers:
            raise Refused(f"{row.serial}: you keyed this sheet, another person decides")
        differs = [
            Differs(MARK + d.field, fields[d.field].label, spelled(d.first), spelled(d.second), fields[d.field].type == "tick")
            for d in row.discrepancies
        ]  # fmt: skip
        times = (*self._times(row), *self._passes(row))
        return DecidePage(row.serial, form.title, times, self._pages(row.serial), tuple(differs))

    def _image(self, query: Query) -> Download:
        keyer = self._allowed(query)
        row = self.keying.paper.sheet(query["serial"])
        held = self.keying.claims.held(self.keying.paper.desk.clock.now()).get(row.serial)
        deciding = row.stage is Stage.DISCREPANT and keyer.id not in row.keyers
        if not deciding and (held is None or held.keyer != keyer.id):
            raise Refused(f"{row.serial}: its image is shown to who keys it now, and to who decides")
        row = self._seen(keyer, row.serial, f"image of page {query['page']}")
        scan = next((i for i in self.images.of(row.serial) if str(i.page) == query["page"]), None)
        if scan is None:
            raise NotFound("image", f"{row.serial} page {query['page']}")
        content, media = self.images.read(scan.sha256)
        return Download(f"{row.serial}-{scan.page}", media, content)

    # --- acts ---

    def _next(self, _form: NoFields, sent: Sent) -> Done:
        return Done(f"/convert/{self.keying.next(self._keyer(sent.visitor))}")

    def _take(self, _form: NoFields, sent: Sent) -> Done:
        return Done(f"/convert/{self.keying.take(self._keyer(sent.visitor), sent['serial'])}")

    def _leave(self, _form: NoFields, sent: Sent) -> Done:
        self.keying.claims.leave(self.keying.paper.sheet(sent["serial"]).serial, sent.visitor.person)
        return Done("/convert", f"{sent['serial']} is free again; what you typed is kept for you.")

    def _hold(self, form: HoldForm, sent: Sent) -> Done:
        keyer, row = self._keyer(sent.visitor), self.keying.paper.sheet(sent["serial"])
        self.keying.hold(keyer, row.serial, owner=form.owner, reason=form.reason)
        return Done(
            "/convert", f"{row.serial} is kept back for {form.owner}; what you typed is kept for you."
        )

    def _keep(self, form: Typed, sent: Sent) -> Done:
        self.keying.keep(self._keyer(sent.visitor), sent["serial"], form.answers())
        return Done(f"/convert/{sent['serial']}", "" if form.quiet else "Kept. Go on, or come back later.")

    def _done(self, form: Typed, sent: Sent) -> Done:
        serial, keyer = sent["serial"], self._keyer(sent.visitor)
        typed = form.answers()
        self.keying.keep(keyer, serial, typed)  # whatever is wrong with it, nothing typed is lost
        values = read_typed(self.keying.paper.form_of(serial), typed, self.programme.zone)
        try:
            stage = self.keying.done(keyer, serial, typed, values)
        except Invalid as error:
            raise wrong_fields(error) from error
        return Done("/convert", f"{serial}: {_AFTER.get(stage, stage.replace('_', ' '))}.")

    def _decide(self, form: Typed, sent: Sent) -> Done:
        serial, keyer = sent["serial"], self._keyer(sent.visitor)
        row = self._seen(keyer, serial, "decision")
        picked = form.answers()
        decided: dict[str, Value] = {}
        for d in row.discrepancies:
            choice = picked.get(MARK + d.field, "")
            other = picked.get(f"{MARK}{d.field}.other", "")
            if choice == "other":
                read = read_typed(
                    self.keying.paper.form_of(serial), {MARK + d.field: other}, self.programme.zone
                )
                decided[d.field] = read.get(d.field)
            elif choice in ("first", "second"):
                decided[d.field] = d.first if choice == "first" else d.second
        self.keying.paper.adjudicate(serial, by=keyer.id, values=decided)
        return Done("/convert", f"{serial} is verified.")

    # --- who, and what stands around a sheet ---

    def _keyer(self, visitor: Visitor) -> Keyer:
        person = self.programme.person(visitor.person) if visitor.person else None
        return Keyer(visitor.person, frozenset(person.skills) if person else frozenset())

    def _allowed(self, query: Query) -> Keyer:
        """Raises Refused for who does not key: answers and images are for nobody else."""
        visitor = visitor_of(query)
        visitor.check("see what stands on a sheet", KEYERS)
        return self._keyer(visitor)

    def _seen(self, keyer: Keyer, serial: str, what: str) -> SheetRow:
        row = self.keying.paper.sheet(serial)
        if not self.keying.may_see(keyer, row.form_type):
            raise Refused(f"{row.serial}: is a restricted form, and you are not among its keyers")
        self.keying.paper.viewed(row.serial, what, by=keyer.id)
        return row

    def _pages(self, serial: str) -> tuple[int, ...]:
        return tuple(image.page for image in self.images.of(serial))

    def _title(self, serial: str) -> str:
        return self.keying.paper.form_of(serial).title

    def _at(self, at: datetime | None) -> str:
        return moment(at, self.programme.zone)

    def _times(self, of: Pass | SheetRow) -> tuple[tuple[str, str], ...]:
        named = (("happened", of.occurred_at), ("written", of.written_at), ("returned", of.returned_at))
        scanned = max((image.filed_at for image in self.images.of(of.serial)), default=None)
        return tuple((what, self._at(at)) for what, at in (*named, ("scanned", scanned)) if at)

    def _passes(self, row: SheetRow) -> tuple[tuple[str, str], ...]:
        """Who keyed which pass, when, and for how long: told to who decides, never to who keys."""
        return tuple((f"pass {k.pass_no} keyed", f"{self._at(k.at)}, {k.minutes:g} min") for k in row.keyings)


def _fields_differ(count: int) -> str:
    return "1 field differs" if count == 1 else f"{count} fields differ"


_AFTER = {
    Stage.KEYED_ONCE: "pass recorded; another person keys it once more",
    Stage.VERIFIED: "recorded and verified",
    Stage.DISCREPANT: "recorded; the two passes differ, a third person decides",
}
