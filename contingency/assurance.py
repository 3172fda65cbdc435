"""The six questions that an inspectorate asks, answered from the journal as it stands.

Nothing here is stored: every verdict is computed from figures, and every figure carries the records that were
counted. What is missing, stale or unknown is never a yes.
"""

from __future__ import annotations

from datetime import datetime

from contingency.answers.caveats import caveats
from contingency.answers.partners import partners
from contingency.answers.prevention import prevention
from contingency.answers.reduction import reduction
from contingency.answers.risk import risk
from contingency.answers.staff import staff
from contingency.answers.volume import volume
from contingency.figures import Answer, Assurance, Figure, Record, Standing
from contingency.sources import Sources

__all__ = ["Answer", "Assurance", "Figure", "Record", "Sources", "Standing", "assess"]

QUESTIONS = (volume, risk, reduction, partners, staff, prevention)


def assess(sources: Sources, now: datetime) -> Assurance:
    """Read every room once and answer; the checkpoint is the journal's head before the first of them was read."""
    head = sources.journal.head()
    seen = sources.look(now)
    moved = sources.journal.head().position - head.position
    still = (
        (
            f"The journal grew by {moved} facts while it was read: some figures may be that much newer than others.",
        )
        if moved
        else ()
    )
    programme = sources.programme
    return Assurance(
        title=programme.title,
        zone=programme.zone,
        opens=programme.opens,
        closes=programme.closes,
        made_at=now,
        checkpoint=str(head),
        caveats=(*still, *caveats(seen)),
        answers=tuple(question(seen) for question in QUESTIONS),
        forecast=seen.forecast,
    )
