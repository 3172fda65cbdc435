"""An XML document as nodes that know their lines; refuses a DOCTYPE, and with it every entity of its own.

Expat reads the bytes itself (so an encoding cannot hide a DOCTYPE from us) and fetches nothing from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat  # the DOCTYPE is refused below, before any entity can be declared

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import read_bytes

DEEPEST = 64
_BETWEEN = " "


@dataclass(slots=True, eq=False)
class Node:
    """One element: its name without namespace, the line it begins on, its text and children."""

    name: str
    space: str
    line: int
    parts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts).strip()

    @property
    def raw(self) -> str:
        """The text with the spaces around it."""
        return "".join(self.parts)

    def child(self, name: str) -> Node | None:
        return next((c for c in self.children if c.name == name), None)

    def all(self, *path: str) -> Iterator[Node]:
        """Every node along a path such as Tasks, Task."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def says(self, name: str) -> str:
        """The text of a child; '' when there is none."""
        found = self.child(name)
        return found.text if found else ""


def read_tree(path: Path, what: str) -> Node:
    """The root of a document. Raises Invalid for what is not XML, saying what was expected instead."""
    return parse_tree(_bytes(path), str(path), what)


def parse_tree(raw: bytes, file: str, what: str) -> Node:
    """The root of a document that is already in hand."""
    parser = expat.ParserCreate(namespace_separator=_BETWEEN)
    parser.buffer_text = True
    building = _Building(parser)
    try:
        parser.Parse(raw, True)
    except Invalid as error:
        raise Invalid(
            *(Problem(p.message, file, p.line, p.field, p.expected) for p in error.problems)
        ) from error
    except expat.ExpatError as error:
        message = f"not XML: {expat.ErrorString(error.code)}"
        raise Invalid(Problem(message, file, error.lineno, expected=what)) from error
    except (
        LookupError,
        ValueError,
    ) as error:  # an encoding that is none, or none that can be read byte by byte
        raise Invalid(Problem(f"not XML: {error}", file, 1, expected="encoding utf-8 or utf-16")) from error
    assert building.root is not None  # expat refuses a document without an element
    return building.root


class _Building:
    """The tree while it grows."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.root: Node | None = None
        self.open: list[Node] = []
        self.parser = parser
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _doctype(self, *_: object) -> None:
        raise Invalid(
            Problem(
                "the document declares a DOCTYPE, which may define entities",
                line=self.parser.CurrentLineNumber,
                field="DOCTYPE",
                expected="a document without one, as it was exported",
            )
        )

    def _end(self, _name: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def _start(self, name: str, _attributes: object) -> None:
        space, _, local = name.rpartition(_BETWEEN)
        node = Node(local, space, self.parser.CurrentLineNumber)
        if len(self.open) > DEEPEST:
            raise Invalid(Problem("nested too deeply", line=node.line, field=local))
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        self.open.append(node)


def _bytes(path: Path) -> bytes:
    raw = read_bytes(path)
    if not raw.strip():
        raise Invalid(Problem("the file is empty", file=str(path)))
    return raw
