"""Who keys what next: the gravest sheet that this person may key, blind to the other pass, and nobody else meanwhile.

A sheet wants its passes by different people; a form that is restricted is keyed only by who has its id among their
skills. In which order sheets come is not decided here: it is handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.core.errors import Conflict, Refused
from paper_capture.claims import Claims, Draft
from paper_capture.domain.form import GRAVITY, Form
from paper_capture.domain.moves import Entry, Grade
from paper_capture.domain.passes import Value
from paper_capture.domain.sheet import Stage
from paper_capture.keeping import PaperKeeping
from paper_capture.service import PaperService
from paper_capture.tables import SheetRow

KEYABLE = (Stage.RETURNED, Stage.KEYED_ONCE)
LEAST_MINUTES = 0.05
Order = Callable[
    [], Sequence[tuple[str, str]]
]  # serials in the order in which they should be keyed, each with why


@dataclass(frozen=True, slots=True)
class Keyer:
    """Somebody who keys; `forms` are the restricted ones that this person may see."""

    id: str
    forms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of one sheet in one keyer's hands: never what the other pass says."""

    serial: str
    form: Form
    pass_no: int
    draft: Draft
    written_at: datetime | None
    occurred_at: datetime | None
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits: sheets to key by form and grade, what two passes differ on, and what waits for an answer."""

    to_key: Mapping[tuple[str, str], int]
    mine: tuple[Draft, ...]
    discrepant: tuple[SheetRow, ...]
    kept_back: tuple[SheetRow, ...]
    held: int


@dataclass(frozen=True)
class Keying:
    """The door for keyers."""

    paper: PaperService
    claims: Claims
    order: Order | None = None

    def may_see(self, keyer: Keyer, form_type: str) -> bool:
        form = self.paper.forms.get(form_type)
        return form is None or not form.restricted or form_type in keyer.forms

    def next(self, keyer: Keyer) -> str:
        """Claim the next sheet for this person. Raises Refused when nothing waits that they may key."""
        now = self.paper.desk.clock.now()
        rows = {row.serial: row for row in self.paper.sheets(KEYABLE) if row.held is None}
        held = self.claims.held(now)
        if own := next((s for s, claim in held.items() if claim.keyer == keyer.id and s in rows), ""):
            return own
        for serial in self._ordered(rows):
            row = rows[serial]
            free = serial not in held or held[serial].keyer == keyer.id
            if free and self._may_key(keyer, row) and self.claims.take(serial, _pass(row), keyer.id, now):
                return serial
        raise Refused(
            "nothing waits that you may key now: what is left is in others' hands, or needs another person"
        )

    def take(self, keyer: Keyer, serial: str) -> str:
        """Claim one sheet again, such as one half keyed. Raises Refused, Conflict while another holds it."""
        row = self.paper.sheet(serial)
        if row.stage not in KEYABLE or not self._may_key(keyer, row):
            raise Refused(f"{row.serial}: is {row.stage.replace('_', ' ')}, and not for you to key")
        if row.held is not None:
            raise Refused(f"{row.serial}: is {row.held}")
        if not self.claims.take(row.serial, _pass(row), keyer.id, self.paper.desk.clock.now()):
            raise Conflict(f"{row.serial}: another keyer has it now")
        return row.serial

    def open(self, keyer: Keyer, serial: str) -> Pass:
        """The pass in this keyer's hands. Raises Conflict for who does not hold it."""
        row = self.paper.sheet(serial)
        if not self.may_see(keyer, row.form_type):
            raise Refused(f"{row.serial}: is a restricted form, and you are not among its keyers")
        draft = self.claims.keep(row.serial, keyer.id, None, self.paper.desk.clock.now())
        self.paper.viewed(row.serial, f"entry of pass {_pass(row)}", by=keyer.id)
        form = self.paper.form_of(row.serial)
        return Pass(
            row.serial, form, _pass(row), draft, row.written_at, row.occurred_at, row.returned_at
        )  # fmt: skip

    def keep(self, keyer: Keyer, serial: str, answers: Mapping[str, str]) -> Draft:
        """Keep what is typed so far. Raises Conflict for who does not hold the sheet."""
        return self.claims.keep(
            self.paper.sheet(serial).serial, keyer.id, answers, self.paper.desk.clock.now()
        )

    def hold(self, keyer: Keyer, serial: str, *, owner: str, reason: str) -> None:
        """Keep back what this keyer cannot read or believe, until `owner` has answered. Raises Conflict for who does not hold it."""
        serial = self.paper.known(serial)
        self.claims.keep(serial, keyer.id, None, self.paper.desk.clock.now())
        PaperKeeping(self.paper).hold([serial], owner=owner, reason=reason, by=keyer.id)
        self.claims.leave(serial, keyer.id)

    def done(
        self, keyer: Keyer, serial: str, answers: Mapping[str, str], values: Mapping[str, Value]
    ) -> Stage:
        """Record the pass; answers where the sheet stands then. Raises Invalid with each wrong field, and the draft stays."""
        serial = self.paper.known(serial)
        draft = self.keep(keyer, serial, answers)
        pass_no = _pass(self.paper.sheet(serial))
        minutes = max(LEAST_MINUTES, round(draft.seconds / 60, 2))
        self.paper.enter([
            Entry(serial=serial, pass_no=pass_no, keyer=keyer.id, values=dict(values), minutes=minutes)
        ])  # fmt: skip
        stage = self.paper.sheet(serial).stage
        self.claims.finish(serial, keyer.id, over=stage not in KEYABLE)
        return stage

    def queue(self, keyer: Keyer) -> Queue:
        """What waits, as this person may see it."""
        rows = [
            r for r in self.paper.sheets((*KEYABLE, Stage.DISCREPANT)) if self.may_see(keyer, r.form_type)
        ]
        waiting = {row.serial for row in rows if row.stage in KEYABLE and row.held is None}
        counts = Counter((r.form_type, str(r.grade or Grade.STANDARD)) for r in rows if r.serial in waiting)
        mine = tuple(draft for draft in self.claims.drafts(keyer.id) if draft.serial in waiting)
        discrepant = tuple(r for r in rows if r.stage is Stage.DISCREPANT and r.held is None)
        kept_back = tuple(r for r in rows if r.held is not None)
        return Queue(counts, mine, discrepant, kept_back, len(self.claims.held(self.paper.desk.clock.now())))

    def _may_key(self, keyer: Keyer, row: SheetRow) -> bool:
        return keyer.id not in row.keyers and self.may_see(keyer, row.form_type)

    def _ordered(self, rows: Mapping[str, SheetRow]) -> list[str]:
        if self.order is not None:
            named = [serial for serial, _ in self.order() if serial in rows]
            return [*named, *sorted(rows.keys() - set(named))]
        return sorted(rows, key=lambda s: (-GRAVITY.index(rows[s].grade or Grade.STANDARD), s))


def _pass(row: SheetRow) -> int:
    """The first pass that nobody has keyed."""
    done = {keying.pass_no for keying in row.keyings}
    return next(n for n in range(1, row.passes + 2) if n not in done)


def allowed(forms: Collection[str], skills: Collection[str]) -> frozenset[str]:
    """The restricted forms that somebody with these skills may see."""
    return frozenset(forms) & frozenset(skills)
