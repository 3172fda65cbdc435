"""The documentation as the tests see it: its pages, their code blocks, their links and anchors."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, its language, its text."""

    page: Path
    language: str
    text: str


def pages() -> list[Path]:
    """Every page a user reads: the ones at the root and those under docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def blocks(language: str) -> Iterator[Block]:
    for page in pages():
        for found, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if found == language:
                yield Block(page, found, text)


def links(page: Path) -> list[str]:
    """Where a page points, without what stands in its code blocks."""
    return _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Every place of a page that can be pointed at: named anchors, and headings as GitHub spells them."""
    text = page.read_text(encoding="utf-8")
    plain = (
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in _HEADING.findall(_BLOCK.sub("", text))
    )
    return {*_ANCHOR.findall(text), *plain}


def commands(block: Block) -> Iterator[list[str]]:
    """The arguments of every `cutover …` and `./run …` line of a shell block."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] in ("cutover", "./run"):
            yield words[1:]
