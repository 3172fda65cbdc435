"""The door to batches: made up under a header, counted again, released when every page has its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Command, Recorded
from paper_capture.batch_tables import batch_rows
from paper_capture.domain.batches import (
    BATCH,
    Batch,
    BatchStage,
    PrepareBatch,
    ReceiveBatch,
    RejectBatch,
    ReleaseBatch,
    batch_stream,
)
from paper_capture.domain.controls import lacking_pages
from paper_capture.domain.stages import LOGGED
from paper_capture.service import PaperService


class PaperBatches:
    """Batches of one programme, each named by its header sheet's serial or by whatever the station calls it."""

    def __init__(self, paper: PaperService) -> None:
        self.paper = paper

    def prepare(
        self,
        name: str,
        serials: Sequence[str],
        *,
        count: int,
        hash_total: int,
        by: str,
        totals: Mapping[str, float] | None = None,
    ) -> list[Recorded]:
        """Make up a batch as its header says. Raises Refused for a header that does not fit, a stranger, a sheet batched before."""
        rows = [self.paper.sheet(serial) for serial in serials]
        forms = {row.form_type for row in rows}
        stations = {row.station for row in rows}
        reasons = [
            f"{row.serial} is {row.stage}: not ready to go back" for row in rows if row.stage not in LOGGED
        ]
        if len(forms) > 1:
            reasons.append(f"a batch holds one form, not {', '.join(sorted(forms))}")
        taken = self._taken()
        reasons += [f"{row.serial} is in batch {taken[row.serial]}" for row in rows if row.serial in taken]
        if reasons:
            raise Refused(*reasons)
        wish = PrepareBatch(
            by=by, form_type=next(iter(forms), ""), station=stations.pop() if len(stations) == 1 else "",
            serials=tuple(row.serial for row in rows), count=count, hash_total=hash_total, totals=dict(totals or {}),
        )  # fmt: skip
        return self._ask(name, wish)

    def receive(self, name: str, *, counted: int, by: str) -> list[Recorded]:
        """Take a batch in, counted by somebody else; one that does not agree is rejected, which is recorded."""
        return self._ask(name, ReceiveBatch(by=by, count=counted))

    def reject(self, name: str, *, reason: str, by: str) -> list[Recorded]:
        """Send a batch back; its sheets are free for another."""
        return self._ask(name, RejectBatch(by=by, reason=reason))

    def release(self, name: str, *, by: str) -> list[Recorded]:
        """Let a batch be keyed. Raises Refused naming every page without an image."""
        batch = self.batch(name)
        seen = self.paper.seen(batch.serials)
        lacking = [f"{s}: {why}" for s in batch.serials for why in lacking_pages(seen.get(s, ()))]
        return self._ask(name, ReleaseBatch(by=by, lacking=tuple(lacking)))

    def all(self) -> dict[str, Batch]:
        """Every batch by its name."""
        return batch_rows(self.paper.desk.journal.engine)

    def batch(self, name: str) -> Batch:
        """Raises NotFound."""
        state = self.paper.desk.state(BATCH, batch_stream(name))
        if state.stage is BatchStage.UNMADE:
            raise NotFound("batch", name, self.all())
        return state

    def _taken(self) -> dict[str, str]:
        return {
            serial: name for name, batch in self.all().items() if batch.is_live for serial in batch.serials
        }

    def _ask(self, name: str, wish: Command) -> list[Recorded]:
        return self.paper.desk.ask(BATCH, batch_stream(name), wish)
