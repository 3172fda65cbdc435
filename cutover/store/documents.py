"""A YAML document into a model and back; what is wrong is named by file, line, field and the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from cutover.core.errors import Invalid, Problem, nearest
from cutover.store.whole_file import write_whole

M = TypeVar("M", bound=BaseModel)
Place = tuple[int | str, ...]
DEEPEST = 100
_DASHES = re.compile(r"(?:[-?:][ \t]+){20}")

_BY_HAND = re.compile(
    r"(?:Value error, )?(?:(?P<field>[\w.\-]+): )?(?P<message>.*?)(?:; expected (?P<expected>.*?))?(?:; did you mean '(?P<nearest>.*)'\?)?"
)

_FLOAT = r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"


class _PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml where it is: ten times faster
    """YAML without its surprises: `no` is a word, 1:30:00 is no number, 010 keeps its nought, dates stay text.

    The fields that want a number, a duration or a time read the text themselves and name the line.
    """


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


class _Dumper(yaml.SafeDumper):
    """Puts quotes around every text that our loader would take for a number: PyYAML lets 1.5e3 pass."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"^(?:{_FLOAT})$"), list("-+.0123456789")
)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file (BOM allowed). Raises Invalid when missing, empty, RTF or not UTF-8."""
    raw = read_bytes(path)
    if not raw.strip():
        raise Invalid(Problem("the file is empty", file=str(path)))
    if raw.startswith(b"{\\rtf"):
        mend = "open it in a word processor and save as plain text"
        raise Invalid(Problem("this is RTF, not text", file=str(path), expected=mend))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise Invalid(
            Problem(what, str(path), line, expected="a UTF-8 file: save it again as UTF-8")
        ) from error


def read_yaml(path: Path, model: type[M], *, context: Mapping[str, Any] | None = None) -> M:
    """Read and check one document; `context` is what its validators may look up. Raises Invalid with every problem, each on its line."""
    node, value = _parse(path, read_text(path))
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        found = [problem for e in error.errors() for problem in _problems(path, node, model, e)]
        raise Invalid(*found) from error


def write_yaml(path: Path, document: BaseModel) -> None:
    """Write what `read_yaml` reads back equal, without what is as it would be anyway: the whole file, or nothing."""
    plain = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    write_whole(path, text.encode())


def nodes_of(path: Path) -> Any:
    """The nodes of a YAML file: what `line_of` finds a line in."""
    return yaml.compose(read_text(path), Loader=_PlainLoader)


def line_of(node: Any, location: Place) -> int | None:
    """The 1-based line where a location of the document stands, or of its nearest parent that exists."""
    line = node.start_mark.line + 1 if node is not None else None
    for step in location:
        if (child := _child(node, step)) is not None:
            key, node = child
            line = key.start_mark.line + 1
    return line


def read_bytes(path: Path) -> bytes:
    """What a file holds. Raises Invalid when it is not there, with the nearest that is, or cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise Invalid(Problem("no such file", file=str(path), nearest=nearest(path.name, siblings))) from None
    except OSError as error:
        raise Invalid(Problem(f"cannot be read: {error.strerror}", file=str(path))) from error


def refuse_depth(path: Path, text: str) -> None:
    """Composing is recursive in libyaml: a document nested deeply enough would end the whole process.

    Looking costs a parse, so only a text with many brackets or dashes in a row is looked at. Raises Invalid.
    """
    if max(text.count("["), text.count("{")) <= DEEPEST and not _DASHES.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise Invalid(Problem("nested too deeply", str(path), line, expected=f"at most {DEEPEST} levels"))


def _parse(path: Path, text: str) -> tuple[Any, Any]:
    """The document's nodes, which know their lines, and its value."""
    loader: _PlainLoader | None = None
    try:
        refuse_depth(path, text)
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        twice = list(_given_twice(path, node))
        value = None if node is None or twice else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise Invalid(_not_yaml(path, text, error)) from error
    except RecursionError as error:
        raise Invalid(Problem("nested too deeply", file=str(path))) from error
    finally:
        if loader is not None:
            loader.dispose()
    if twice:
        raise Invalid(*twice)
    if node is None:
        raise Invalid(Problem("the document is empty", file=str(path), line=1))
    return node, value


def _given_twice(path: Path, node: Any) -> Iterator[Problem]:
    """YAML would let the last of two equal keys win in silence."""
    waiting, seen = [node], set()
    while waiting:
        at = waiting.pop()
        if id(at) in seen or not isinstance(at, yaml.CollectionNode):
            continue
        seen.add(id(at))
        keys: set[str] = set()
        for key, value in (
            at.value if isinstance(at, yaml.MappingNode) else ((None, item) for item in at.value)
        ):
            waiting.append(value)
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield Problem("is given twice", str(path), key.start_mark.line + 1, str(key.value))
                keys.add(key.value)


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else None
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, int(error.position)) + 1
        return Problem(
            f"not YAML: character #x{int(error.character):04x} has no place in text", str(path), line
        )
    said = (getattr(error, "context", None), getattr(error, "problem", None))
    what = " ".join(" ".join(str(part) for part in said if part).split())
    return Problem(f"not YAML: {what or error}", str(path), line)


def _child(node: Any, step: int | str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(step)), None)
    if not isinstance(node, yaml.SequenceNode):
        return None
    if isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    return next(((item, item) for item in node.value if _id_of(item) == step), None)


def _id_of(node: Any) -> str | None:
    known = _child(node, "id") if isinstance(node, yaml.MappingNode) else None
    return None if known is None else str(known[1].value)


def _problems(path: Path, node: Any, model: type[BaseModel], error: Any) -> Iterator[Problem]:
    """What pydantic says, in our words; a validator of ours may name several fields, one a line."""
    location: Place = tuple(error["loc"])
    spelled = _SPELLED.get(error["type"])
    if spelled is not None:
        message, expected, near = spelled(model, location, error)
        yield Problem(message, str(path), line_of(node, location), _dotted(node, location), expected, near)
        return
    for said in error["msg"].splitlines():
        parts = re.fullmatch(_BY_HAND, said)
        named = (parts["field"] or "").split(".") if parts else []
        place: Place = (*location, *(step for step in named if step))
        found = _found(error) if error["type"] != "value_error" else ""
        yield Problem(
            (parts["message"] if parts else said) + found,
            str(path),
            line_of(node, place),
            _dotted(node, place),
            (parts and parts["expected"]) or "",
            (parts and parts["nearest"]) or "",
        )


def _unknown(model: type[BaseModel], location: Place, error: Any) -> tuple[str, str, str]:
    del error
    name = str(location[-1])
    return f"unknown field '{name}'", "", nearest(name, _fields_at(model, location[:-1]))


def _missing(model: type[BaseModel], location: Place, error: Any) -> tuple[str, str, str]:
    del model, location, error
    return "is missing", "", ""


def _not_a_value(model: type[BaseModel], location: Place, error: Any) -> tuple[str, str, str]:
    del model, location
    expected = str(error["ctx"]["expected"])
    near = nearest(str(error["input"]), re.findall(r"'([^']+)'", expected))
    return f"'{error['input']}' is not one of its values", expected, near


_SPELLED = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "enum": _not_a_value,
    "literal_error": _not_a_value,
}


def _found(error: Any) -> str:
    given = error["input"]
    return f" (found {given!r})" if isinstance(given, str | int | float | None) else ""


def _dotted(node: Any, location: Place) -> str:
    """components.2.mode: counted from one, without the tags that pydantic puts in for the members of a union."""
    shown = []
    for index, step in enumerate(location):
        child = _child(node, step)
        if child is not None or index == len(location) - 1:
            shown.append(str(step + 1) if isinstance(step, int) else step)
        node = child[1] if child is not None else node
    return ".".join(shown)


def _fields_at(model: Any, location: Place) -> list[str]:
    """The field names of the model that stands at a location, following the annotations."""
    for step in location:
        if isinstance(step, int):
            continue
        fields = getattr(model, "model_fields", {})
        if step not in fields:
            continue  # a union's tag
        model = _model_in(fields[step].annotation)
    return list(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg)) is not None), None)
