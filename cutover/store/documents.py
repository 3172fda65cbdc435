"""Read a YAML document into a model; what is wrong is named by file, line, field and the nearest valid name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from cutover.core.errors import Invalid, Problem, nearest

M = TypeVar("M", bound=BaseModel)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file (BOM allowed). Raises Invalid when missing, empty, RTF or not UTF-8."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise Invalid(Problem("no such file", file=str(path), nearest=nearest(path.name, siblings))) from None
    except OSError as error:
        raise Invalid(Problem(f"cannot be read: {error.strerror}", file=str(path))) from error
    if not raw.strip():
        raise Invalid(Problem("the file is empty", file=str(path)))
    if raw.startswith(b"{\\rtf"):
        raise Invalid(Problem("this is RTF, not text", file=str(path), expected="open it in a word processor and save as plain text"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Invalid(Problem(f"byte 0x{raw[error.start]:02x} is not UTF-8", file=str(path), line=line, expected="a UTF-8 file: save it again as UTF-8")) from error


def read_yaml(path: Path, model: type[M]) -> M:
    """Read and check one document. Raises Invalid with every problem found, each on its line."""
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = " ".join(str(p) for p in (getattr(error, "context", None), getattr(error, "problem", None)) if p)
        raise Invalid(Problem(f"not YAML: {what or error}", file=str(path), line=mark.line + 1 if mark else None)) from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(*(_problem(path, node, model, e) for e in error.errors())) from error


def line_of(node: Any, location: tuple[int | str, ...]) -> int | None:
    """The 1-based line where a location of the document stands, or of its nearest parent that exists."""
    line = node.start_mark.line + 1 if node is not None else None
    for step in location:
        child = _child(node, step)
        if child is None:
            break
        key, node = child
        line = key.start_mark.line + 1
    return line


def _child(node: Any, step: int | str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _problem(path: Path, node: Any, model: type[BaseModel], error: Any) -> Problem:
    location = tuple(error["loc"])
    message = re.sub(r"^Value error, ", "", error["msg"])
    near = ""
    if error["type"] == "extra_forbidden":
        message = f"unknown field '{location[-1]}'"
        near = nearest(str(location[-1]), _fields_at(model, location[:-1]))
    elif error["type"] == "missing":
        message = "is missing"
    elif error["type"] == "enum":
        message = f"'{error['input']}' is not one of its values"
        near = nearest(str(error["input"]), re.findall(r"'([^']+)'", str(error["ctx"]["expected"])))
        return Problem(message, str(path), line_of(node, location), _dotted(location), str(error["ctx"]["expected"]), near)
    return Problem(message, str(path), line_of(node, location), _dotted(location), nearest=near)


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in location)


def _fields_at(model: Any, location: tuple[int | str, ...]) -> list[str]:
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
