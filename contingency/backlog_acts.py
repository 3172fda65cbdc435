"""What people do on an item of the backlog: take it, claim it done, verify it with its reference, reopen it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from contingency.backlog_web import item_link
from contingency.backlogs import BacklogService
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.visitor import Role

ITEM = "/backlog/item"
ROLES = (Role.HYPERCARE, Role.PROGRAMME_MANAGER, Role.SUPERVISOR, Role.KEYER, Role.DECIDER)


class AssignForm(Form):
    owner: str = Field(min_length=1, max_length=200)


class ClaimForm(Form):
    done: str = Field(max_length=2000)


class VerifyForm(Form):
    reference: str = Field(max_length=200)


class ReopenForm(Form):
    reason: str = Field(max_length=2000)


class BacklogActs:
    """The acts of one programme's backlog."""

    def __init__(self, backlog: BacklogService) -> None:
        self._backlog = backlog

    def acts(self) -> Sequence[Act]:
        return (
            Act("/backlog/item/assign", "say who answers for an item", AssignForm, self._assign, ITEM, ROLES),
            Act("/backlog/item/claim", "claim an item done", ClaimForm, self._claim, ITEM, ROLES),
            Act("/backlog/item/verify", "verify an item", VerifyForm, self._verify, ITEM, ROLES),
            Act("/backlog/item/reopen", "reopen an item", ReopenForm, self._reopen, ITEM, ROLES),
        )

    def _assign(self, form: AssignForm, sent: Sent) -> Done:
        self._backlog.assign(sent["key"], by=sent.visitor.person, owner=form.owner)
        return _done(sent, f"{form.owner} answers for it.")

    def _claim(self, form: ClaimForm, sent: Sent) -> Done:
        self._backlog.claim(sent["key"], by=sent.visitor.person, done=form.done)
        return _done(sent, "Claimed in your name; somebody else verifies it.")

    def _verify(self, form: VerifyForm, sent: Sent) -> Done:
        self._backlog.verify(sent["key"], by=sent.visitor.person, reference=form.reference)
        return _done(sent, f"Closed in your name with {form.reference}.")

    def _reopen(self, form: ReopenForm, sent: Sent) -> Done:
        self._backlog.reopen(sent["key"], by=sent.visitor.person, reason=form.reason)
        return _done(sent, "It is on the list again.")


def _done(sent: Sent, said: str) -> Done:
    return Done(item_link(sent["key"]), said)
