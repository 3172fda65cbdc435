"""What an automated task may do: the kinds of action, how their arguments are filled in, and what became of an effect."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from runbooks.actions.http import HttpAction
    from runbooks.actions.kinds import ActionKind, Actions, Call, Declared, Outcome, TransientError
    from runbooks.actions.secrets import Secrets
    from runbooks.actions.templates import render

__all__ = [
    "ActionKind", "Actions", "Call", "Declared", "HttpAction", "Outcome", "Secrets", "TransientError", "render",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "http": ("HttpAction",),
        "kinds": ("ActionKind", "Actions", "Call", "Declared", "Outcome", "TransientError"),
        "secrets": ("Secrets",),
        "templates": ("render",),
    },
)
