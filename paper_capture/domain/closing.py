"""Papers that keep account of others, such as a batch's header: keyed they are at their end, and become no record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paper_capture.domain.form import Form, Role
from paper_capture.domain.moves import AdjudicateSheet, DisposeSheet, Disposition, EnterPass, SheetCommand
from paper_capture.domain.sheet import SheetState, Stage

WHY = "it keeps account of other sheets; no record is made of it"


def closing(wish: SheetCommand, form: Form) -> Callable[[SheetState], Sequence[SheetCommand]] | None:
    """What follows once this wish has verified a sheet that is no record; None where nothing does."""
    if form.role is Role.RECORD or not isinstance(wish, EnterPass | AdjudicateSheet):
        return None
    end = DisposeSheet(by=wish.by, serial=wish.serial, disposition=Disposition.REJECTED, reason=WHY)
    return lambda sheet: [end] if sheet.stage is Stage.VERIFIED else []
