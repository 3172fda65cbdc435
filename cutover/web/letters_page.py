"""`/webhooks`: which outside systems are told of what, and the letters that nobody takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from cutover.core.clock import Clock
from cutover.domain.programme import Programme
from cutover.store.journal import Journal
from cutover.store.letters import letters, prepare_letters, requeue
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import KIT, Page, Query
from cutover.web.visitor import Role, visitor_of
from cutover.web.words import moment

AT = "/webhooks"
ROLES = (Role.PROGRAMME_MANAGER, Role.ADMIN)


class LetterForm(Form):
    letter: str = Field(min_length=1, max_length=300)


@dataclass(frozen=True, slots=True)
class HookLine:
    """One subscription: its host and no more of the address, which may hold a secret."""

    id: str
    host: str
    events: str
    fields: str


@dataclass(frozen=True, slots=True)
class LetterLine:
    id: str
    to: str
    event: str
    since: str
    tries: int
    why: str
    dead: bool


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    """What `webhooks.html` reads."""

    hooks: tuple[HookLine, ...]
    letters: tuple[LetterLine, ...]
    dead: int
    may_act: bool


@dataclass(frozen=True, slots=True)
class WebhookPages:
    """The page, and its act: a dead letter is tried again."""

    journal: Journal
    programme: Programme
    clock: Clock

    def pages(self) -> Sequence[Page]:
        return (Page(AT, KIT, "webhooks.html", WebhooksPage, self._page, label="Webhooks"),)

    def acts(self) -> Sequence[Act]:
        return (Act(f"{AT}/requeue", "have a letter tried again", LetterForm, self._requeue, AT, ROLES),)

    def _page(self, query: Query) -> WebhooksPage:
        prepare_letters(self.journal.engine)
        zone = self.programme.zone
        found = tuple(
            LetterLine(
                one.id, one.subscription, one.event, moment(one.since, zone), one.tries, one.why, one.dead
            )
            for one in letters(self.journal.engine)
        )
        hooks = tuple(
            HookLine(hook.id, hook.url.host or "", ", ".join(hook.events), ", ".join(hook.fields))
            for hook in self.programme.webhooks
        )
        return WebhooksPage(hooks, found, sum(one.dead for one in found), visitor_of(query).has(*ROLES))

    def _requeue(self, form: LetterForm, sent: Sent) -> Done:
        del sent
        requeue(self.journal.engine, form.letter, self.clock.now())
        return Done(AT, "The letter goes out with the next round.")
