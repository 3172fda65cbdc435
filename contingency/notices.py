"""Who is told when a play is proposed or enacted: messages that commit with the fact itself, and calls to alternates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from contingency.domain.triggers import PlayEnacted, PlayProposed, PlayStage, PlayState
from cutover.core.clock import show
from cutover.core.event import Fact
from cutover.store.outbox import PERSON, Message


def play_notices(facts: Sequence[Fact], stream: str, zone: str = "UTC") -> list[Message]:
    """The call to decide to whoever may at once, and the notices that the play declares, each once."""
    return [message for fact in facts for message in _of(fact, stream, zone)]


def alternate_notices(state: PlayState, stream: str, now: datetime, zone: str) -> list[Message]:
    """The call to decide to each alternate whose time has come while nobody decided."""
    if (
        state.stage is not PlayStage.PROPOSED
        or state.trigger is None
        or state.play is None
        or state.proposed_at is None
    ):
        return []
    body = (
        f"{state.trigger.decider} has not decided since {show(state.proposed_at, zone)}, so you may. "
        f"Enact or decline '{state.play.id}'."
    )
    return [
        Message(f"{stream}:alternate:{one.person}", PERSON, one.person, f"Decide: {state.play.title}", body)
        for one in state.trigger.alternates
        if now - state.proposed_at >= one.after
    ]


def _of(fact: Fact, stream: str, zone: str) -> list[Message]:
    match fact.event:
        case PlayProposed(trigger=trigger, play=play, bad_since=since, called_for=why):
            said = (
                f"{fact.actor} asks for it: {why}."
                if why
                else f"{trigger.watched} has been {trigger.bad} since {show(since, zone)}."
            )
            body = f"{said} Enact or decline '{play.id}'."
            return [
                Message(
                    f"{stream}:proposed{'' if who == trigger.decider else f':{who}'}",
                    PERSON,
                    who,
                    f"Decide: {play.title}",
                    body,
                )
                for who in (trigger.decider, *trigger.others)
            ]
        case PlayEnacted(title=title, notices=notices):
            return [
                Message(f"{stream}:enacted:{i}", notice.channel, notice.to, title, notice.text)
                for i, notice in enumerate(notices)
            ]
    return []
