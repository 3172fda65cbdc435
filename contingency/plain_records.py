"""Records in a target that is no service: put into its words, read back as matching needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from contingency.likeness import Part
from contingency.rooms import Held, Outgoing, Senseless
from cutover.core.errors import Invalid

Body = Callable[[Outgoing], dict[str, Any]]
WHO = ("surname", "forename", "dob")
NEVER = datetime.fromtimestamp(0, UTC)  # of a record that does not say when: near to nothing


def in_words(body: Body, record: Outgoing) -> dict[str, Any]:
    """The record as the target wants it. Raises Senseless with every problem: it is not sent."""
    try:
        return body(record)
    except Invalid as error:
        raise Senseless(f"it cannot be put into the target's words: {error}") from error


def as_held(row: Mapping[str, Any], reference: str, serial: str | None) -> Held:
    """A record as matching needs it, from whatever of that the target keeps. Raises ValueError for a time that is none."""
    person = row.get("person")
    named = person if isinstance(person, Mapping) else {n: row.get(n) for n in (*WHO, *get_args(Part))}
    at = row.get("occurred_at") or NEVER
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    texts = {name: str(value) for name, value in named.items() if value is not None}
    return Held(reference, serial, str(row.get("form_type", "")), moment, texts)


def within(
    found: Sequence[Held], form_type: str | None, since: datetime | None, until: datetime | None
) -> list[Held]:
    """Those of a form type in a span; one that does not say its type is of any."""
    return [
        one
        for one in found
        if (form_type is None or one.form_type in ("", form_type))
        and (since is None or one.occurred_at >= since)
        and (until is None or one.occurred_at <= until)
    ]
