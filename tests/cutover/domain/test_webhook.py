"""What an outside system is told of a fact: nothing that its subscription does not name, nothing personal by accident."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from cutover.core.event import Event, Recorded
from cutover.domain.webhook import Webhook, cloud_event, hook_faults


class Reported(Event):
    personal: ClassVar[frozenset[str]] = frozenset({"name"})
    name: str
    task: str


AT = datetime(2026, 10, 24, 2, tzinfo=UTC)
FACT = Recorded(Reported(name="Ł. Szabő", task="T1"), AT, "asha", 7, "run:r-1", 3, AT, None, None, "")


def hook(**more: Any) -> Webhook:
    return Webhook.model_validate(
        {"id": "desk", "url": "https://desk.example/in", "secret": "desk", "events": ["Rep*"]} | more
    )


def test_by_default_it_is_told_that_it_happened_and_nothing_of_what() -> None:
    assert cloud_event(FACT, hook(), "urn:here") == {
        "specversion": "1.0", "id": "7", "source": "urn:here", "type": "cutover.Reported", "subject": "run:r-1",
        "time": "2026-10-24T02:00:00Z", "sequence": "000000000007",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "data"),
    [
        ({"fields": ["task"]}, {"task": "T1"}),
        ({"fields": ["task", "name"]}, {"task": "T1"}),
        ({"fields": ["task", "name"], "personal": True}, {"task": "T1", "name": "Ł. Szabő"}),
        ({"fields": ["actor"], "personal": True}, {"actor": "asha"}),
    ],
)
def test_a_field_is_told_when_it_is_named_and_a_personal_one_when_that_is_said_too(
    more: Any, data: Any
) -> None:
    assert cloud_event(FACT, hook(**more), "urn:here")["data"] == data


def test_who_did_it_is_a_person() -> None:
    with pytest.raises(ValidationError, match="'actor' is a person"):
        hook(fields=["actor"])


def test_what_could_never_be_told_is_named_with_what_was_probably_meant() -> None:
    kinds = {"Reported": Reported}
    assert list(hook_faults([hook(events=["Reportd"])], kinds)) == [
        ("webhooks.desk.events", "no kind of fact is 'Reportd'", "Reported")
    ]
    faults = list(hook_faults([hook(fields=["tsk", "name"])], kinds))
    assert [(message.split(" ")[0], near) for _, message, near in faults] == [
        ("none", "task"),
        ("'name'", ""),
    ]
