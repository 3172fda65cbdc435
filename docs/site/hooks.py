"""What mkdocs is told beside mkdocs.yml: diagrams and drawings of growth are put in when the site is built, and what is not in
it is named.

A page is plain Markdown that any forge shows as it stands; nothing here changes what it says.
"""

from __future__ import annotations

import posixpath
import re
from itertools import count
from pathlib import Path
from typing import Any

import mmdr

_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)#\s]*)(?:#[^)\s]*)?\)")
_GROWTH = re.compile(r"!\[[^\]]*\]\((?:\.\./)+(benchmarks/plots/[\w-]+\.svg)\)")
_ROOT = Path(__file__).parents[2]
_numbers = count(1)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page with its diagrams drawn and its links to the rest of the project as the names of files."""
    drawn = _DIAGRAM.sub(lambda found: _drawn(found[1]), markdown)
    drawn = _GROWTH.sub(lambda found: _growth(found[1]), drawn)
    return _LINK.sub(lambda found: _linked(found, page.file.src_uri), drawn)


def _drawn(source: str) -> str:
    """One diagram as SVG, with an id of its own: the styles of one must not reach the next."""
    svg = mmdr.render(source).svg().replace("merman", f"diagram-{next(_numbers)}")
    return f'<div class="diagram" markdown="0">{" ".join(svg.split())}</div>'


def _growth(path: str) -> str:
    """A drawing that the benchmarks made, which lies outside the documentation."""
    return f'<div class="growth" markdown="0">{(_ROOT / path).read_text(encoding="utf-8").strip()}</div>'


def _linked(found: re.Match[str], page: str) -> str:
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), found[2]))
    if target.startswith("docs/"):
        return found[0]
    return f"{found[1]} (`{target}` in the project)"
