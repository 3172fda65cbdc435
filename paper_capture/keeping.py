"""The door to the paper itself: whose hands it is in, where it is put away and until when, who saw it destroyed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from cutover.core.errors import Invalid, Problem
from cutover.core.event import Recorded
from cutover.store.desk import Ask
from paper_capture.domain.aside import FreeSheet, GoOnLive, HoldSheet, SignOver
from paper_capture.domain.keeping import DestroySheet, HandOverSheet, RetainSheet, TransferSheet, TriageSheet
from paper_capture.domain.moves import Grade, SheetCommand
from paper_capture.domain.serial import Block
from paper_capture.domain.sheet import SHEET, sheet_stream
from paper_capture.domain.stationery import STATIONERY, DestroyBlock, stationery_stream
from paper_capture.service import PaperService


class PaperKeeping:
    """Custody of the sheets of one programme. Each call is one transaction: all of its sheets move or none does."""

    def __init__(self, paper: PaperService) -> None:
        self.paper = paper

    def transfer(self, serials: Sequence[str], *, station: str, by: str, reason: str) -> list[Recorded]:
        """Move blank sheets to another station, which answers for them from now on."""
        self.paper.check_station(station)
        return self._each(serials, lambda s: TransferSheet(by=by, serial=s, station=station, reason=reason))

    def hand_over(
        self, serials: Sequence[str], *, giver: str, receiver: str, by: str, place: str = "", seal: str = ""
    ) -> list[Recorded]:
        """Pass sheets from hand to hand; only the hand that holds one can give it."""
        return self._each(
            serials,
            lambda s: HandOverSheet(by=by, serial=s, giver=giver, receiver=receiver, place=place, seal=seal),
        )

    def retain(
        self, serials: Sequence[str], *, place: str, by: str, until: date | None = None
    ) -> list[Recorded]:
        """Put the originals away: until the date given, or as long as the form's own schedule says. Raises Invalid for neither."""
        today = self.paper.desk.clock.now().date()

        def wish(serial: str) -> SheetCommand:
            days = self.paper.form_of(serial).retain_days
            if until is None and days is None:
                raise Invalid(
                    Problem(f"{serial}: its form has no retain_days", field="until", expected="a date")
                )
            return RetainSheet(
                by=by, serial=serial, place=place, until=until or today + timedelta(days=days or 0)
            )

        return self._each(serials, wish)

    def destroy(self, serials: Sequence[str], *, witness: str, by: str, reason: str) -> list[Recorded]:
        """Destroy sheets whose date has passed, before a witness."""
        return self._each(serials, lambda s: DestroySheet(by=by, serial=s, witness=witness, reason=reason))

    def destroy_stock(
        self, form_type: str, count: int, *, witness: str, by: str, reason: str
    ) -> list[Recorded]:
        """Destroy the next `count` sheets of stock, before a witness; their numbers are never issued."""
        form = self.paper.form(form_type)
        state = self.paper.desk.state(STATIONERY, stationery_stream(form.id))
        block = Block(form.prefix, state.issued + 1, count)
        wish = DestroyBlock(
            by=by,
            form_type=form.id,
            prefix=form.prefix,
            first=block.first,
            count=count,
            witness=witness,
            reason=reason,
        )
        sheets = [DestroySheet(by=by, serial=str(s), witness=witness, reason=reason) for s in block]
        asks = [Ask(SHEET, sheet_stream(sheet.serial), sheet) for sheet in sheets]
        return self.paper.desk.ask_all([Ask(STATIONERY, stationery_stream(form.id), wish), *asks])

    def hold(self, serials: Sequence[str], *, owner: str, reason: str, by: str) -> list[Recorded]:
        """Keep sheets back: nothing is keyed or decided of them until `owner` has answered."""
        return self._each(serials, lambda s: HoldSheet(by=by, serial=s, owner=owner, reason=reason))

    def free(self, serials: Sequence[str], *, answer: str, by: str) -> list[Recorded]:
        """The answer came: kept-back sheets go on from where they were."""
        return self._each(serials, lambda s: FreeSheet(by=by, serial=s, answer=answer))

    def go_on_live(self, serials: Sequence[str], *, reason: str, by: str) -> list[Recorded]:
        """Systems are back and the records of these sheets are open: the paper is their master until it is handed over."""
        return self._each(serials, lambda s: GoOnLive(by=by, serial=s, reason=reason))

    def sign_over(self, serial: str, *, signed_by: str, reference: str, by: str) -> list[Recorded]:
        """The live system has the record; for a form with clocks contingency's handover compares them and does this too."""
        return self._each(
            [serial], lambda s: SignOver(by=by, serial=s, signed_by=signed_by, reference=reference)
        )

    def triage(self, grades: dict[str, Grade], *, by: str) -> list[Recorded]:
        """Raise sheets to the grade that was read off them; none is ever lowered."""
        return self._each(list(grades), lambda s: TriageSheet(by=by, serial=s, grade=grades[s]))

    def _each(self, serials: Sequence[str], wish: Callable[[str], SheetCommand]) -> list[Recorded]:
        wishes = [wish(self.paper.known(serial)) for serial in serials]
        return (
            self.paper.desk.ask_all([Ask(SHEET, sheet_stream(w.serial), w) for w in wishes]) if wishes else []
        )
