"""Contingency: from the trigger to the last record converted, highest risk first."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from contingency.bulletins import BulletinService
    from contingency.domain.triggers import Play, PlayStage, Trigger
    from contingency.files import PlayBook, load_plays
    from contingency.improvements import ActionService, FeedbackService
    from contingency.report import ReportService
    from contingency.service import BacklogService, ContingencyService, ConversionService
    from contingency.targets import HttpTarget

__all__ = [
    "ActionService", "BacklogService", "BulletinService", "ContingencyService", "ConversionService", "FeedbackService",
    "HttpTarget", "Play", "PlayBook", "PlayStage", "ReportService", "Trigger", "load_plays",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "bulletins": ("BulletinService",),
        "domain.triggers": (
            "Play",
            "PlayStage",
            "Trigger",
        ),
        "files": (
            "PlayBook",
            "load_plays",
        ),
        "improvements": (
            "ActionService",
            "FeedbackService",
        ),
        "report": ("ReportService",),
        "service": (
            "BacklogService",
            "ContingencyService",
            "ConversionService",
        ),
        "targets": ("HttpTarget",),
    },
)
