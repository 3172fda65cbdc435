"""Prefect flows of the cutover: `from flows import go_live` is an ordinary flow to call, serve or deploy.

Prefect costs seconds to import, so a flow is loaded when its name is first used. Each flow's module has the
flow's own name (deployments name `flows/go_live.py:go_live`); whichever is imported first, the name here is the flow.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

__all__ = ["back_conversion", "go_live", "hypercare", "reconciliation"]


class _Flows(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        """The import system puts a submodule under its name here: we put the flow of that name in its place."""
        is_flow = name in __all__ and isinstance(value, ModuleType)
        super().__setattr__(name, getattr(value, name) if is_flow else value)


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module(f"flows.{name}"), name)
    raise AttributeError(f"flows has no '{name}'")


sys.modules[__name__].__class__ = _Flows
