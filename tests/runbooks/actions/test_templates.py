"""What an argument's braces may hold: names and lookups, and nothing that runs away or reaches for an object."""

from __future__ import annotations

from datetime import datetime

import pytest

from cutover.core.errors import Invalid, NotFound
from runbooks.actions import Actions, Secrets, render
from runbooks.actions.templates import template_faults
from runbooks.domain.plan import Action
from tests.runbooks.plans import auto

KEY = "small-1.A.1"

NAMES = {"systems": {"legacy_records": "http://old", "big": "a" * 50_000}, "opens": "Fri 22:00"}


def test_names_are_filled_in_wherever_they_stand() -> None:
    arguments = {
        "body": {"source_url": "{{ systems.legacy_records }}/crimes", "n": 3},
        "list": ("{{ opens }}", None),
    }
    assert render(arguments, NAMES) == {
        "body": {"source_url": "http://old/crimes", "n": 3}, "list": ["Fri 22:00", None],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ sytems.legacy_records }}", "'sytems' is undefined"),
        ("{{ systems.legacy }}", "has no attribute 'legacy'"),
        ("{{ systems.__class__ }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ systems.update({}) }}", "unsafe"),
        ("{{ opens", "unexpected end"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ range(10 ** 9) }}", "nothing can be called"),
        ("{% for i in range(10**9) %}{{ i }}{% endfor %}", "no statements"),
        ("{{ 'a' * 10**9 }}", "unsafe: '\\*' is for numbers"),
        ("{{ 10 ** 10 ** 9 }}", "the power is too large"),
        ("{{ 9 ** 9 ** 9 }}", "the power is too large"),
        ("{{ '%1000000000d' % 1 }}", "unsafe: '%' is for numbers"),
        ("{{ 'a' | center(10**9) }}", "No filter named 'center'"),
        ("{{ 'a'.ljust(10**9) }}", "nothing can be called"),
        ("{{ '{:1000000000d}'.format(1) }}", "nothing can be called"),
        ("{{ opens | replace('', systems.big) | replace('a', systems.big) }}", "would be longer"),
        ("{{ systems.big ~ systems.big }}", "longer than 65536"),
        ("{{ lipsum() }}", "nothing can be called"),
        ("{% set x = 1 %}{{ x }}", "no statements"),
        ("{% include 'x' %}{{ 1 }}", "no statements"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "recursion|too"),
        ("{{ 1 }}" + "x" * 10_000, "the template is longer"),
        ("{{ secret(opens) }}", "nothing can be called"),
        ("{{ secret('token') | upper }}", "stands alone"),
        ("{{ secret('token')[:3] }}", "stands alone"),
        ("{{ secret }}", "secret is called with a name"),
        ("{{ opens + 1 }}", "concatenate"),
    ],
)
def test_what_cannot_be_filled_in_is_named_and_nothing_escapes(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        render({"deep": [text]}, NAMES)


def test_text_that_only_looks_like_a_template_stays_as_it_is() -> None:
    assert render("{% for x in y %} {loaded}", NAMES) == "{% for x in y %} {loaded}"


async def _silent(_end: datetime, _detail: str) -> None: ...


def test_a_call_carries_key_task_and_filled_in_arguments() -> None:
    actions = Actions({}, lambda: NAMES)
    call = actions.call(auto("A", arguments={"at": "{{ opens }}"}), KEY, _silent)
    assert (call.key, call.task.id, call.arguments) == (KEY, "A", {"at": "Fri 22:00"})
    with pytest.raises(NotFound, match="no action kind named 'http'"):
        actions.kind(Action(kind="http"))


def test_a_secret_is_filled_in_and_masked_from_then_on() -> None:
    secrets = Secrets({"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken"})
    assert render({"h": "Bearer {{ secret('token') }}"}, {}, secrets) == {"h": "Bearer s3cr3t-t0ken"}
    assert secrets.mask("it said s3cr3t-t0ken") == "it said •••"


def test_before_a_run_what_no_name_could_mend_is_found() -> None:
    found = list(template_faults({"a": "{{ sytems.x }}", "b": "{% if x %}{{ 1 }}{% endif %}"}, ["systems"]))
    assert found == [
        "'{{ sytems.x }}': 'sytems' is undefined; did you mean 'systems'?",
        "'{% if x %}{{ 1 }}{% endif %}': unsafe: only {{ … }} is filled in, no statements (if)",
    ]


def test_arguments_nested_without_end_are_refused() -> None:
    deep: list[object] = []
    deep.append(deep)
    with pytest.raises(Invalid, match="nested more than 50 deep"):
        render(deep, {})
