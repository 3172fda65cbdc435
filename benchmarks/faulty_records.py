"""The range's records system as a real process that misbehaves: answers lost after the work was done, 503s, hanging.

    python -m benchmarks.faulty_records --port 8401 --state DIR --seed 1 --lost 0.05 --busy 0.05 --hang 0.01

It keeps what it took in SQLite, once a key, as any stand-in of the range; only its answers to POST are spoilt.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse
from uvicorn.config import Config
from uvicorn.server import Server

from cutover.range.place import Place
from cutover.range.serve import SeverableProtocol, open_system
from cutover.range.system import SEVER

HANGS = 3_600.0


class Faulty:
    """An app whose answers to POST are lost, refused for now or never end, each in its share of cases."""

    def __init__(self, app: Any, seed: int, lost: float, busy: float, hang: float) -> None:
        self.app = app
        self.random = random.Random(seed)
        self.shares = lost, busy, hang

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        lost, busy, hang = self.shares
        fate = self.random.random() if scope["type"] == "http" and scope["method"] == "POST" else 1.0
        if fate < busy:
            await JSONResponse({"error": "busy"}, 503)(scope, receive, send)
        elif fate < busy + lost:
            await self.app(scope, receive, _nowhere)
            scope["state"][SEVER]()
        elif fate < busy + lost + hang:
            await self.app(scope, receive, _nowhere)
            await asyncio.sleep(HANGS)
        else:
            await self.app(scope, receive, send)


async def _nowhere(_message: Any) -> None:
    """Where an answer goes that is lost."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    for share in ("lost", "busy", "hang"):
        parser.add_argument(f"--{share}", type=float, default=0.0)
    asked = parser.parse_args()
    system = open_system(Place("new_records", asked.state, asked.state / "clock.json", crimes=0))
    app = Faulty(system.app(), asked.seed, asked.lost, asked.busy, asked.hang)
    config = Config(
        app,  # type: ignore[arg-type]
        host=asked.host,
        port=asked.port,
        http=SeverableProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
