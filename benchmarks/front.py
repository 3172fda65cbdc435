"""Two web processes on two machines behind one nginx on a third, by our own deploy/nginx.conf; and people who watch through it."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from cutover.core.clock import SystemClock
from cutover.web.certificates import certificates
from tests.end_to_end.networks import Network
from tests.servers import Process

CONF = Path(__file__).parents[1] / "deploy" / "nginx.conf"
PORT = 8080
WEBS, FRONT = ("web1", "web2"), "front"
BACK_AFTER = 0.5  # seconds until a page whose stream has ended asks for it again


class Site:
    """The web processes, the proxy, and `watchers` streams through it; all of them processes on machines of `network`."""

    def __init__(
        self, place: Path, network: Network, folder: Path, env: dict[str, str], session: str
    ) -> None:
        self.place, self.network = place, network
        cutover = Path(sys.executable).with_name("cutover")
        office = env | {"CUTOVER_PROXIES": network.address(FRONT)}
        self.webs = {
            at: Process(
                f"on-{at}",
                [
                    *network.on(at),
                    cutover,
                    "serve",
                    "--host",
                    network.address(at),
                    "--port",
                    PORT,
                    "--programme",
                    folder,
                ],
                office,
                place,
            )
            for at in WEBS
        }
        self.proxy = Process(
            "nginx", [*network.on(FRONT), shutil.which("nginx"), "-c", self._conf()], env, place
        )
        self.seen = place / "watchers.json"
        address = f"https://{network.address(FRONT)}"
        words = ["-m", "benchmarks.front", address, session, "--to", self.seen]
        self.watchers = Process("watchers", [*network.on(FRONT), sys.executable, *words], env, place)

    def _conf(self) -> Path:
        """Ours as it stands, but for addresses and the places of the certificate."""
        text, made = CONF.read_text(), self._certificates()
        said = {
            "127.0.0.1:8080": f"{self.network.address(WEBS[0])}:{PORT}",
            "127.0.0.1:8081": f"{self.network.address(WEBS[1])}:{PORT}",
            "/etc/cutover/tls.crt": str(made[0]), "/etc/cutover/tls.key": str(made[1]),
        }  # fmt: skip
        for ours, here in said.items():
            assert text.count(ours) == 1, ours
            text = text.replace(ours, here)
        (self.place / "site.conf").write_text(text)
        paths = "".join(
            f"{name}_temp_path {self.place}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = self.place / "nginx.conf"
        whole.write_text(
            f"daemon off; user root; pid {self.place}/nginx.pid; error_log stderr;\nevents {{}}\n"
            f"http {{ access_log off;\n{paths}include {self.place}/site.conf;\n}}\n"
        )
        return whole

    def _certificates(self) -> tuple[Path, Path]:
        made = certificates(self.place / "tls", "front", [self.network.address(FRONT)], SystemClock().now())
        return made.certificate, made.key

    def processes(self) -> Sequence[Process]:
        return (*self.webs.values(), self.proxy, self.watchers)

    def answers(self) -> bool:
        """Whether both web processes do: a proxy that finds one of them away leaves it alone for a while."""
        return all(
            web.log.exists() and "the board is at" in web.log.read_text() for web in self.webs.values()
        )

    def told(self) -> list[int]:
        """How far each of the watchers knows the journal to have come."""
        try:
            return list(json.loads(self.seen.read_text())["told"])
        except (FileNotFoundError, ValueError):
            return [0]

    def came_back(self) -> int:
        """How often a stream had to be asked for again."""
        return int(json.loads(self.seen.read_text())["again"])


async def watch(address: str, session: str, count: int, to: Path) -> None:
    """Streams as browsers hold them; what they were told is written to a file, again and again."""
    import httpx

    told, again = [0] * count, [0]

    async def one(n: int) -> None:
        while True:
            head = {"Cookie": f"cutover_session={session}"}
            try:
                async with client.stream("GET", f"{address}/stream?after={told[n]}", headers=head) as answer:
                    async for line in answer.aiter_lines():
                        if line.startswith("id: "):
                            told[n] = max(told[n], int(line[4:]))
            except httpx.HTTPError:
                pass
            again[0] += 1
            await asyncio.sleep(BACK_AFTER)

    insecure = ssl._create_unverified_context()  # noqa: SLF001  nobody else is on this network
    async with httpx.AsyncClient(verify=insecure, timeout=httpx.Timeout(10, read=60)) as client:
        streams = [asyncio.create_task(one(n)) for n in range(count)]
        while streams:
            _write(to, json.dumps({"told": told, "again": again[0]}))
            await asyncio.sleep(0.3)


def _write(to: Path, text: str) -> None:
    partial = to.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(to)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("session")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--to", type=Path, required=True)
    wanted = parser.parse_args()
    asyncio.run(watch(wanted.address, wanted.session, wanted.count, wanted.to))
