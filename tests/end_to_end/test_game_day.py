"""A game day: a programme of one's own, untouched, played in a folder of its own with faults from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import Type

pytestmark = pytest.mark.real
FAULTS = """\
faults:
  - {at: 1h, system: application, set: {down: true}}
  - {at: 2h, system: application, set: {down: false}}
"""
CHECK = """\
checks:
  - {id: application-answers, kind: http, title: The application answers, component: application, owner: service-owner,
     severity: critical, system: application, path: /ready, interval: 5m, retry_interval: 1m, max_attempts: 3,
     expect: {body: {status: UP}}}
"""
# A script that would leave a mark if a rehearsal performed it.
SCRIPT = """  - id: SH-01
    title: Move the real load balancer
    stream: control
    type: automated
    duration: 5m
    effect: manual_verify
    action: {kind: shell, with: {argv: [touch, was-here]}}
"""


@pytest.fixture
def programme(types: Type, tmp_path: Path) -> Path:
    """A small upgrade of a system of one's own, whose plan also runs a script."""
    assert types("init", "mine").code == 0
    folder = tmp_path / "mine"
    text = (folder / "programme.yaml").read_text()
    systems = "systems:\n  application: https://app.example.org\n\ncomponents:\n"
    (folder / "programme.yaml").write_text(text.replace("components:\n", systems, 1))
    plan = folder / "runbooks" / "small-upgrade.yaml"
    plan.write_text(plan.read_text().rstrip() + "\n" + SCRIPT)
    (tmp_path / "outage.yaml").write_text(FAULTS)
    return folder


def test_an_outage_that_nothing_saw_is_named_and_one_that_was_seen_says_after_how_long(
    types: Type, programme: Path, tmp_path: Path
) -> None:
    """And nothing real was asked to do anything, and the programme's own folder holds nothing new but the rehearsal."""
    blind = types("rehearse", "--programme", "mine", "--faults", "outage.yaml")
    assert blind.code == 1
    assert "NOT SEEN by anything" in blind.out

    (programme / "monitors").mkdir()
    (programme / "monitors" / "application.yaml").write_text(CHECK)
    (tmp_path / "cast.yaml").write_text("answers: {application: {/ready: {status: UP}}}\n")
    words = ("rehearse", "--programme", "mine", "--faults", "outage.yaml", "--cast", "cast.yaml")
    assert "has ended" in types(*words).err
    seen = types(*words, "--again")
    assert (seen.code, "every identity held" in seen.out) == (0, True)
    assert "application-answers was" in seen.out

    (tmp_path / "cast.yaml").write_text("answers: nonsense\n")
    assert types(*words, "--again").code == 2
    kept = programme / "state" / "rehearsals" / "outage" / "state" / "cutover.db"
    assert kept.exists(), "what was refused threw nothing away"

    assert list((programme / "state").iterdir()) == [programme / "state" / "rehearsals"]
    assert not list(tmp_path.rglob("was-here"))


def test_what_is_wrong_is_said_before_a_file_is_written(types: Type, programme: Path, tmp_path: Path) -> None:
    """A mistake in the plan of faults; a folder that holds something else."""
    (tmp_path / "outage.yaml").write_text(FAULTS.replace("application", "aplication"))
    said = types("rehearse", "--programme", "mine", "--faults", "outage.yaml")
    assert (said.code, "outage.yaml:2" in said.err, "did you mean 'application'" in said.err) == (
        2,
        True,
        True,
    )
    assert not (programme / "state" / "rehearsals").exists()
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("dear")
    said = types("rehearse", "--programme", "mine", "--into", "papers", "--again")
    assert (said.code, "no rehearsal" in said.err) == (2, True)
    assert (tmp_path / "papers" / "letter.txt").read_text() == "dear"
