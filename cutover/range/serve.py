"""One stand-in as a process: `python -m cutover.range.serve custody --port 8401 --state DIR --clock FILE`.

On loopback, unless another address is named. It ends when its standard input ends, and so with the process that
started it, however that process died.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import Server

from cutover.range.place import BEFORE, CRIMES, Place
from cutover.range.system import SEVER, System

HOST = "127.0.0.1"
KEEP_ALIVE_SECONDS = 120

# Named, not imported: each process carries only its own system's libraries.
_CLASSES = {
    "command_and_control": ("cutover.range.system", "System"),
    "legacy_records": ("cutover.range.legacy_records", "LegacyRecords"),
    "new_records": ("cutover.range.new_records", "NewRecords"),
    "custody": ("cutover.range.custody", "Custody"),
    "case_transfer": ("cutover.range.case_transfer", "CaseTransfer"),
}
_OTHERS = ("cutover.range.any_system", "AnySystem")


class SeverableProtocol(H11Protocol):
    """HTTP/1.1 whose connection the app can cut without an answer, as a failing network does."""

    def __init__(
        self, config: Config, server_state: Any, app_state: dict[str, Any], _loop: Any = None
    ) -> None:
        super().__init__(config, server_state, {**app_state, SEVER: self._sever}, _loop)

    def _sever(self) -> None:
        self.transport.abort()


def open_system(place: Place) -> System:
    """The stand-in that lives at a place, seeded when it is new."""
    module, name = _CLASSES.get(place.system, _OTHERS)
    place.state.mkdir(parents=True, exist_ok=True)
    kind: type[System] = getattr(import_module(module), name)
    return kind(place)


def serve(place: Place, port: int, host: str = HOST) -> None:
    """Answer until standard input ends."""
    config = Config(
        open_system(place).app(),
        host=host,
        port=port,
        http=SeverableProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.run()


def _end_with_parent(server: Server) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    server.should_exit = True


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cutover.range.serve",
        description="One stand-in of the range, until standard input ends.",
    )
    parser.add_argument(
        "system", help="one of the range's own, or any other: that one takes whatever it is asked"
    )
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder of its database file")
    parser.add_argument(
        "--clock",
        type=Path,
        required=True,
        help="the rehearsal's clock file; the machine's clock while there is none",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crimes", type=int, default=CRIMES)
    parser.add_argument(
        "--before",
        type=datetime.fromisoformat,
        default=BEFORE,
        help="the seeded crimes were reported in the year before",
    )
    asked = parser.parse_args(arguments)
    serve(
        Place(asked.system, asked.state, asked.clock, asked.seed, asked.crimes, asked.before),
        asked.port,
        asked.host,
    )


if __name__ == "__main__":
    main()
