"""The files of deploy/ name commands, settings and files that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cutover.app.settings import PREFIX, Settings
from cutover.main import build_app
from tests.docs.pages import ROOT

DEPLOY = ROOT / "deploy"
OURS = {f"{PREFIX}{name.upper()}{end}" for name in Settings.model_fields for end in ("", "_FILE")}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every call of cutover with the place it stands in."""
    for unit in sorted(DEPLOY.glob("systemd/*.service")):
        line = next(s for s in unit.read_text().splitlines() if s.startswith("ExecStart="))
        yield unit.name, line.split()[1:]
    for name, service in yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].items():
        if "build" in service:
            yield f"compose {name}", service["command"][1:]
    for made in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()):
        for one in made.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            yield f"kubernetes {one['name']}", one["args"][1:]


def nowhere(path: Path) -> None:
    raise AssertionError(f"{path} was opened while a command was only parsed")


@pytest.mark.parametrize(("place", "words"), list(commands()), ids=str)
def test_every_command_parses(place: str, words: list[str]) -> None:
    command, *_ = build_app(words[0], nowhere).parse_args(words, exit_on_error=False, print_error=False)
    assert command.__name__.replace("_", "-") in words


def test_every_setting_exists() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    assert {name for text in texts for name in re.findall(rf"{PREFIX}[A-Z_]+", text)} <= OURS


def test_every_unit_of_the_target_is_there() -> None:
    wanted = re.search(r"^Wants=(.*)$", (DEPLOY / "systemd" / "cutover.target").read_text(), re.MULTILINE)
    assert wanted
    assert all((DEPLOY / "systemd" / unit).is_file() for unit in wanted[1].split())


@pytest.mark.real
def test_prometheus_takes_its_configuration() -> None:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed")
    subprocess.run(
        [promtool, "check", "config", "--syntax-only", DEPLOY / "prometheus.yml"],
        check=True,
        capture_output=True,
    )
