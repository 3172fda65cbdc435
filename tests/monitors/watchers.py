"""Debian's Prometheus, Alertmanager and blackbox_exporter as plain processes on loopback, once a session each."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real_parts import require_real

PATIENCE = 30.0


@dataclass(frozen=True)
class Running:
    """A started server: where it answers, and the process that it is."""

    url: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def wait_until(is_so: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again; a real part has its own pace."""
    ends = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > ends:
            raise AssertionError(f"{what} did not come within {patience:g} s")
        time.sleep(0.05)


@contextmanager
def started(part: str, folder: Path, health: str, arguments: Callable[[int], list[str]]) -> Iterator[Running]:
    port = free_port()
    with (folder / f"{part}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(require_real(part)), *arguments(port)], stdout=log, stderr=log, cwd=folder
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: process.poll() is not None or ready(url + health), f"{part} at {url}")
            assert process.poll() is None, (folder / f"{part}.log").read_text()[-2000:]
            yield Running(url, process)
        finally:
            process.terminate()
            process.wait(10)


def alertmanager(folder: Path, config: str) -> object:
    (folder / "alertmanager.yml").write_text(config)
    return started(
        "alertmanager", folder, "/-/ready",
        lambda port: [
            "--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
    )  # fmt: skip


def prometheus(folder: Path, config: str, *more: str) -> object:
    (folder / "prometheus.yml").write_text(config)
    return started(
        "prometheus", folder, "/-/ready",
        lambda port: [
            "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle", *more,
        ],
    )  # fmt: skip


def blackbox(folder: Path) -> object:
    (folder / "blackbox.yml").write_text(
        "modules: {http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}\n"
    )
    return started(
        "blackbox", folder, "/-/healthy",
        lambda port: ["--config.file=blackbox.yml", f"--web.listen-address=127.0.0.1:{port}"],
    )  # fmt: skip
