"""Machines of our own on one machine: network namespaces joined by two bridges, the first of which can be cut for one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import pytest

OFFICE, SYSTEMS = (
    "10.213.7",
    "10.213.8",
)  # where database and people are, and where the systems are that tasks work on
NEEDED = ("ip", "setpriv", "unshare")


@dataclass
class Network:
    """`names` get the addresses .1, .2 and so on in both nets. As a context manager: everything is gone afterwards."""

    names: Sequence[str]
    tag: str = field(default_factory=lambda: f"cu{os.getpid() % 10000}")

    def __enter__(self) -> Self:
        self._ip("netns", "add", self._hub)
        for net in ("office", "systems"):
            self._in(self._hub, "link", "add", net, "type", "bridge")
            self._in(self._hub, "link", "set", net, "up")
        for name in self.names:
            self._ip("netns", "add", self.space(name))
            self._in(self.space(name), "link", "set", "lo", "up")
            self._join(name, "office", self.address(name))
            self._join(name, "systems", self.address(name, SYSTEMS))
        return self

    def __exit__(self, *_: object) -> None:
        for space in (*(self.space(name) for name in self.names), self._hub):
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def space(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def address(self, name: str, net: str = OFFICE) -> str:
        return f"{net}.{self.names.index(name) + 1}"

    def on(self, name: str) -> tuple[str, ...]:
        """What goes before a command so that it runs on that machine, under that machine's name."""
        named = f'hostname {name}; exec "$@"'
        return ("ip", "netns", "exec", self.space(name), "unshare", "--uts", "sh", "-c", named, name)

    def cut(self, name: str) -> None:
        """From database and people; the systems can still be reached."""
        self._in(self._hub, "link", "set", f"{name}-office", "down")

    def mend(self, name: str) -> None:
        self._in(self._hub, "link", "set", f"{name}-office", "up")

    def _join(self, name: str, net: str, address: str) -> None:
        space, port = self.space(name), f"{name}-{net}"
        self._ip("link", "add", net, "netns", space, "type", "veth", "peer", "name", port, "netns", self._hub)
        self._in(self._hub, "link", "set", port, "master", net, "up")
        self._in(space, "address", "add", f"{address}/24", "dev", net)
        self._in(space, "link", "set", net, "up")

    @property
    def _hub(self) -> str:
        return f"{self.tag}-hub"

    def _in(self, space: str, *words: str) -> None:
        self._ip("-n", space, *words)

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)


def require_namespaces() -> None:
    """Skip loudly where none can be made: that takes root and iproute2."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    tried = (
        None
        if lacking
        else subprocess.run(["ip", "netns", "add", "cu-probe"], capture_output=True, text=True, check=False)
    )
    if tried is None or tried.returncode:
        why = f"{', '.join(lacking)} missing" if lacking or tried is None else tried.stderr.strip()
        pytest.skip(f"NO NETWORK NAMESPACES HERE: {why}; needs root and the packages iproute2, util-linux")
    subprocess.run(["ip", "netns", "del", "cu-probe"], check=True, capture_output=True)
