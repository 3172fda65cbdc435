"""Every command really asked, in a programme that was played: its --json answer is what its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from cyclopts import App

from contingency.domain.improvements import ActionRaised
from cutover.json_shapes import ANSWERS, ERROR
from cutover.main import open_once, whole_app
from cutover.store.letters import note_trouble, prepare_letters
from cutover.store.print_key import print_key
from monitors.domain.check import Result, Status
from runbooks.domain.run_events import BeginTask, MarkUncertain, RecordOutcome, RunType
from runbooks.printing.codes import Code, plan_version
from runbooks.service import PERFORMER
from tests.end_to_end.answering import Asking, begun, furnish, later
from tests.end_to_end.asked_of_contingency import (
    backlog,
    contingency,
    conversion,
    reports,
)
from tests.end_to_end.asked_of_paper import keeping, paper
from tests.end_to_end.blackout import Blackout
from tests.end_to_end.conftest import Type


@pytest.fixture
def ask(say: Type, finished: Blackout, tmp_path: Path) -> Asking:
    return Asking(say, furnish(finished.copy(tmp_path / "played")))


def test_every_command_answers_what_its_schema_says(ask: Asking, tmp_path: Path) -> None:
    """All of them, none left out: whoever writes a command types it here too."""
    for room in (plans, runs, gates, monitors, registers, paper, keeping, contingency, backlog, conversion, reports, people, journal):  # fmt: skip
        room(ask, tmp_path)
    assert sorted(set(ANSWERS) - {ERROR} - ask.asked) == []


def test_what_cannot_be_done_is_one_json_document_too(ask: Asking) -> None:
    """On standard output, with the slug and the exit code; a person reads the same on standard error."""
    away = ("--programme", ask.home)
    assert ask.refused("run", "claim", "COM-O1", "--by", "asha", *away)["slug"] == "not-found"
    assert ask.refused("run", "claim", "COM-01", "--by", "asha", *away)["exit"] == 1
    assert ask.refused("run", "claim", *away)["slug"] == "invalid"
    assert ask.refused("runbook", "lint", "--programme", ask.home / "nowhere")["exit"] == 2


def test_every_command_that_has_json_has_a_schema_and_no_schema_is_left_over() -> None:
    assert sorted(with_json(whole_app())) == sorted(set(ANSWERS) - {ERROR})


def with_json(app: App, above: str = "") -> Iterator[str]:
    for name in app:
        if not name.startswith("-"):
            words, sub = f"{above} {name}".strip(), app[name]
            if sub.default_command and any("--json" in a.names for a in sub.assemble_argument_collection()):
                yield words
            yield from with_json(sub, words)


def plans(ask: Asking, tmp_path: Path) -> None:
    ask("check", ask.home, at=False)
    ask("doctor", ask.home, at=False)
    ask("runbook lint")
    ask("runbook plan", "blackout")
    ask("runbook forecast", "blackout", "--samples", 200, "--refine", 0)
    ask("runbook export", "blackout", "--to", tmp_path / "plan.csv")
    ask("runbook import", tmp_path / "plan.csv", "--id", "copy")
    ask("runbook import", tmp_path / "plan.csv", "--id", "blackout")
    (ask.home / "runbooks" / "copy.yaml").unlink()
    ask("runbook impact", "blackout", "--set", "LOD-01.duration=9h")
    ask("runbook backout", "blackout")
    ask("runbook learn", "blackout")
    ask("runbook level", "blackout")
    ask("runbook whatif", "blackout")
    ask("runbook replan")
    ask("runbook print", "blackout")
    ask("runbook picture", "blackout")
    ask("runbook picture", "blackout", "--to", tmp_path / "plan.svg")
    ask("run ics")
    book, key = open_once(ask.home).folder.runbook("blackout"), print_key(ask.home / "state")
    ask("runbook code", Code("blackout", plan_version(book), "W1", "COM-01").sealed(key))


def runs(ask: Asking, tmp_path: Path) -> None:
    ask("run status")
    ask("run review")
    ask("report review")
    assert begun(ask) == "blackout-2"
    ask("run backout arm", "--by", "asha", "--reason", "just in case")
    ask("run backout disarm", "--by", "asha", "--reason", "not needed")
    ask("run claim", "COM-01", "--by", "asha")
    ask("run comment", "COM-01", "--by", "asha", "--text", "on it")
    (tmp_path / "seen.txt").write_text("seen", encoding="utf-8")
    ask("run attach", "COM-01", tmp_path / "seen.txt", "--by", "asha")
    ask("run announce", "Coffee is here", "--by", "asha")
    ask("run quiet", 1, "--by", "asha")
    ask("run colour", "--by", "asha", "--shown", "amber", "--reason", "a feeling")
    ask("run pause", "--by", "asha", "--message", "a fire drill")
    ask("run unpause", "--by", "asha")
    ask("run fail", "COM-01", "--by", "asha", "--reason", "the room is locked")
    ask("run retry", "COM-01", "--by", "asha", "--reason", "the key is found")
    edits = ("run edit propose", "--by", "asha", "--reason", "longer", "--set", "COM-03.duration=20m")
    for _ in range(3):
        ask(*edits)
    ask("run edit approve", 1, "--by", "bo")
    ask("run edit reject", 2, "--by", "bo", "--reason", "no")
    ask("run edit withdraw", 3, "--by", "asha")
    ask("run edit show")
    ask("link task", "COM-03", "--for", "asha")
    ask("run claim", "COM-01", "--by", "asha")
    ask("run done", "COM-01", "--by", "asha", "--evidence", "every stream has answered")
    unattended(ask)


def unattended(ask: Asking) -> None:
    """What a performer does, done by its own commands, so that the run comes to an uncertain task and a gate."""
    world = open_once(ask.home)
    for task, key in (("COM-02", "a"), ("PAP-01", "b")):
        world.runs.ask("blackout-2", BeginTask(by=PERFORMER, task=task, key=key))
    world.runs.ask(
        "blackout-2", MarkUncertain(by=PERFORMER, task="COM-02", why="killed between effect and record")
    )
    ask("run settle", "COM-02", "--by", "asha", "--happened", "--how", "the partners say so")
    world.runs.ask("blackout-2", RecordOutcome(by=PERFORMER, task="PAP-01", ok=True, evidence="issued"))
    world.runs.open_gate("blackout-2", "G-START")


def gates(ask: Asking, tmp_path: Path) -> None:
    gate = "G-START"
    ask("gate show", gate)
    ask("gate condition raise", gate, "--by", "chen", "--text", "the bureau is called first")
    ask("gate condition read", gate, "c1", "--by", "asha")
    ask("gate condition met", gate, "c1", "--by", "chen", "--how", "called at nine")
    ask("gate condition raise", gate, "--by", "chen", "--text", "and the court")
    ask("gate condition withdraw", gate, "c2", "--by", "chen", "--reason", "not our court")
    ask("gate evidence", gate, "blocks", "met", "--by", "asha", "--detail", "seen")
    ask("gate vote", gate, "go", "--by", "chen")
    ask("gate waive", gate, "--by", "chen", "--reason", "it is late")
    other = begun(ask, "small")
    open_once(ask.home).runs.open_gate(other, "GATE")
    ask("gate withdraw", "GATE", "--by", "asha", "--reason", "asked too early", "--run", other)
    ask("run skip", "FRZ-01", "--by", "asha", "--reason", "left out tonight", "--run", "blackout-2")
    ask("run backout show", "--run", "blackout-2")
    ask("run backout arm", "--by", "asha", "--reason", "it goes on too long", "--run", "blackout-2")
    ask("run backout", "--by", "asha", "--reason", "it went on too long", "--run", "blackout-2")
    small = begun(ask, "small")
    ask("run done", "FREEZE", "--by", "asha", "--run", small)
    ask("run backout sign", "--by", "asha", "--reason", "in case", "--run", small)
    ask("run backout unsign", "--by", "asha", "--run", small)
    early = begun(ask, "small")
    ask("run backout arm", "--by", "asha", "--reason", "not tonight", "--run", early)
    ask("run backout begin", "--by", "asha", "--reason", "not tonight", "--run", early)
    ask("run backout confirm", "--by", "asha", "--run", early)
    ask("run allow", "LOAD", "--by", "asha", "--run", begun(ask, "small", RunType.REHEARSAL))
    ask("run cancel", "--by", "asha", "--reason", "only a try", "--run", begun(ask))


def monitors(ask: Asking, tmp_path: Path) -> None:
    ask("monitor status")
    ask("monitor rules", "--to", tmp_path / "rules")
    ask("monitor token", "nightly-load")
    ask("monitor token", "nightly-load", "--revoke")
    ask(
        "monitor downtime",
        "load",
        "--by",
        "bo",
        "--note",
        "a load",
        "--component",
        "records",
        "--until",
        "2h",
    )
    ask("monitor downtimes")
    ask("monitor downtime", "load", "--by", "bo", "--end")
    ask("monitor flows")
    ask("monitor detectability")
    ask("monitor exit")
    ask("monitor collect")
    ask("monitor freeze", "incidents", "--by", "chen")
    ask("monitor count", "rare", "2026-10-20", 0)
    ask("monitor register")
    ask("monitor waive", "rare", "--by", "chen", "--reason", "few", "--until", "2h")
    ask("monitor unwaive", "rare", "--by", "chen", "--reason", "watch it after all")
    ask("monitor pack")
    troubled(ask)


def troubled(ask: Asking) -> None:
    """A check that fails, an alarm that latches and a sum that does not add up, each told by what watches."""
    world = open_once(ask.home)
    now = world.clock.now()
    for minutes in range(0, 60, 2):
        world.monitors.record(
            "custody-health",
            Result(status=Status.CRITICAL, detail="refused"),
            now + timedelta(minutes=minutes),
        )
    ask("monitor ack", "custody-health", "--until", "2h", "--note", "looking", "--by", "bo")
    fallen(ask)
    ask("monitor take", "incidents", "--until", "2h", "--note", "looking", "--by", "bo")
    ask("monitor close", "incidents", "--cause", "fixed", "--note", "counted", "--by", "bo")
    triage = next(check for check in world.folder.watched.checks if check.id == "triage-ages")
    world.ageing.look(triage, now)
    ask("monitor ageing")
    ask("monitor settle", "triage-ages", "--origin", "found", "--note", "found", "--by", "bo")


def fallen(ask: Asking) -> None:
    """Four weeks at a tenth of normal after the night: the chart of the flow raises an alarm."""
    later(ask, timedelta(days=30))
    days = (date(2026, 10, 25) + timedelta(days=n) for n in range(28))
    with (ask.home / "counts" / "incidents.csv").open("a", encoding="utf-8") as counts:
        counts.writelines(f"{day},12\n" for day in days)
    ask("monitor collect")


def registers(ask: Asking, tmp_path: Path) -> None:
    ask("reconcile show", "books")
    ask("reconcile run", "books", "--by", "bo")
    ask("reconcile run", "books", "--by", "bo")
    ask("reconcile show", "books")
    ask("reconcile due")
    ask("reconcile export", "books", tmp_path / "findings.csv")
    ask("reconcile since", "books", 1)
    ask("reconcile sql", "books", "--engine", "duckdb")
    ask("reconcile explain", "books", "--code", "late", "--reason", "loaded late", "--by", "bo")
    ask("reconcile repaired", "books", "--how", "loaded again", "--by", "bo")


def people(ask: Asking, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a long enough sentence to sign in with", encoding="utf-8")
    ask("account add", "asha", "--password-file", tmp_path / "password")
    ask("account passwd", "asha", "--password-file", tmp_path / "password")
    ask("account list")
    ask("account sessions")
    ask("account pin", "sam", "--by", "asha")
    ask("account pin", "sam", "--by", "asha", "--withdraw")
    ask("account tokens")
    ask("account sign-out", "asha")
    ask("account disable", "asha")
    ask("link public")
    ask("link calendar", "--for", "asha")
    ask("link revoke", "public")
    ask("api scopes")
    ask("api token", "read:runs")
    ask("api token", "read:runs", "--revoke")


def journal(ask: Asking, tmp_path: Path) -> None:
    ask("journal show")
    ask("journal verify")
    ask("journal checkpoint")
    ask("journal export", tmp_path / "journal.jsonl")
    ask("db upgrade")
    ask("db rebuild")
    ask("db backup", tmp_path / "whole.cutover.tar")
    ask("db restore", tmp_path / "whole.cutover.tar", "--programme", tmp_path / "again", at=False)
    world = open_once(ask.home)
    raised = next(iter(world.journal.all([ActionRaised.kind()])))
    ask(
        "journal redact",
        raised.position,
        "title",
        "--by",
        "asha",
        "--witness",
        "bo",
        "--reason",
        "a name was in it",
    )
    prepare_letters(world.engine)
    note_trouble(world.engine, "letter-1", "answered 503", world.clock.now(), dead=True)
    ask("webhook status")
    ask("webhook requeue", "letter-1")
