"""The files of deploy/ name commands, settings and files that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from cutover.app.settings import PREFIX, Settings
from cutover.main import build_app
from cutover.web.certificates import certificates
from tests.docs.pages import ROOT
from tests.real_parts import require_real

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
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("promtool", ["check", "config", "--syntax-only", DEPLOY / "prometheus.yml"]),
        ("amtool", ["check-config", DEPLOY / "alertmanager.yml"]),
    ],
)
def test_prometheus_and_alertmanager_take_their_configuration(part: str, words: list[object]) -> None:
    subprocess.run([require_real(part), *words], check=True, capture_output=True)


@pytest.mark.real
def test_the_proxy_takes_its_configuration(tmp_path: Path) -> None:
    made = certificates(tmp_path / "tls", "proxy", [], datetime.now(UTC))
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("/etc/cutover/tls.crt", str(made.certificate)).replace(
        "/etc/cutover/tls.key", str(made.key)
    )
    (tmp_path / "site.conf").write_text(text)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ access_log off; include {tmp_path}/site.conf; }}\n"
    )
    command = [require_real("nginx"), "-t", "-e", tmp_path / "log", "-c", whole]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


@pytest.mark.real
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd is not installed")
    for unit in (DEPLOY / "systemd").glob("*.*"):  # what they start stands where it is installed, not here
        text = unit.read_text().replace("/opt/cutover/bin/cutover", sys.executable)
        (tmp_path / unit.name).write_text(text)
    units = [path for path in tmp_path.iterdir() if path.suffix in (".service", ".target")]
    tried = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in tried.stderr.splitlines() if "cutover" in line]
    assert (tried.returncode, ours) == (0, [])


def test_every_file_and_secret_that_a_container_is_given_is_there() -> None:
    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = said["services"].values()
    wanted = {secret for service in services for secret in service.get("secrets", ())}
    assert wanted == set(said["secrets"])
    mounted = [volume.split(":")[0] for service in services for volume in service.get("volumes", ())]
    ours = [DEPLOY / place for place in mounted if place.endswith(".yml")]
    assert ours
    assert all(path.is_file() for path in ours)


def test_an_image_is_made_of_all_that_a_wheel_holds_and_of_nothing_that_lies_about() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = told["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel["force-include"], told["project"]["readme"]}
    wanted |= {*told["project"]["license-files"], "pyproject.toml", "constraints.txt"}
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == wanted
