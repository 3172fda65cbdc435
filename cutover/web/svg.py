"""A drawing of the pages as a file of its own, or inside a printed document: its colours are in it.

Values stand where the style sheet has variables: most programs that open an SVG know none.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_VARIABLES = re.compile(r"--([\w-]+):\s*([^;}]+)")
_USED = re.compile(r"var\(--([\w-]+)\)")
_FONT = 'font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;'


def document(drawn: str, width: int, height: int) -> str:
    """A drawing of the pages as a complete SVG document on white."""
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    head, _, rest = drawn.strip().removeprefix("<svg ").partition(">")
    return f"{opening}{head}>\n<style>\n{chart_style()}</style>\n{ground}{rest}\n"


@cache
def chart_style() -> str:
    """The rules of the style sheet that concern charts, each variable replaced by its value for light paper."""
    sheet = files("cutover.web").joinpath("static", "style.css").read_text(encoding="utf-8")
    light = dict(_VARIABLES.findall(sheet.partition("@media")[0]))
    rules = [line for line in sheet.splitlines() if line.startswith(".chart ")]
    text = _USED.sub(lambda match: light[match[1]].strip(), "\n".join(rules))
    return f".chart {{ {_FONT} font-size: 11px; }}\n{text}\n"
