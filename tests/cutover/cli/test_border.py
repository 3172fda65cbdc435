"""Errors become exit codes once, and say what a person can act on, one message a line."""

import subprocess
import sys
from pathlib import Path

import pytest

from cutover.cli.border import guarded
from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable
from cutover.store.pen import Raced


def fail(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (Refused("no evidence", "no quorum"), 1, ["refused: no evidence", "refused: no quorum"]),
        (Conflict("taken over"), 1, ["conflict: taken over"]),
        (Raced("moved on"), 1, ["conflict: moved on"]),
        (Invalid("first", "second"), 2, ["invalid: first", "invalid: second"]),
        (NotFound("run", "r9"), 2, ["not-found: no run named 'r9'"]),
        (Unavailable("the database is away"), 3, ["unavailable: the database is away"]),
        (CutoverError("something else"), 1, ["error: something else"]),
    ],
)
def test_each_error_has_its_exit_code_and_its_lines(capsys, error, code, lines):
    assert guarded(fail(error)) == code
    assert capsys.readouterr().err.splitlines() == lines


def test_no_answer_is_done_and_an_answer_is_kept():
    assert guarded(lambda: None) == 0
    assert guarded(lambda: 1) == 1


def test_an_interruption_says_how_to_go_on(capsys):
    assert guarded(fail(KeyboardInterrupt())) == 130
    assert "cutover run resume" in capsys.readouterr().err


def test_what_the_file_system_refuses_is_named_and_is_no_defect(capsys):
    assert guarded(lambda: Path("/no/such/place/file").read_text()) == 3
    assert capsys.readouterr().err == "unavailable: /no/such/place/file: No such file or directory\n"


def test_a_termination_that_prefect_passes_on_says_how_to_go_on(capsys):
    signal = type("TerminationSignal", (BaseException,), {})
    assert guarded(fail(signal())) == 143
    assert "cutover run resume" in capsys.readouterr().err


def test_an_exit_stays_an_exit():
    with pytest.raises(SystemExit):
        guarded(fail(SystemExit(4)))


def test_a_defect_is_kept_with_its_trace(capsys):
    assert guarded(fail(ZeroDivisionError("oh"))) == 70
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.out + said.err


@pytest.mark.real
def test_a_reader_that_goes_away_early_is_no_error():
    script = "import sys\nfrom cutover.cli.border import guarded\n"
    script += "def run():\n    for i in range(100_000): print(i)\nsys.exit(guarded(run))\n"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        writer.stdout.close()
        assert writer.stderr.read() == b""
    assert writer.returncode == 0
