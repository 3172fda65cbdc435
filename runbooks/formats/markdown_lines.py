"""What one line of a Markdown checklist says: its box, and the id, people, length and predecessors in its text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cutover.core.errors import Invalid
from runbooks.formats.cells import read_duration

# Headings of the columns that a checklist is read into; they are what messages name.
ID, TITLE, OWNER, DEPUTY, LENGTH, AFTER, PARENT = (
    "Id",
    "Title",
    "Owner",
    "Deputy",
    "Duration",
    "After",
    "Parent",
)
STATUS, PHASE, STREAM, SECTION, TEXT = "Status", "Phase", "Workstream", "Subsection", "Description"
MARKS = {" ": "", "x": "done", "X": "done", "~": "not applicable", "-": "not applicable", "/": "in progress"}

ITEM = re.compile(r"(?P<indent>\s*)(?P<mark>[-*+]|\d{1,9}[.)])\s+(?:\[(?P<box>[^\]\n])\]\s+)?(?P<text>\S.*)")
HEADING = re.compile(r"\s{0,3}(?P<level>#{1,6})\s+(?P<text>.*?)(?:\s+#+)?\s*")
FENCE = re.compile(r"(?P<indent>\s*)(?P<ticks>`{3,}|~{3,})\s*(?P<info>[^`]*)")
DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
KEYED = re.compile(r"(?P<key>[^\W\d_][\w /()-]{0,39}?)\s*:\s+(?P<value>\S.*)")
OWN_STREAM = re.compile(r"(?:work)?stream\s*:\s*(?P<title>.+)", re.IGNORECASE)

_WORD = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"
_IDS = (
    re.compile(rf"\[(?P<id>{_WORD})\](?![(\[:])\s+(?P<rest>.+)"),
    re.compile(rf"`(?P<id>(?=[^`]*\d){_WORD})`\s*:?\s+(?P<rest>.+)"),
    re.compile(rf"\*\*(?P<id>(?=[^*]*\d){_WORD}):?\*\*\s*:?\s+(?P<rest>.+)"),
    re.compile(rf"(?P<id>(?=[^:\s]*\d){_WORD}):\s+(?P<rest>.+)"),
)
_PERSON = re.compile(rf"(?<!\S)\(?@(?P<name>{_WORD})\)?[:,;]?(?!\S)")
_AT_THE_ENDS = re.compile(rf"^(?:\(?@{_WORD}\)?[:,;]?\s+)+|(?:\s+\(?@{_WORD}\)?[,;]?)+$")
_LENGTH = re.compile(r"(?:(?<!\S)|(?<=\s))(?:\(\s*~?\s*(?P<in>\d[^()]*)\)|~\s?(?P<bare>\d[\w.:]*))(?!\S)")
_AFTER = re.compile(
    r"\s*(?:\(\s*)?(?<!\w)(?:after|depends on|waits for|needs|predecessors?)\s*:\s*(?P<links>[^()]+?)(?:\s*\))?\s*$",
    re.IGNORECASE,
)
_TAG = re.compile(r"\[(?P<tag>[A-Za-z][A-Za-z_.\-]*)\](?![(\[:])\s")
_CLOCK = re.compile(r"\d+(\.\d+)?")


@dataclass(slots=True)
class Entry:
    """One task while its lines are read: cells by heading, what stands under it, its fenced fields."""

    line: int
    indent: int
    cells: dict[str, str]
    text: list[str] = field(default_factory=list)
    fence: tuple[int, str] | None = None


def tag_of(text: str) -> str:
    """The word in brackets that a line begins with, when it may be a label as well as an id."""
    match = _TAG.match(text)
    return match["tag"] if match else ""


def cells_of(box: str | None, text: str, labels: frozenset[str] = frozenset()) -> dict[str, str]:
    """The cells of a task line; what is no id, person, length or predecessor is its title.

    `labels` are words in brackets that several lines begin with: no ids.
    """
    found: dict[str, str] = {}
    if box and MARKS.get(box, box):
        found[STATUS] = MARKS.get(box, box)
    rest = text.strip() if tag_of(text.strip()) in labels else _identified(text.strip(), found)
    rest = _owned(_measured(_owned(rest, found), found), found)
    if match := _AFTER.search(rest):  # people and lengths may stand on either side of the predecessors
        found[AFTER], rest = match["links"].strip(), rest[: match.start()]
        rest = _owned(_measured(_owned(rest, found), found), found)
    if OWNER not in found and (amid := _PERSON.search(rest)):
        found[OWNER] = amid["name"]
    found[TITLE] = rest.strip() or text.strip()
    return found


def _identified(text: str, found: dict[str, str]) -> str:
    match = next((m for form in _IDS if (m := form.fullmatch(text))), None)
    if match is None:
        return text
    found[ID] = match["id"]
    return match["rest"].strip()


def _owned(text: str, found: dict[str, str]) -> str:
    """@names at either end are who does it and who stands in; one amid a sentence is left where it is."""
    while match := _AT_THE_ENDS.search(text):
        for person in _PERSON.finditer(match[0]):
            free = next((role for role in (OWNER, DEPUTY) if role not in found), None)
            if free is None:
                return text
            found[free] = person["name"]
        text = (text[: match.start()] + text[match.end() :]).strip()
    return text


def _measured(text: str, found: dict[str, str]) -> str:
    for match in _LENGTH.finditer(text):
        said = (match["in"] or match["bare"]).strip()
        if LENGTH not in found and _is_length(said):
            found[LENGTH] = said
            return " ".join((text[: match.start()] + " " + text[match.end() :]).split())
    return text


def _is_length(text: str) -> bool:
    """(30m), (1:30), ~2h; a bare number in brackets is a number and no length."""
    if _CLOCK.fullmatch(text):
        return False
    try:
        read_duration(text)
    except Invalid:
        return False
    return True


def split_row(line: str) -> list[str]:
    r"""The cells of a table's row; \| is a bar within one."""
    inside = line.strip().removeprefix("|")
    if inside.endswith("|") and not inside.endswith("\\|"):
        inside = inside[:-1]
    cells = re.split(r"(?<!\\)\|", inside)
    return [re.sub(r"<br\s*/?>", "\n", cell.replace("\\|", "|")).strip() for cell in cells]
