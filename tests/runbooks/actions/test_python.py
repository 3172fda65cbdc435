"""A function that a package offers, in a process of its own: named in advance, killable, and its answer bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core.clock import FixedClock
from runbooks.actions import Outcome, Secrets, TransientError
from runbooks.actions.python import PythonAction
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, perform, settle, tried

pytestmark = pytest.mark.real
CODE = """
import os, sys, time
def load(minutes=0, table=""):
    print("loading", table)
    return {"evidence": f"{minutes} minutes", "rows": 7, "key": os.environ["CUTOVER_KEY"], "deep": [1]}
async def later(): return "awaited"
def refuse(): return False
def nothing(): return None
def fail(): raise ValueError("disk full")
def fail_telling(token): raise ValueError("bad " + token)
def crash(): os._exit(3)
def endless():
    while True: time.sleep(1)
def flood():
    for _ in range(20_000): print("x" * 1000)
    return "flooded"
def chatty(): return "x" * 200_000
"""
NAMES = ("load", "later", "refuse", "nothing", "fail", "fail_telling", "crash", "endless", "flood", "chatty")


@pytest.fixture(autouse=True)
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as it would be installed, with its entry points."""
    place = tmp_path / "site"
    about = place / "their_actions-1.dist-info"
    about.mkdir(parents=True)
    (place / "their_actions.py").write_text(CODE, encoding="utf-8")
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: their-actions\nVersion: 1\n", encoding="utf-8"
    )
    lines = "".join(f"{name} = their_actions:{name}\n" for name in NAMES)
    (about / "entry_points.txt").write_text(f"[cutover.actions]\n{lines}", encoding="utf-8")
    monkeypatch.syspath_prepend(place)


@pytest.fixture
def secrets() -> Secrets:
    return Secrets({"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken"})


@pytest.fixture
def kind(tmp_path: Path, secrets: Secrets) -> PythonAction:
    return PythonAction(tmp_path, secrets, FixedClock(START))


def test_a_mapping_is_evidence_and_result_and_what_is_printed_is_neither(
    kind: PythonAction, secrets: Secrets
) -> None:
    outcome = perform(kind, secrets, function="load", arguments={"minutes": 20, "table": "crimes"})
    assert outcome == Outcome(ok=True, evidence="20 minutes", result={"rows": 7, "key": KEY})


@pytest.mark.parametrize(
    ("name", "ok", "evidence"),
    [("later", True, "awaited"), ("refuse", False, "false"), ("nothing", True, ""), ("flood", True, "flooded"),
     ("fail", False, "ValueError: disk full")],
)  # fmt: skip
def test_what_it_returns_or_raises_is_the_outcome(
    kind: PythonAction, secrets: Secrets, name: str, ok: bool, evidence: str
) -> None:
    outcome = perform(kind, secrets, function=name)
    assert (outcome.ok, outcome.evidence) == (ok, evidence)


def test_only_what_is_offered_can_be_called(kind: PythonAction, secrets: Secrets) -> None:
    outcome = perform(kind, secrets, function="system")
    assert outcome.evidence.startswith(
        "LookupError: no installed package offers 'system' in cutover.actions; known: "
    )


def test_a_process_that_dies_leaves_it_open(kind: PythonAction, secrets: Secrets) -> None:
    with pytest.raises(TransientError, match="the process of crash ended by exit 3"):
        perform(kind, secrets, function="crash")


def test_an_answer_too_large_to_keep_leaves_it_open(kind: PythonAction, secrets: Secrets) -> None:
    with pytest.raises(TransientError, match="answered more than can be kept"):
        perform(kind, secrets, function="chatty")


def test_one_that_never_ends_is_ended(kind: PythonAction, secrets: Secrets) -> None:
    outcome = tried("python", kind, {"function": "endless"}, secrets, timeout="1s")
    assert outcome.evidence == "no end within 1s"


def test_a_secret_in_what_it_raises_is_masked(kind: PythonAction, secrets: Secrets) -> None:
    given = {"function": "fail_telling", "arguments": {"token": "{{ secret('token') }}"}}
    assert tried("python", kind, given, secrets).evidence == "ValueError: bad •••"


@pytest.mark.parametrize(
    ("probe", "found"), [("load", True), ("refuse", None), ("nothing", False), ("fail", False)]
)
def test_its_probe_says_there_not_there_or_that_it_does_not_know(
    kind: PythonAction, secrets: Secrets, probe: str, found: bool | None
) -> None:
    outcome = settle(kind, secrets, function="crash", probe=probe)
    assert (outcome and (outcome.ok, outcome.certain)) == (found if found is None else (found, found))
