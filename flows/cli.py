"""`cutover deploy`: Prefect's server and its workers, one command each."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from cutover.cli.asked import Folder
from cutover.cli.output import console


def deploy_commands() -> App:
    """The `deploy` commands."""
    app = App(
        name="deploy", help="Prefect on several machines: a tuned server on PostgreSQL, workers for it."
    )

    @app.command
    def serve(
        *,
        programme: Folder = Path(),
        host: Annotated[
            str, Parameter(help="address to listen on; others than this machine need a password")
        ] = "127.0.0.1",
        port: Annotated[
            int, Parameter(validator=Number(gte=1, lte=65535), help="the port it listens at")
        ] = 4200,
    ) -> None:
        """A Prefect server, tuned, with our flows as deployments; its database is made when it is missing."""
        from cutover.app.programme_folder import ProgrammeFolder
        from cutover.app.settings import read_settings
        from flows.deploy import serve as run_server

        _ = ProgrammeFolder(programme.resolve()).programme
        run_server(read_settings(), programme, host=host, port=port, stop=_stop(), say=_say)

    @app.command
    def worker(*, programme: Folder = Path()) -> None:
        """A worker on this machine: it performs what is started at the server that CUTOVER_PREFECT_API_URL names."""
        from cutover.app.programme_folder import ProgrammeFolder
        from cutover.app.settings import read_settings
        from flows.deploy import work

        _ = ProgrammeFolder(programme.resolve()).programme
        work(read_settings(), programme, _stop())

    return app


def _say(line: str) -> None:
    console.print(line, markup=False)


def _stop() -> threading.Event:
    """Set by Ctrl-C and by a supervisor's SIGTERM: that is how these commands end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
