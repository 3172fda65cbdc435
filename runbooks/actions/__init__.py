"""What an automated task may do: the kinds of action, how their arguments are filled in, and what became of an effect."""

from __future__ import annotations

from runbooks.actions.http import HttpAction
from runbooks.actions.kinds import ActionKind, Actions, Call, Declared, Outcome, TransientError
from runbooks.actions.secrets import Secrets
from runbooks.actions.templates import render

__all__ = [
    "ActionKind", "Actions", "Call", "Declared", "HttpAction", "Outcome", "Secrets", "TransientError", "render",
]  # fmt: skip
