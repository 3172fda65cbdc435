"""What must hold in a JSON body: `queue.length < 10`, `status == "ok"`, `role in ["a", "b"]`; read once, when loaded."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

from monitors.domain.reading import look_up


def _contains(found: Any, wanted: Any) -> bool:
    """A list holds any value; a text or an object can hold a text alone, and asked for another would raise."""
    if isinstance(found, list):
        return wanted in found
    return isinstance(found, str | dict) and isinstance(wanted, str) and wanted in found


_FORM = re.compile(r"\s*([\w.\-]+)\s*(==|!=|<=|>=|<|>|\bnot in\b|\bin\b|\bcontains\b)\s*(.+?)\s*", re.DOTALL)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OTHERS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "in": lambda found, wanted: found in wanted,
    "not in": lambda found, wanted: found not in wanted,
    "contains": _contains,
}
EXPECTED = 'a field, one of == != < <= > >= in "not in" contains, and a JSON value: queue.length < 10'


def _checked(text: str) -> str:
    """Raises ValueError for an expression that cannot be read."""
    path, sign, wanted = _parts(text)
    if _endless(wanted):
        raise ValueError(f"'{text}' compares {path} with what is no number")
    if sign in _ORDER and (isinstance(wanted, bool) or not isinstance(wanted, int | float | str)):
        raise ValueError(f"'{text}' compares {path} with {json.dumps(wanted)}; expected a number or a text")
    if sign in ("in", "not in") and not isinstance(wanted, list):
        raise ValueError(f"'{text}' looks in {json.dumps(wanted)}; expected a list")
    return text


Expression = Annotated[str, AfterValidator(_checked)]


def broken(expression: str, body: Any) -> str:
    """Why a body does not satisfy an expression; '' when it does. A field that is not there satisfies nothing."""
    path, sign, wanted = _parts(expression)
    found = look_up(body, path)
    if found is None and wanted is not None:
        return f"{path} is not there, expected {expression}"
    if _endless(found) or (sign in _ORDER and not _alike(found, wanted)):
        return f"{path} is {_short(found)}, which cannot be compared; expected {expression}"
    holds = _ORDER[sign](found, wanted) if sign in _ORDER else _OTHERS[sign](found, wanted)
    return "" if holds else f"{path} is {_short(found)}, expected {expression}"


def _parts(text: str) -> tuple[str, str, Any]:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"'{text}' cannot be read; expected {EXPECTED}")
    path, sign, value = form.groups()
    try:
        return path, " ".join(sign.split()), json.loads(value.replace("'", '"') if value[0] == "'" else value)
    except ValueError:
        raise ValueError(f"'{value}' is no JSON value; expected {EXPECTED}") from None


def _endless(found: Any) -> bool:
    """NaN and the infinities are no numbers: a comparison with them says nothing, least of all that all is well."""
    return isinstance(found, float) and not math.isfinite(found)


def _alike(found: Any, wanted: Any) -> bool:
    """Numbers with numbers, texts with texts."""
    if isinstance(found, bool):
        return False
    return isinstance(found, int | float) if isinstance(wanted, int | float) else isinstance(found, str)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004  a line for a person
