"""How wide words are in the shipped font, so that lines are broken once, before the press."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files

from PIL import ImageFont

FONTS = files("paper_capture.printing").joinpath("fonts")
FAMILY = "Atkinson Hyperlegible Next"
_FILES = {False: "AtkinsonHyperlegibleNext_400Regular.ttf", True: "AtkinsonHyperlegibleNext_700Bold.ttf"}
_MEASURED_AT = 200  # points: large enough that rounding to pixels does not matter
MM_A_POINT = 25.4 / 72


@cache
def _font(*, bold: bool) -> ImageFont.FreeTypeFont:
    font = io.BytesIO(FONTS.joinpath(_FILES[bold]).read_bytes())
    return ImageFont.truetype(font, _MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)


@cache
def _advance(letter: str, *, bold: bool) -> float:
    return _font(bold=bold).getlength(letter) / _MEASURED_AT


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Millimetres of a text at a size in points; kerning only ever makes it narrower."""
    return sum(_advance(letter, bold=bold) for letter in text) * size * MM_A_POINT


def broken(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """A text in lines no wider than `room` millimetres; a word too long for a line is cut."""
    lines: list[str] = []
    line = ""
    for word in _words(text, size, room, bold=bold):
        longer = f"{line} {word}".strip()
        if line and width(longer, size, bold=bold) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _words(text: str, size: float, room: float, *, bold: bool) -> list[str]:
    words: list[str] = []
    for word in text.split():
        part = word
        while width(part, size, bold=bold) > room and len(part) > 1:
            fits = next(
                n for n in range(len(part) - 1, 0, -1) if n == 1 or width(part[:n], size, bold=bold) <= room
            )
            words.append(part[:fits])
            part = part[fits:]
        words.append(part)
    return words
