"""The words in which people are told of an alarm: one message to each recipient, with an id of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cutover.core.clock import show
from cutover.core.event import Fact
from cutover.store.outbox import Message
from monitors.domain.alert import (
    AlertEscalated,
    AlertFired,
    AlertRepeated,
    AlertResolved,
    AlertTold,
    AlertWorsened,
    alert_stream,
)

_WORDS = {
    AlertFired: "FIRING",
    AlertWorsened: "WORSE",
    AlertRepeated: "STILL FIRING",
    AlertEscalated: "ESCALATED",
    AlertResolved: "RESOLVED",
}


def alert_messages(facts: Sequence[Fact], stream: str, zone: str = "UTC") -> list[Message]:
    """What must be sent because of new facts about an alarm; they commit together, so nothing is told twice."""
    name = stream.removeprefix(alert_stream(""))
    if name == stream:
        return []
    return [message for fact in facts for message in _of(name, fact, zone)]


def _of(name: str, fact: Fact, zone: str) -> Iterator[Message]:
    event = fact.event
    if not isinstance(event, AlertTold):
        return
    word = _WORDS[type(event)]
    urgent = " SAFEGUARDING" if event.safeguarding else ""
    subject = f"{word}{urgent} {event.severity}: {event.title}"[:300]
    since = f", since {show(event.since, zone)}" if event.since else ""
    lines = [
        f"{event.title} ({name}): {event.label}{since}",
        event.detail,
        f"Told at {show(fact.at, zone, '%H:%M %Z')}.",
    ]
    if isinstance(event, AlertEscalated):
        lines.append("Nobody has taken it in hand yet.")
    body = "\n".join(filter(None, lines))
    for recipient in event.to:
        id_ = f"alert:{name}:{fact.at.isoformat()}:{type(event).__name__}:{recipient.person}:{recipient.channel}"
        yield Message(id_, recipient.channel, recipient.person, subject, body)
