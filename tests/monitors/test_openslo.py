"""What is written for SLO tools has the structure that OpenSLO v1 asks for, and its queries are PromQL.

The schema here is written from the specification: the one that is published with it asks for a `rationMetric`, so it
refuses every document that has a ratio.
"""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from monitors.definitions import load_monitors
from monitors.domain.check import HttpCheck
from monitors.openslo import objectives
from tests.monitors.test_definitions import EXAMPLE
from tests.real_parts import require_real

LABEL = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
SHORTHAND = {"type": "string", "pattern": "^[1-9][0-9]*[mhdwMQY]$"}
TEXT = {"type": "string", "maxLength": 1050}


def part(required: dict[str, Any], optional: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    fields = {"type": "object", "required": list(required), "properties": required | (optional or {})}
    return fields | {"additionalProperties": False} | more


SOURCE = part({"metricSource": part({"spec": {"type": "object", "minProperties": 1}}, {"type": {"type": "string"}, "metricSourceRef": LABEL})})  # fmt: skip
METADATA = part({"name": LABEL}, {"displayName": {"type": "string"}, "labels": {"type": "object"}, "annotations": {"type": "object"}})  # fmt: skip
RATIO = part(
    {"counter": {"type": "boolean"}, "total": SOURCE}, {"good": SOURCE, "bad": SOURCE}, oneOf=[{"required": ["good"]}, {"required": ["bad"]}],
)  # fmt: skip
INDICATOR = part(
    {"metadata": METADATA, "spec": part({}, {"description": TEXT, "ratioMetric": RATIO, "thresholdMetric": SOURCE}, oneOf=[{"required": ["ratioMetric"]}, {"required": ["thresholdMetric"]}])}
)  # fmt: skip
WINDOW = part(
    {"duration": SHORTHAND, "isRolling": {"type": "boolean"}}, {"calendar": part({"startTime": {"type": "string"}, "timeZone": {"type": "string"}})},
    **{"if": {"properties": {"isRolling": {"const": True}}}, "then": {"not": {"required": ["calendar"]}}, "else": {"required": ["calendar"]}},
)  # fmt: skip
OBJECTIVE = part(
    {},
    {
        "displayName": {"type": "string"}, "op": {"enum": ["lte", "gte", "lt", "gt"]}, "value": {"type": "number"},
        "target": {"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "targetPercent": {"type": "number", "minimum": 0, "exclusiveMaximum": 100},
        "timeSliceTarget": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "timeSliceWindow": SHORTHAND,
    },
    oneOf=[{"required": ["target"]}, {"required": ["targetPercent"]}],
)  # fmt: skip
SLICED = {"if": {"properties": {"budgetingMethod": {"const": "Timeslices"}}}, "then": {"properties": {"objectives": {"items": {"required": ["timeSliceTarget", "timeSliceWindow"]}}}}}  # fmt: skip
SPEC = part(
    {
        "service": LABEL, "budgetingMethod": {"enum": ["Occurrences", "Timeslices", "RatioTimeslices"]},
        "timeWindow": {"type": "array", "minItems": 1, "maxItems": 1, "items": WINDOW},
        "objectives": {"type": "array", "minItems": 1, "items": OBJECTIVE},
    },
    {"description": TEXT, "indicator": INDICATOR, "indicatorRef": LABEL},
    oneOf=[{"required": ["indicator"]}, {"required": ["indicatorRef"]}],
    **SLICED,
)  # fmt: skip
SLO = Draft202012Validator(part({"apiVersion": {"const": "openslo/v1"}, "kind": {"const": "SLO"}, "metadata": METADATA, "spec": SPEC}))  # fmt: skip


def probe(name: str) -> HttpCheck:
    fields = {
        "kind": "http",
        "id": name,
        "title": "T",
        "owner": "bo",
        "system": "records",
        "component": "Records_New",
    }
    return HttpCheck.model_validate(fields)


def test_every_document_of_the_example_is_an_openslo_document() -> None:
    found = list(objectives(load_monitors(EXAMPLE).checks))
    assert len(found) == 6
    for document in found:
        SLO.validate(yaml.safe_load(yaml.safe_dump(document)))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("metadata", "name"), "Records answers"),
        (("spec", "budgetingMethod"), "ratio"),
        (("spec", "service"), None),
        (("spec", "timeWindow", 0, "duration"), "28 days"),
        (("spec", "timeWindow", 0, "isRolling"), False),
        (("spec", "objectives", 0, "target"), 1.0),
        (("spec", "objectives", 0, "timeSliceWindow"), None),
        (("spec", "indicator", "spec", "ratioMetric", "good"), None),
        (("spec", "indicator", "spec", "ratioMetric", "total", "metricSource", "spec"), {}),
    ],
)
def test_what_is_no_such_document_is_refused(path: tuple[Any, ...], wrong: object) -> None:
    """The check above is not green by itself; None takes the field away."""
    document = copy.deepcopy(next(objectives([probe("a")])))
    at: Any = document
    for step in path[:-1]:
        at = at[step]
    if wrong is None:
        del at[path[-1]]
    else:
        at[path[-1]] = wrong
    with pytest.raises(ValidationError):
        SLO.validate(document)


def test_names_that_look_alike_or_are_long_are_labels_of_their_own() -> None:
    names = ["a_b", "a.b", "A-b", "x" * 80, "x" * 79 + "y", "x" * 62 + "_z"]
    found = list(objectives(map(probe, names)))
    for document in found:
        SLO.validate(document)
    labels = [document["metadata"]["name"] for document in found]
    assert labels[:3] == ["a-b", "a-b-2", "a-b-3"]
    assert len(set(labels)) == len(names)


@pytest.mark.real
def test_the_queries_are_promql(tmp_path: Path) -> None:
    """Asked as promtool reads them: as rules."""
    ratio = [d["spec"]["indicator"]["spec"]["ratioMetric"] for d in objectives([probe("a"), probe("b_c")])]
    rules = [{"record": "x", "expr": one[side]["metricSource"]["spec"]["query"]} for one in ratio for side in ("good", "total")]  # fmt: skip
    (tmp_path / "slo.yml").write_text(yaml.safe_dump({"groups": [{"name": "slo", "rules": rules}]}))
    done = subprocess.run(
        [require_real("promtool"), "check", "rules", "--lint=none", "slo.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
