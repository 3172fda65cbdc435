"""What is asked of contingency in JSON: each command of the room, typed on a played programme."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cutover.main import open_once
from tests.end_to_end.answering import Asking, later


def contingency(ask: Asking, tmp_path: Path) -> None:
    play = "custody-on-paper"
    ask("contingency propose", play, "--by", "bo", "--reason", "it is down")
    ask("contingency enact", play, "--by", "chen", "--reason", "down")
    ask("contingency status")
    ask("contingency limits")
    ask(
        "contingency hand-over",
        play,
        open_record(ask),
        "--by",
        "bo",
        "--signed-by",
        "PS 12 Ahmed",
        "--reference",
        "CU-2",
        *clocks(ask, open_record(ask)),
    )
    ask("contingency propose", "walk", "--by", "bo", "--reason", "cold")
    ask("contingency enact", "walk", "--by", "chen", "--reason", "cold")
    ask("contingency step", "walk", "call", "--by", "bo")
    ask("contingency stand-down", play, "--by", "chen", "--line", "open-records", "--partly")
    ask("contingency stand-down", play, "--by", "chen", "--line", "sheets-back")
    later(ask, timedelta(minutes=5))
    ask("contingency propose", play, "--by", "bo", "--reason", "it is down again")
    ask("contingency decline", play, "--by", "chen", "--reason", "not this time")
    tracked(ask)


def tracked(ask: Asking) -> None:
    named = ask("contingency action raise", "Find out why", "--owner", "bo", "--by", "asha")["action"]
    ask("contingency action claim", named, "--evidence", "a log", "--by", "bo")
    ask("contingency action verify", named, "--how", "read it", "--by", "chen")
    ask("contingency action reopen", named, "--reason", "again", "--by", "chen")
    ask("contingency action")
    until = ("--until", "2099-01-01T09:00")
    ask(
        "contingency issue add",
        "slow",
        "It is slow",
        "--owner",
        "bo",
        "--meanwhile",
        "wait",
        *until,
        "--by",
        "bo",
    )
    ask("contingency issue renew", "slow", *until, "--why", "still slow", "--by", "bo")
    ask("contingency issue")
    ask("contingency issue resolve", "slow", "--evidence", "measured", "--by", "bo")
    told = ask("contingency incident report", "No printer", "--by", "sam")["incident"]
    ask("contingency incident claim", told, "technology", "--evidence", "cable", "--by", "bo")
    ask("contingency incident")
    ask("contingency incident verify", told, "--evidence", "new cable", "--by", "chen")
    ask("contingency incident reopen", told, "--reason", "again", "--by", "chen")
    ask("contingency incidents")


def open_record(ask: Asking) -> str:
    """A custody sheet that was logged, went live on paper and is not handed over yet."""
    world = open_once(ask.home)
    return str(next(row.serial for row in world.paper.sheets(("used", "live"), "custody")))


def clocks(ask: Asking, serial: str) -> list[str]:
    due = open_once(ask.home).contingency.clocks_of(serial)
    return [word for rule, at in due.items() for word in ("--clock", f"{rule}={at.isoformat()}")]


def backlog(ask: Asking, tmp_path: Path) -> None:
    ask("backlog token")
    key = ask("backlog discover", "upstream", "--by", "bo")[0]["fresh"][0]
    ask("backlog status")
    ask("backlog next")
    ask("backlog why", key)
    ask("backlog assign", key, "--owner", "bo", "--by", "asha")
    ask("backlog claim", key, "--done", "assessed", "--by", "bo")
    ask("backlog verify", key, "--reference", "R1", "--by", "chen")
    ask("backlog reopen", key, "--reason", "the wrong one", "--by", "chen")
    ask("backlog forecast", 4, "--what-if", 8)


def conversion(ask: Asking, tmp_path: Path) -> None:
    ask("convert pause", "--by", "asha", "--reason", "a break")
    ask("convert resume", "--by", "asha")
    ask("convert run", "--by", "tova", "--batches", 1)
    ask("convert status", "--check")
    ask("convert dead-letters")
    ask("convert match")


def reports(ask: Asking, tmp_path: Path) -> None:
    ask("report assurance")
    told = ask(
        "report bulletin tell",
        "--to",
        "prosecutor",
        "--subject",
        "News",
        "--text",
        "All is well",
        "--by",
        "asha",
    )
    ask("report bulletin acknowledge", told[0], "--by", "prosecutor")
    ask("report bulletin count", "prosecutor", "rare", "--theirs", 3, "--ours", 4, "--by", "bo")
    ask("report bulletin explain", "prosecutor", "rare", "--reason", "one in the post", "--by", "bo")
    ask("report bulletin")
    for name in list(ask("report bulletin write")["templates"])[:1]:
        ask("report bulletin write", name, "--set", "say=well")
