"""What docs/reference says, read out of the code; its glossary alone is written by hand.

`python docs/generate.py` writes the pages, `--check` compares them and exits 1 naming the ones that are out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from from_code.answers import answers
from from_code.api import api
from from_code.commands import commands, settings
from from_code.facts import errors, events, state_machines
from from_code.files import files
from from_code.metrics import metrics
from from_code.permissions import permissions
from from_code.requirements import requirements

PAGES = Path(__file__).parent / "reference"
FIRST = "<!-- Written by docs/generate.py from the code: change the code, then run it again. -->"


def pages() -> dict[str, str]:
    """Every generated page by its file name under docs/reference."""
    made = {
        "commands.md": commands(),
        "answers.md": answers(),
        "settings.md": settings(),
        "files.md": files(),
        "events.md": events(),
        "errors.md": errors(),
        "state-machines.md": state_machines(),
        "metrics.md": metrics(),
        "requirements.md": requirements(),
        "permissions.md": permissions(),
        "api.md": api(),
    }
    return {name: f"{FIRST}\n\n{text.strip()}\n" for name, text in made.items()}


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    """Write the pages, or with --check say which are out of date."""
    made = pages()
    stale = [name for name, text in made.items() if _on_disk(name) != text]
    if "--check" in arguments:
        for name in stale:
            say(f"docs/reference/{name} is out of date: run docs/generate.py")
        return 1 if stale else 0
    PAGES.mkdir(exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(made[name], encoding="utf-8")
        say(f"docs/reference/{name} written")
    return 0


def _on_disk(name: str) -> str:
    path = PAGES / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
