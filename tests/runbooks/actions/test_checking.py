"""A slip in an action is found when the plan is checked, with the task, the argument and what was probably meant."""

from __future__ import annotations

from typing import Any

import pytest

from runbooks.actions.arguments import BUILT_IN
from runbooks.actions.checking import action_faults
from runbooks.domain.plan import Effect, Fault, Task
from tests.runbooks.plans import auto, book, task

NAMES = ("systems", "opens")


def found(*tasks: Task) -> list[Fault]:
    return list(action_faults(book(*tasks), BUILT_IN, NAMES))


def one(kind: str, arguments: dict[str, Any], **more: Any) -> str:
    (fault,) = found(auto("A", kind=kind, arguments=arguments, **{"effect": Effect.IDEMPOTENT, **more}))
    return f"{fault.field}: {fault.message}" + (f"; {fault.nearest}?" if fault.nearest else "")


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("htp", {}, "action: A: action: no kind of action is named 'htp'; http?"),
        ("http", {"system": "x", "pth": "/"}, None),
        ("http", {"system": "x", "path": "/", "methd": "PUT"}, "action: A: action: http: methd: no such argument; method?"),
        ("http", {"system": "x"}, "action: A: action: http: path: field required"),
        ("shell", {"argv": "rm -rf /"}, "action: A: action: shell: argv: input should be a valid list"),
        ("shell", {"argv": ["a"], "sh": "b"}, "action: A: action: shell: name either argv or sh"),
        ("sql", {"database": "x", "statements": [{"sql": "DELETE '{{ opens }}'"}]},
         "action: A: action: sql: statements.0.sql: is not filled in: hand values over beside it, never inside it"),
        ("wait", {"source": "task:B"},
         "action: A: action: wait: a source that is waited for needs `within`: nothing is waited for without an end"),
        ("wait", {"until": "tomorrow"}, "action: A: action: wait: invalid isoformat string: 'tomorrow'"),
        ("shell", {"argv": ["{{ sytems.x }}"]},
         "action: A: action: shell: '{{ sytems.x }}': 'sytems' is undefined; did you mean 'systems'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(kind: str, arguments: dict[str, Any], said: str | None) -> None:
    if said is None:
        faults = found(auto("A", kind=kind, arguments=arguments, effect=Effect.IDEMPOTENT))
        assert [f.nearest for f in faults] == ["", "path"]
        return
    assert one(kind, arguments) == said


def test_what_a_template_will_fill_in_is_not_judged_before() -> None:
    arguments = {"system": "x", "path": "/", "poll": "{{ opens }}"}
    assert found(auto("A", kind="http", arguments=arguments)) == []
    port = {"host": "h", "user": "u", "key": "k", "argv": ["x"], "port": "{{ opens }}"}
    assert found(auto("A", kind="ssh", arguments=port, effect=Effect.IDEMPOTENT)) == []


def test_an_effect_to_be_probed_needs_an_action_that_can_tell() -> None:
    said = one("shell", {"argv": ["load"]}, effect=Effect.PROBE)
    assert said == "effect: A: effect: nothing in this shell action can tell what became of it"
    probed = {"argv": ["load"], "probe": ["is-loaded"]}
    assert found(auto("A", kind="shell", arguments=probed, effect=Effect.PROBE)) == []


def test_an_inverse_that_is_asked_for_must_be_there() -> None:
    said = one("shell", {"argv": ["x"]}, in_rehearsal="invert")
    assert said == "in_rehearsal: A: a rehearsal is to perform the inverse, and there is none"
    undo = {"kind": "shell", "with": {"argv": ["y"]}}
    assert found(auto("A", kind="shell", arguments={"argv": ["x"]}, effect="idempotent", in_rehearsal="invert", undo=undo)) == []  # fmt: skip


def test_undo_and_inverse_are_checked_too() -> None:
    wrong = {"kind": "shell", "with": {"agv": ["y"]}}
    faults = found(task("A", undo=wrong), task("B", inverse=wrong))
    assert {(f.index, f.field) for f in faults} == {(0, "undo"), (1, "inverse")}


def test_a_secret_that_stands_in_a_plan_is_refused_and_not_repeated() -> None:
    said = one("sql", {"database": "postgresql://me:hidden@db/x", "statements": [{"sql": "SELECT 1"}]})
    assert "is the name of a secret, never the secret itself" in said
    assert "hidden" not in said
