"""The roof: commands of all rooms assembled, flows launched. Rooms and Prefect are imported only when they are used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App, CycloptsError, Parameter

from cutover import __version__
from cutover.cli.border import BAD_INPUT, guarded, refuse
from cutover.core.unswept import unswept

if TYPE_CHECKING:
    from cutover.app.bootstrap import World

Opener = Callable[[Path], "World"]

COMPLETING = "__complete"  # how the script of `cutover completion` begins its questions
HELP = "Cutover and go-live resilience: run the blackout window, watch the new systems, work on paper, bring every paper record back."
GROUPS: dict[str, str] = {
    "runbook": "Import, lint, plan and forecast a runbook.",
    "run": "Start, resume and work on a run.",
    "gate": "Go or no-go: criteria, evidence, votes.",
    "monitor": "Is it healthy: checks, alerts, acknowledgements.",
    "reconcile": "Is every record of the source in the target, once, with the same values.",
    "paper": "Controlled stationery: issue, log, return, enter, account.",
    "contingency": "Triggers and plays: what is proposed, who decides, what is still open.",
    "backlog": "What waits, how grave, since when, and when it will be cleared.",
    "convert": "Back-conversion: paper into the target, once, highest risk first.",
    "report": "Assurance and bulletins, every number traceable.",
    "account": "Who may sign in: make, list and disable accounts.",
    "link": "Links for who has no account: to read the board, or to work on one task.",
    "api": "What programs ask and tell: tokens, and the OpenAPI document.",
    "webhook": "Outside systems that are told of facts: what waits, what nobody takes.",
    "journal": "Verify, show, export and checkpoint the journal.",
    "db": "Upgrade the database, rebuild its views.",
    "deploy": "Prefect on several machines: a tuned server on PostgreSQL, workers for it.",
    "demo": "Seventy-two hours in a minute: the whole job, against stand-in systems.",
    "rehearse": "A game day: your programme against stand-ins, with your own faults.",
    "init": "Write a new programme folder to begin from.",
    "check": "Check every file of a programme folder.",
    "schema": "JSON Schemas of the programme's files, for editors.",
    "doctor": "Is this machine ready: versions, database, clock, folders.",
    "serve": "The board and the health page in a browser.",
    "watch": "The board and the health of it all in this terminal.",
    "completion": "What lets a shell complete these commands.",
}


def _said_default(default: Any) -> str | None:
    """What is not said is nothing: no text, no list, not so. Only other defaults are worth a word."""
    return (
        None if default in ("", (), None) or default is False else "on" if default is True else str(default)
    )


LIKE_ALL = Parameter(show_default=_said_default, negative_iterable=())


@cache
def open_once(path: Path) -> World:
    """The world of a folder, opened once in a process of the command line."""
    with unswept():
        from cutover.app.bootstrap import build_world

        return build_world(path)


def build_app(first: str = "", opener: Opener = open_once) -> App:
    """The command line. Only the room that `first` belongs to is imported; the others are a line of help."""
    app = App(
        name="cutover", help_format="plaintext", help=HELP, version=__version__, default_parameter=LIKE_ALL,
    )  # fmt: skip
    if first in GROUPS:
        with unswept():  # what is loaded stays
            importlib.import_module("cutover.commands").add(app, first, opener)
        return app
    for name, help_ in GROUPS.items():
        app.command(App(name=name, help=help_))
    return app


def whole_app(opener: Opener = open_once) -> App:
    """The command line with the commands of every room."""
    app = App(name="cutover", help=HELP, version=__version__, default_parameter=LIKE_ALL)
    add = importlib.import_module("cutover.commands").add
    for name in GROUPS:
        if name not in app:
            add(app, name, opener)
    return app


def run_command(tokens: Sequence[str], opener: Opener = open_once) -> int:
    """Run one command in this process; raises what the command raises, NotFound for a person nobody knows."""
    app = build_app(_room(tokens), opener)
    if tokens and tokens[0] in GROUPS:
        _check_named(app, tokens)
    return typed(app, tokens)


def _room(tokens: Sequence[str]) -> str:
    """The group whose commands are needed; a shell that asks what it may offer says so first."""
    words = tokens[1:] if tokens[:1] == [COMPLETING] else tokens
    return words[0] if words else ""


def _check_named(app: App, tokens: Sequence[str]) -> None:
    from cutover.app.named import check_named

    _, given, _ = app.parse_args(list(tokens), exit_on_error=False, print_error=False)
    check_named(tuple(app.parse_commands(list(tokens))[0]), given.arguments)


def typed(app: App, tokens: Sequence[str]) -> int:
    """What a command answers; raises what it raises, and CycloptsError for words it does not know."""
    result: Any = app(list(tokens), exit_on_error=False, print_error=False, result_action="return_value")
    return int(result or 0)


def main() -> None:
    """The console script."""
    tokens = sys.argv[1:]
    first, as_json = tokens[0] if tokens else "", "--json" in tokens

    def run() -> int:
        if first in GROUPS:
            from cutover.app.observability import set_up_logging
            from cutover.app.settings import read_settings

            set_up_logging(read_settings().log_level)
        try:
            return run_command(tokens)
        except CycloptsError as error:
            return refuse("invalid", BAD_INPUT, [" ".join(str(error).split())], as_json=as_json)

    sys.exit(guarded(run, as_json=as_json))
