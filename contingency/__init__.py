"""Contingency: from the trigger to the last record converted, highest risk first."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from contingency.bulletins import BulletinService
    from contingency.domain.triggers import Play, PlayStage, Trigger
    from contingency.files import PlayBook, load_plays
    from contingency.improvements import ActionService, FeedbackService
    from contingency.report import ReportService
    from contingency.rooms import Conversation, Held, Outgoing, Receipt, Senseless, Target, Unwilling
    from contingency.service import BacklogService, ContingencyService, ConversionService
    from contingency.target_file import TargetDeclaration
    from contingency.target_kinds import target_record
    from contingency.targets import HttpTarget

__all__ = [
    "ActionService",
    "BacklogService",
    "BulletinService",
    "ContingencyService",
    "Conversation",
    "ConversionService",
    "FeedbackService",
    "Held",
    "HttpTarget",
    "Outgoing",
    "Play",
    "PlayBook",
    "PlayStage",
    "Receipt",
    "ReportService",
    "Senseless",
    "Target",
    "TargetDeclaration",
    "Trigger",
    "Unwilling",
    "load_plays",
    "target_record",
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
        "rooms": ("Conversation", "Held", "Outgoing", "Receipt", "Senseless", "Target", "Unwilling"),
        "service": (
            "BacklogService",
            "ContingencyService",
            "ConversionService",
        ),
        "target_file": ("TargetDeclaration",),
        "target_kinds": ("target_record",),
        "targets": ("HttpTarget",),
    },
)
