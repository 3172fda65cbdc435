"""How an argument's `{{ … }}` is filled in: a name, a lookup, a little arithmetic, and nothing that could run away.

Statements, loops, calls and attributes of objects are refused before anything is evaluated, multiplication is of
numbers only, filters are a short list, and every text is bounded: so no template takes long or much memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cutover.core.errors import Invalid, Problem, hint

LONGEST_TEMPLATE = 10_000  # characters
LONGEST_TEXT = 65_536  # characters of a filled-in text
DEEPEST = 50  # levels of lists and names in an argument tree
_LARGE = 10**18
_STEEPEST = 64  # the highest power

_PLAIN = ("default", "d", "lower", "upper", "trim", "title", "capitalize", "length", "count", "int", "float",
          "abs", "first", "last", "string", "urlencode")  # fmt: skip


def render(arguments: Any, context: Mapping[str, Any], secret: Callable[[str], str] | None = None) -> Any:
    """Fill `{{ … }}` in every string of an argument tree. Raises Invalid naming what cannot be filled in."""
    names = {**context, **({"secret": secret} if secret else {})}
    return _walked(arguments, lambda text: _filled(text, names))


def template_faults(arguments: Any, known: Collection[str]) -> Iterator[str]:
    """What no name could ever mend: syntax, statements, calls, and names that nothing will have."""
    found: list[str] = []

    def look(text: str) -> str:
        try:
            tree = _parsed(text)
        except Invalid as error:
            found.append(str(error))
            return text
        undefined = sorted(find_undeclared_variables(tree) - set(known) - {"secret"})
        found.extend(f"'{_short(text)}': '{name}' is undefined{hint(name, known)}" for name in undefined)
        return text

    _walked(arguments, look)
    yield from found


def _walked(tree: Any, each: Callable[[str], str], depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise Invalid(Problem(f"arguments are nested more than {DEEPEST} deep"))
    if isinstance(tree, str):
        return each(tree) if "{{" in tree else tree
    if isinstance(tree, Mapping):
        return {name: _walked(value, each, depth + 1) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_walked(value, each, depth + 1) for value in tree]
    return tree


def _filled(text: str, names: Mapping[str, Any]) -> str:
    try:
        filled = _SANDBOX.from_string(_parsed(text)).render(names)
    except (TemplateError, ArithmeticError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise Invalid(f"'{_short(text)}': {error or type(error).__name__}") from error
    if len(filled) > LONGEST_TEXT:
        raise Invalid(f"'{_short(text)}': the text is longer than {LONGEST_TEXT} characters")
    return filled


def _parsed(text: str) -> nodes.Template:
    """The template as a tree of what is allowed. Raises Invalid."""
    if len(text) > LONGEST_TEMPLATE:
        raise Invalid(f"'{_short(text)}': the template is longer than {LONGEST_TEMPLATE} characters")
    try:
        tree = _SANDBOX.parse(text)
        wrong = next(_not_allowed(tree), "")
    except (TemplateError, RecursionError, MemoryError) as error:
        raise Invalid(f"'{_short(text)}': {error or type(error).__name__}") from error
    if wrong:
        raise Invalid(f"'{_short(text)}': {wrong}")
    return tree


def _not_allowed(tree: nodes.Template) -> Iterator[str]:
    """Why a template is more than an expression."""
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            yield f"unsafe: only {{{{ … }}}} is filled in, no statements ({type(statement).__name__.lower()})"
    alone = {id(one) for output in tree.find_all(nodes.Output) for one in output.nodes}
    for call in tree.find_all(nodes.Call):
        if not _is_secret(call):
            yield "unsafe: nothing can be called but secret('name')"
        elif id(call) not in alone:
            yield "unsafe: secret('name') stands alone in its braces, or its mask would not fit"
    for name in tree.find_all(nodes.Name):
        if name.name == "secret" and not any(call.node is name for call in tree.find_all(nodes.Call)):
            yield "unsafe: secret is called with a name"


def _is_secret(call: nodes.Call) -> bool:
    is_plain = not call.kwargs and call.dyn_args is None and call.dyn_kwargs is None and len(call.args) == 1
    return (
        is_plain
        and isinstance(call.node, nodes.Name)
        and call.node.name == "secret"
        and isinstance(call.args[0], nodes.Const)
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004  a line for people


# --- what a template may use ------------------------------------------------------------------------------


def _replace(value: Any, old: Any, new: Any) -> str:
    text, before, after = str(value), str(old), str(new)
    _bounded(len(text) + text.count(before) * len(after))
    return text.replace(before, after)


def _join(values: Iterable[Any], between: Any = "") -> str:
    parts = [str(value) for value in values]
    _bounded(sum(map(len, parts)) + len(parts) * len(str(between)))
    return str(between).join(parts)


def _bounded(length: int) -> None:
    if length > LONGEST_TEXT:
        raise SecurityError(f"the text would be longer than {LONGEST_TEXT} characters")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Looks into mappings and lists, never at the attributes of an object."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]  # raises, naming what was not there
        try:
            if isinstance(obj, Mapping | list | tuple | str):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        if isinstance(argument, str) and hasattr(obj, argument):
            return self.unsafe_undefined(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(one, int | float) and abs(one) <= _LARGE for one in (left, right)):
            raise SecurityError(f"unsafe: '{operator}' is for numbers of a decent size")
        if operator == "**" and (right > _STEEPEST or abs(left) > _LARGE ** (1 / 3)):
            raise SecurityError("unsafe: the power is too large")
        return super().call_binop(context, operator, left, right)


def _sandbox() -> _Sandbox:
    sandbox = _Sandbox(undefined=StrictUndefined, autoescape=False)
    sandbox.globals.clear()
    sandbox.filters.clear()
    sandbox.filters |= {name: FILTERS[name] for name in _PLAIN}
    sandbox.filters |= {"replace": _replace, "join": _join, "tojson": json.dumps}
    return sandbox


_SANDBOX = _sandbox()
