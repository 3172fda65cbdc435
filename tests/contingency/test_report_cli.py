"""`cutover report` answers with its exit code: 0 six times yes, 1 anything less."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contingency.composing import Composer
from contingency.report_cli import report_commands
from contingency.web import report_page
from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from cutover.web.kit import names_used, templates
from tests.conftest import MakeDesk
from tests.contingency.assured import Assured

Run = Callable[..., object]


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


@pytest.fixture
def run(assured: Assured) -> Run:
    app = report_commands(lambda _path: assured.reports)

    def call(*tokens: str) -> object:
        return app(list(tokens), exit_on_error=False, print_error=False, result_action="return_value")

    return call


def test_six_times_yes_is_exit_0_and_writes_the_file(
    assured: Assured, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says the same as the file it wrote."""
    assured.all_is_well()
    assert run("assurance", "--out", str(tmp_path / "report.html")) == 0
    assert "Six questions" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert str(assured.desk.journal.head()) in capsys.readouterr().out


def test_no_data_is_exit_1(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty journal is not a yes."""
    assert run("assurance", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [answer["standing"] for answer in found["answers"]] == ["no data"] * 6


def test_what_stands_against_a_yes_is_printed(
    assured: Assured, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal too the caveats come first and each concern has its question."""
    assured.in_the_thick_of_it()
    assert run("assurance") == 1
    out = capsys.readouterr().out
    assert out.index("! The journal holds a rehearsal") < out.index("What stands against a yes")
    assert "1 contract does not reconcile" in out


def test_json_carries_each_record_with_its_link(
    assured: Assured, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program sees what a person sees."""
    assured.in_the_thick_of_it()
    assert run("assurance", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    oldest = found["answers"][0]["figures"][0]
    assert oldest["records"][0]["link"].startswith("/journal?stream=backlog%3ADA-0686#p")


def test_a_bulletin_is_told_acknowledged_and_counted(
    assured: Assured, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """What partners were told answers 1 until all have it and no count differs."""
    names = [p.id for p in assured.programme.partners]
    to = [token for name in names for token in ("--to", name)]
    assert run("bulletin", "tell", *to, "--subject", "Custody", "--text", "On paper.", "--by", "rosa") is None
    run("bulletin", "tell", *to, "--subject", "Custody", "--text", "On paper.", "--by", "rosa")
    told = [notice.id for notice in assured.bulletins.status().notices]
    assert len(told) == len(names)
    assert run("bulletin") == 1
    for notice in told:
        run("bulletin", "acknowledge", notice, "--by", "rosa")
    assert run("bulletin") == 0
    assert (
        run("bulletin", "count", "prosecutor", "files", "--theirs", "1", "--ours", "3", "--by", "rosa") == 1
    )
    assert run("bulletin") == 1
    assert "differs" in capsys.readouterr().out


def test_the_page_reads_exactly_what_its_context_offers(assured: Assured) -> None:
    """The web page renders from the same model; its template asks for nothing else."""
    assured.in_the_thick_of_it()
    page = report_page(assured.reports)
    environment = templates([page])
    assert names_used(environment, page) == {"report", "pictures", "window", "made", "served_at"}
    context = page.build({})
    assert (context.served_at, context.report.answers[0].number) == ("", 1)


def test_a_bulletin_is_shown_first_and_sent_only_when_asked(
    assured: Assured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a name nobody is told; the draft is what is sent."""
    composer = Composer(tmp_path / "bulletins", assured.sources)
    app = report_commands(lambda _path: assured.reports, lambda _path: composer)

    def call(*tokens: str) -> object:
        return app(["bulletin", "write", *tokens], exit_on_error=False, print_error=False, result_action="return_value")  # fmt: skip

    call()
    assert "situation: shipped" in capsys.readouterr().out
    call("situation", "--to", "prosecutor", "--set", "say=Ring us.")
    assert "Ring us." in capsys.readouterr().out
    with pytest.raises(Invalid, match="nobody sends it"):
        call("situation", "--send")
    with pytest.raises(Invalid, match="says nothing"):
        call("situation", "--set", "say")
    assert assured.bulletins.status().notices == ()
    call("situation", "--send", "--by", "rosa", "--json")
    assert len(json.loads(capsys.readouterr().out)["told"]) == len(assured.programme.partners)
    assert assured.bulletins.status().never_told == ()
