"""What is written for Prometheus and Alertmanager passes their own checks, and each rule its unit test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from monitors.definitions import Watched, load_monitors
from monitors.rules import ROUTE, RULES, SLOS, TESTS, rule_files
from tests.monitors.test_definitions import EXAMPLE
from tests.real_parts import require_real

BASE = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def watched() -> Watched:
    return load_monitors(EXAMPLE)


@pytest.fixture(scope="module")
def folder(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rules")
    for name, text in rule_files(watched, BASE).items():
        (place / name).write_text(text)
    return place


def run(*command: object, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, cwd=at)


@pytest.mark.real
@pytest.mark.parametrize("words", [("check", "rules", RULES), ("test", "rules", TESTS)])
def test_promtool_takes_the_rules_and_their_unit_tests_pass(folder: Path, words: tuple[str, ...]) -> None:
    done = run(require_real("promtool"), *words, at=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_a_rule_that_is_gone_fails_its_unit_test(folder: Path, tmp_path: Path) -> None:
    """The unit tests are not green by themselves."""
    (tmp_path / TESTS).write_text((folder / TESTS).read_text())
    (tmp_path / RULES).write_text((folder / RULES).read_text().replace("_alerting", "_gone"))
    assert run(require_real("promtool"), "test", "rules", TESTS, at=tmp_path).returncode != 0


@pytest.mark.real
def test_amtool_takes_the_route(folder: Path, tmp_path: Path) -> None:
    done = run(require_real("amtool"), "check-config", folder / ROUTE, at=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_monitor_has_an_absent_rule_by_its_name(watched: Watched, folder: Path) -> None:
    rules = [
        rule for group in yaml.safe_load((folder / RULES).read_text())["groups"] for rule in group["rules"]
    ]
    absent = {rule["labels"]["monitor"] for rule in rules if rule["expr"].startswith("absent(")}
    assert absent == {one.id for one in (*watched.checks, *watched.flows)} | {"cutover"}


def test_probes_have_an_openslo_document_each(watched: Watched, folder: Path) -> None:
    documents = list(yaml.safe_load_all((folder / SLOS).read_text()))
    probes = [check.id for check in watched.checks if check.kind in ("http", "journey")]
    assert [d["metadata"]["name"] for d in documents] == probes
    assert {d["apiVersion"] for d in documents} == {"openslo/v1"}


def test_the_same_programme_gives_the_same_bytes(watched: Watched) -> None:
    assert rule_files(watched, BASE) == rule_files(watched, BASE)
