"""Which facts an outside system is told, and how much of each: a subscription of programme.yaml, and the event it gets.

A CloudEvent 1.0. By default it says that something of a kind happened, where and when, and nothing of what: no field
of a fact leaves the house that the subscription does not name, and one that says something of a person only with
`personal: true` beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, model_validator

from cutover.core.errors import nearest
from cutover.core.event import Event, Recorded

TYPE = "cutover."  # of an event: this and its kind
ACTOR = "actor"  # names who did it, among the fields of any fact


class Webhook(BaseModel):
    """One outside system that is told: where, signed with which secret, of which kinds of fact, and which fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
    url: AnyHttpUrl
    secret: str = Field(
        description="the name of the secret that signs: `whsec_` and base64, or any text of 24 letters"
    )
    events: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="kinds of fact, as docs/reference/events.md names them; * stands for any letters"
    )
    fields: tuple[str, ...] = Field(
        default=(),
        description="what of each fact is told; `actor` is who did it. None: only that it happened",
    )
    personal: bool = Field(
        default=False, description="also tell named fields that say something of a person, and who did it"
    )
    inside: bool = Field(
        default=False, description="the address may be one of this machine or of a private network"
    )

    @model_validator(mode="after")
    def _says_what_it_means(self) -> Self:
        if ACTOR in self.fields and not self.personal:
            raise ValueError("fields: 'actor' is a person: told only with `personal: true`")
        return self

    def wants(self, kind: str) -> bool:
        """Whether facts of this kind are told."""
        return any(fnmatchcase(kind, pattern) for pattern in self.events)


def cloud_event(fact: Recorded, hook: Webhook, source: str) -> dict[str, Any]:
    """The event for one fact; `sequence` orders events that arrive late or twice."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{fact.position}",
        "source": source,
        "type": TYPE + fact.event.kind(),
        "subject": fact.stream,
        "time": fact.at.isoformat().replace("+00:00", "Z"),
        "sequence": f"{fact.position:012d}",
    }
    if data := _told(fact, hook):
        event |= {"datacontenttype": "application/json", "data": data}
    return event


def _told(fact: Recorded, hook: Webhook) -> dict[str, Any]:
    """The named fields that this fact has and that may be told."""
    withheld = frozenset() if hook.personal else fact.event.personal
    body = fact.event.model_dump(mode="json", include=set(hook.fields) - withheld)
    return body | ({ACTOR: fact.actor} if ACTOR in hook.fields else {})


def hook_faults(hooks: Iterable[Webhook], kinds: Mapping[str, type[Event]]) -> Iterator[tuple[str, str, str]]:
    """What could never be told: (field, message, nearest) for a kind or a field that there is not, or that is withheld."""
    for hook in hooks:
        for pattern in hook.events:
            if not any(fnmatchcase(kind, pattern) for kind in kinds):
                yield f"webhooks.{hook.id}.events", f"no kind of fact is '{pattern}'", nearest(pattern, kinds)
        wanted = [event for kind, event in kinds.items() if hook.wants(kind)]
        known = {name for event in wanted for name in event.model_fields} | {ACTOR}
        personal = {name for event in wanted for name in event.personal}
        for name in hook.fields:
            if wanted and name not in known:
                yield f"webhooks.{hook.id}.fields", f"none of these facts has '{name}'", nearest(name, known)
            elif name in personal and not hook.personal:
                yield (
                    f"webhooks.{hook.id}.fields",
                    f"'{name}' may say something of a person: `personal: true` tells it",
                    "",
                )
