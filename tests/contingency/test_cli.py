"""The commands are the service's verbs: same answers, exit codes, JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclopts import App

from contingency.backlog_cli import BacklogDoors, backlog_commands
from contingency.cli import contingency_commands
from contingency.convert_cli import convert_commands
from contingency.domain.staffing import read_shift
from contingency.sources import staff_of
from contingency.worker import stay
from cutover.cli.border import BAD_INPUT, DONE, NO, guarded
from monitors.domain.check import Status
from paper_capture.domain.moves import Grade
from tests.contingency.conftest import Records
from tests.contingency.world import PROGRAMME, World, sent_as, somebody

PLAY = "custody-on-paper"


def call(app: App, *words: str) -> int:
    return guarded(lambda: app(words, result_action="return_value", exit_on_error=False))


def answered(app: App, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert call(app, *words, "--json") == DONE
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def plays(world: World) -> App:
    world.custody_is(Status.CRITICAL)
    world.after(15)
    world.plays.watch()
    return contingency_commands(lambda _folder: world.plays)


def test_status_enact_and_stand_down(plays: App, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole life of a play from the command line."""
    assert [p["stage"] for p in answered(plays, capsys, "status")["plays"]] == ["proposed"]
    assert answered(plays, capsys, "enact", PLAY, "--by", "chen", "--reason", "down")["sheets"] == 10
    assert answered(plays, capsys, "status")["modes"] == {"custody": "paper"}
    half = answered(
        plays,
        capsys,
        "stand-down",
        PLAY,
        "--by",
        "bo",
        "--line",
        "open-records",
        "--line",
        "both-clocks",
        "--partly",
    )
    assert half["open_lines"] == ["sheets-back", "partners-told"]
    assert call(plays, "stand-down", PLAY, "--by", "chen") == NO
    assert capsys.readouterr().err.count("refused: not done:") == 2
    assert (
        call(plays, "stand-down", PLAY, "--by", "chen", "--line", "sheets-back", "--line", "partners-told")
        == DONE
    )
    assert "Custody on paper: stood down" in capsys.readouterr().out


def test_a_play_answers_to_the_name_that_status_shows(plays: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(plays, "status") == DONE
    shown = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith(f"{PLAY}: proposed as ")
    )
    name = shown.removeprefix(f"{PLAY}: proposed as ")
    assert answered(plays, capsys, "enact", name, "--by", "chen", "--reason", "down")["id"] == f"play:{name}"


def test_the_wrong_person_is_refused_with_exit_one(plays: App, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a reason on stderr."""
    assert call(plays, "enact", PLAY, "--by", "dev", "--reason", " ") == NO
    assert capsys.readouterr().err.splitlines() == [
        "refused: dev is not a decider of this play (decider: chen)",
        "refused: enacting needs a reason",
    ]


def test_declining_and_the_table_for_people(plays: App, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads a table, and afterwards why it was declined."""
    assert call(plays, "status") == DONE
    assert "custody-down" in capsys.readouterr().out
    assert call(plays, "decline", PLAY, "--by", "chen", "--reason", "planned restart") == DONE
    assert "declined by chen: planned restart" in capsys.readouterr().out


def test_backlog_next_says_why_and_forecast_says_never(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Next with its reason; nobody keys, so it never clears: exit 1."""
    app = backlog_commands(
        BacklogDoors(
            lambda _: world.backlog,
            lambda _: world.discoveries,
            lambda _, shifts: staff_of(PROGRAMME, tuple(map(read_shift, shifts))),
        )
    )
    world.used(
        world.paper.issue(station="central", form_type="domestic_abuse", count=2, by="bo"), grade=Grade.HIGH
    )
    assert answered(app, capsys, "next")[0]["why"].startswith("high risk domestic abuse")
    assert answered(app, capsys, "status")["waiting"] == 2
    assert answered(app, capsys, "forecast", "24")["forecast"]["forms"] == 2
    assert call(app, "forecast", "0") == NO
    assert "never" in capsys.readouterr().out
    assert call(app, "forecast", "-1") == BAD_INPUT
    by_shift = answered(app, capsys, "forecast", "--shift", "mon-sun 07:00-19:00 24", "--what-if", "2")
    assert (by_shift["forecast"]["assumption"], [other["of"] for other in by_shift["what_if"]]) == ("keyers by shift: 24 mon-sun 07:00-19:00, highest risk first", ["2 keyers"])  # fmt: skip
    assert call(app, "forecast", "--shift", "mon 24") == BAD_INPUT
    for words in (["status"], ["next"]):
        assert call(app, *words) == DONE
        assert "domestic_abuse" in capsys.readouterr().out


@pytest.mark.real
def test_convert_run_match_and_status(
    world: World, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    """Batches until nothing is left; the match is decided by name; one to one holds."""
    app = convert_commands(lambda _folder: world.converting(records.url), lambda: stay)
    serials = world.verified(5)
    at = world.paper.sheet(serials[0]).occurred_at
    reference = records.add(form_type="crime", person=sent_as(somebody(0)), occurred_at=str(at))
    reports = answered(app, capsys, "run", "--by", "tova", "--batch", "2")
    assert [len(r["converted"]) for r in reports] == [1, 2, 1]
    assert answered(app, capsys, "match")[0]["serial"] == serials[0]
    assert call(app, "match", serials[0], "--by", "chen") == BAD_INPUT
    assert (
        answered(
            app,
            capsys,
            "match",
            serials[0],
            "--merge",
            reference,
            "--reason",
            "the same door",
            "--by",
            "chen",
        )
        == []
    )
    assert answered(app, capsys, "status", "--check")["counts"]["merged"] == 1
    assert call(app, "status", "--check") == DONE
    assert "one to one: holds" in capsys.readouterr().out


@pytest.mark.real
def test_convert_is_paused_and_dead_letters_are_requeued_by_name(
    world: World, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause needs a name and a reason and stops every worker; so does touching a dead letter."""
    service = world.converting(records.url)
    app = convert_commands(lambda _folder: service, lambda: stay)
    world.verified(2)
    assert call(app, "pause", "--by", "chen", "--reason", "") == NO
    assert call(app, "pause", "--by", "chen", "--reason", "wrong district") == DONE
    assert call(app, "run", "--by", "tova") == NO
    assert "paused by chen: wrong district" in capsys.readouterr().err
    assert call(app, "resume", "--by", "chen") == DONE
    assert call(app, "dead-letters", "--requeue", "all") == BAD_INPUT
    assert call(app, "run", "--by", "tova", "--stay") == DONE
    capsys.readouterr()
    assert answered(app, capsys, "status")["counts"]["converted"] == 2
