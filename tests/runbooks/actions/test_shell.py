"""A program on this machine: a hostile value stays one word, a flood is drained, what never ends is ended with all it started."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from runbooks.actions import Outcome, Secrets
from runbooks.actions.shell import ShellAction
from runbooks.domain.plan import Effect
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, perform, settle, tried

pytestmark = pytest.mark.real
HOSTILE = "x'; touch owned; $(touch owned) `touch owned` && \"\n-rf /"


@pytest.fixture
def secrets() -> Secrets:
    return Secrets({"CUTOVER_SECRET_TOKEN": "s3cr3t-t0ken"})


@pytest.fixture
def shell(tmp_path: Path, secrets: Secrets) -> ShellAction:
    return ShellAction(tmp_path, secrets, FixedClock(START))


def python(code: str, *more: str) -> list[str]:
    return [sys.executable, "-c", code, *more]


def test_a_hostile_value_stays_one_argument(shell: ShellAction, secrets: Secrets, tmp_path: Path) -> None:
    argv = python("import sys; print(len(sys.argv)); print(ascii(sys.argv[1]))", HOSTILE)
    outcome = perform(shell, secrets, argv=argv)
    assert outcome.result["output"] == f"2\n{HOSTILE!a}"
    assert not (tmp_path / "owned").exists()


def test_a_script_is_chosen_as_one_and_takes_values_from_its_environment_alone(
    shell: ShellAction, secrets: Secrets, tmp_path: Path
) -> None:
    outcome = perform(shell, secrets, sh='printf "%s" "$NAME" | wc -c', env={"NAME": HOSTILE})
    assert outcome.result["output"] == str(len(HOSTILE))
    assert not (tmp_path / "owned").exists()
    with pytest.raises(Invalid, match="sh: is not filled in: hand values over beside it"):
        perform(shell, secrets, sh="rm {{ name }}")


@pytest.mark.parametrize("given", [{}, {"argv": ["true"], "sh": "true"}, {"argv": []}, {"argv": ["a\0b"]}])
def test_what_names_no_one_program_is_refused(shell: ShellAction, secrets: Secrets, given: Any) -> None:
    with pytest.raises(Invalid, match=r"^A"):
        perform(shell, secrets, **given)


def test_the_child_knows_the_key_and_none_of_our_settings(
    shell: ShellAction, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTOVER_SECRET_OTHER", "not-for-children")
    outcome = perform(shell, secrets, argv=["env"], env={"OWN": "word"})
    lines = outcome.result["output"].splitlines()
    assert f"CUTOVER_KEY={KEY}" in lines
    assert "OWN=word" in lines
    assert [line for line in lines if line.startswith("CUTOVER_")] == [f"CUTOVER_KEY={KEY}"]


@pytest.mark.parametrize(
    ("code", "ok", "evidence"),
    [
        ("print('17 loaded')", True, "exit 0: 17 loaded"),
        ("import sys; print('so far'); sys.exit('disk full')", False, "exit 1: disk full"),
        ("import os; os.kill(os.getpid(), 9)", False, "ended by signal 9"),
        ("", True, "exit 0"),
    ],
)
def test_the_exit_code_decides_and_the_last_line_is_the_evidence(
    shell: ShellAction, secrets: Secrets, code: str, ok: bool, evidence: str
) -> None:
    outcome = perform(shell, secrets, argv=python(code))
    assert (outcome.ok, outcome.evidence) == (ok, evidence)


def test_other_codes_may_mean_that_it_worked(shell: ShellAction, secrets: Secrets) -> None:
    assert perform(shell, secrets, sh="exit 3", succeeds_on=[0, 3]).ok


def test_a_program_that_is_not_there_fails_and_did_nothing(shell: ShellAction, secrets: Secrets) -> None:
    outcome = perform(shell, secrets, argv=["no-such-program"])
    assert (outcome.ok, outcome.certain) == (False, True)
    assert "no-such-program could not be started: No such file" in outcome.evidence


def test_a_gigabyte_of_output_is_drained_without_growing_and_its_ends_are_kept(
    shell: ShellAction, secrets: Secrets
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = perform(
        shell, secrets, sh="echo begin; head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo end"
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (outcome.ok, outcome.evidence) == (True, "exit 0: end")
    said = outcome.result["output"]
    assert said.startswith("begin\nxxx")
    assert said.endswith("xxx\nend")
    assert "of 1,000,000,011 bytes in all" in said
    assert len(said) < 5000
    assert grown < 32 * 1024  # KiB


def test_what_never_ends_is_ended_with_everything_it_started(
    shell: ShellAction, secrets: Secrets, tmp_path: Path
) -> None:
    script = "trap '' TERM; (trap '' TERM; sleep 300) & echo $! > child; echo $$ > own; wait"
    outcome = tried("shell", shell, {"sh": script}, secrets, timeout="1s")
    assert (outcome.ok, outcome.evidence) == (False, "no end within 1s")
    for name in ("own", "child"):
        assert not is_alive(int((tmp_path / name).read_text(encoding="utf-8")))


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[1][:3]
    except FileNotFoundError:
        return False


def test_somebody_left_behind_who_holds_the_output_open_holds_nobody_up(
    shell: ShellAction, secrets: Secrets, tmp_path: Path
) -> None:
    """Also where it ends while it is waited for."""
    outcome = perform(shell, secrets, sh="sleep 3600 & echo $! > left; sleep 0.3; echo done")
    assert outcome.evidence == "exit 0: done"
    os.kill(int((tmp_path / "left").read_text(encoding="utf-8")), 9)


@pytest.mark.parametrize(("code", "found"), [(0, True), (1, None), (2, False)])
def test_a_probe_says_there_not_there_or_that_it_does_not_know(
    shell: ShellAction, secrets: Secrets, code: int, found: bool | None
) -> None:
    outcome = settle(
        shell, secrets, argv=["true"], probe=["/bin/sh", "-c", f'test -n "$CUTOVER_KEY" && exit {code}']
    )
    assert (outcome and (outcome.ok, outcome.certain)) == (found if found is None else (found, found))


def test_without_a_probe_a_person_must_look(shell: ShellAction, secrets: Secrets) -> None:
    outcome = settle(shell, secrets, argv=["true"])
    assert outcome == Outcome(ok=False, evidence="it declares no probe: a person must look", certain=False)


def test_a_secret_that_a_program_prints_is_in_nothing_it_brings_back(
    shell: ShellAction, secrets: Secrets
) -> None:
    """Also where its output is cut in the midst of one."""
    code = "import os; print(os.environ['T'] * 100_000); raise SystemExit('bad ' + os.environ['T'])"
    given = {"argv": python(code), "env": {"T": "{{ secret('token') }}"}}
    outcome = tried("shell", shell, given, secrets, effect=Effect.MANUAL_VERIFY)
    assert outcome.evidence == "exit 1: bad •••"
    assert "s3cr3t" not in repr(outcome)
    assert "t0ken" not in repr(outcome)
