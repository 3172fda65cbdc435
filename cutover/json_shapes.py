"""The shapes of what every command answers with --json, and their JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

import contingency.json_shapes
import cutover.app.json_shapes
import cutover.reconciliation.json_shapes
import monitors.json_shapes
import paper_capture.json_shapes
import runbooks.json_shapes
from cutover.cli.border import JsonError

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ERROR = "error"  # what any command answers that cannot do what it was asked

ANSWERS: Mapping[str, Any] = {
    **runbooks.json_shapes.ANSWERS,
    **monitors.json_shapes.ANSWERS,
    **cutover.reconciliation.json_shapes.ANSWERS,
    **paper_capture.json_shapes.ANSWERS,
    **contingency.json_shapes.ANSWERS,
    **cutover.app.json_shapes.ANSWERS,
    ERROR: JsonError,
}


@cache
def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of one command's answer, by its words, such as `run status`."""
    found = TypeAdapter(ANSWERS[command]).json_schema(mode="serialization", by_alias=False)
    return {"$schema": DRAFT, **found, "title": command}
