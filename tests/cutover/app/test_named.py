"""Who is named at the console is somebody of the programme, by one rule, in every command that names a person."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from cutover.app.bootstrap import World, build_world
from cutover.app.named import OPTIONS
from cutover.cli.border import BAD_INPUT, DONE, NO, guarded
from cutover.main import run_command, whole_app
from tests.runbooks.folders import PROGRAMME, write_programme

PARTNERS = "partners:\n  - {id: prosecutor, title: The prosecutor}\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = build_world(write_programme(tmp_path / "prog", programme=PROGRAMME + PARTNERS))
    yield made
    made.engine.dispose()


def typed(world: World, line: str) -> int:
    words = [*shlex.split(line), "--programme", str(world.folder.path)]
    return guarded(lambda: run_command(words, opener=lambda _path: world))


@pytest.mark.parametrize(
    "line",
    [
        "paper issue central crime 5 --by mallory",
        "paper missing CR000000187 lost --decided-by mallory --by asha",
        "paper destroy CR000000187 --reason old --witness mallory --by asha",
        "monitor take referrals --until 2h --note looking --by mallory",
        "monitor ack search --until 2h --note looking --by mallory",
        "run claim A --by=mallory",
        "run backout begin --reason slow --signed-by chen --signed-by mallory --by asha",
        "gate withdraw G --reason again --by mallory",
        "contingency propose on-paper --reason down --by mallory",
        "report bulletin acknowledge n1 --by mallory",
        "journal redact 3 text --reason private --witness asha --by mallory",
        "reconcile run crimes --by mallory",
    ],
)
def test_a_name_that_nobody_bears_is_refused_and_nothing_is_recorded(
    line: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    head = world.journal.head()
    assert typed(world, line) == BAD_INPUT
    assert "not-found: no person of the programme named 'mallory'" in capsys.readouterr().err
    assert world.journal.head() == head


def test_the_name_of_the_account_at_the_machine_is_a_name_like_another(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CUTOVER_BY", raising=False)
    monkeypatch.setenv("USER", "root")
    assert typed(world, "paper issue central crime 5") == BAD_INPUT
    assert "named 'root'" in capsys.readouterr().err


def test_a_partner_says_itself_that_it_has_a_notice_and_nothing_else(world: World) -> None:
    (told,) = world.bulletins.tell(["prosecutor"], "Custody", "On paper.", by="asha", key="k")
    assert typed(world, f"report bulletin acknowledge {told} --by prosecutor") == DONE
    assert (
        typed(world, "report bulletin tell --to prosecutor --subject s --text t --by prosecutor") == BAD_INPUT
    )


def test_a_programme_that_declares_no_people_takes_any(tmp_path: Path) -> None:
    alone = PROGRAMME[: PROGRAMME.index("people:")]
    plan = "id: small\ntitle: A small plan\ntasks: [{id: A, title: Freeze, duration: 1h}]\n"
    world = build_world(write_programme(tmp_path / "prog", plan, alone))
    world.runs.start(world.folder.runbook(), by="asha")
    assert typed(world, "run claim A --by mallory") == DONE
    world.engine.dispose()


def test_help_and_what_nobody_said_are_not_looked_at(world: World) -> None:
    world.runs.start(world.folder.runbook(), by="asha")
    assert typed(world, "run claim A --by dev") == NO, "it is the plan that refuses"
    assert typed(world, "reconcile due") == DONE


def test_every_option_that_names_a_person_is_one_that_the_rule_knows() -> None:
    named = {
        argument.field_info.name
        for app in _commands(whole_app())
        for argument in app.assemble_argument_collection()
        if "a person of the programme" in (argument.parameter.help or "")
        or "another person of the programme" in (argument.parameter.help or "")
    }
    assert named == set(OPTIONS)


def _commands(app: App) -> Iterator[App]:
    if app.default_command is not None:
        yield app
    for name in app:
        if not name.startswith("-"):
            yield from _commands(app[name])
