"""Who is told when a play is proposed or enacted: messages that commit with the fact itself."""

from __future__ import annotations

from collections.abc import Sequence

from contingency.domain.triggers import PlayEnacted, PlayProposed
from cutover.core.event import Fact
from cutover.store.outbox import Message


def play_notices(facts: Sequence[Fact], stream: str) -> list[Message]:
    """The decider's call to decide, and the notices that the play declares, each once."""
    return [message for fact in facts for message in _of(fact, stream)]


def _of(fact: Fact, stream: str) -> list[Message]:
    match fact.event:
        case PlayProposed(trigger=trigger, play=play, bad_since=since):
            body = f"{trigger.monitor} has been {trigger.status} since {since:%d %b %H:%M}Z. Enact or decline '{play.id}'."
            return [Message(f"{stream}:proposed", "file", trigger.decider, f"Decide: {play.title}", body)]
        case PlayEnacted(title=title, notices=notices):
            return [
                Message(f"{stream}:enacted:{i}", notice.channel, notice.to, title, notice.text)
                for i, notice in enumerate(notices)
            ]
    return []
