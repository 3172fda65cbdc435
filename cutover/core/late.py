"""The names of a package, each loaded when it is first used: who asks for one fact need not load every service."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def late_names(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """A `__getattr__` for a package whose modules (by their name inside it) hold these names."""
    inside = f"{package}." if package else ""
    where = {name: inside + module for module, held in names.items() for name in held}

    def loaded(name: str) -> Any:
        if name in where:
            return getattr(importlib.import_module(where[name]), name)
        raise AttributeError(f"{package or 'this module'} has no '{name}'")

    return loaded
