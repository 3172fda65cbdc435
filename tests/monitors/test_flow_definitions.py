"""Flows fit together, and what is said to stand in for one really sees it; each fault is named where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from monitors.definitions import Watched, load_monitors
from tests.monitors.flow_world import PROGRAMME

FLOW = "  - {{id: {id}, title: T, owner: bo, counts: {counts}{more}}}\n"
API, POOL = "{kind: api}", "{kind: pool, of: [a, b]}"


def read(folder: Path, *flows: tuple[str, str, str], extra: str = "") -> Watched:
    text = "flows:\n" + "".join(FLOW.format(id=i, counts=c, more=m) for i, c, m in flows)
    (folder / "a.yaml").write_text(text + extra)
    return load_monitors(folder, PROGRAMME)


def test_a_flow_is_counted_after_those_it_is_made_of(tmp_path: Path) -> None:
    found = read(tmp_path, ("sum", POOL, ""), ("a", API, ", ratio_of: c"), ("b", API, ""), ("c", API, ""))
    order = [flow.id for flow in found.flows]
    assert order.index("c") < order.index("a") < order.index("sum")


@pytest.mark.parametrize(
    ("flows", "why"),
    [
        ([("a", API, ", ratio_of: bb"), ("b", API, "")], "flows.1.ratio_of: no flow 'bb'"),
        ([("a", API, ", pooled_into: sum")], "flows.1.pooled_into: no flow 'sum'"),
        ([("a", API, ", pooled_into: b"), ("b", API, "")], "flows.1.pooled_into: 'b' is no pool"),
        ([("c", API, ", pooled_into: s"), ("a", API, ""), ("b", API, ""), ("s", POOL, "")], "the pool 's' is not the sum of 'c'"),
        ([("a", API, ", aged_by: triage")], "flows.1.aged_by: no ageing check 'triage'"),
        ([("a", POOL, ""), ("b", API, "")], "a circle: a needs a"),
        ([("a", API, ""), ("a", API, "")], "'a' is given twice"),
        ([("a", API, ", component: record")], "no component 'record'; did you mean 'records'?"),
        ([("a", API, ", business_owner: boo")], "no person 'boo'; did you mean 'bo'?"),
        ([("a", "{kind: csv, path: ../a.csv}", "")], "the file must be in the programme folder"),
        ([("a", "{kind: prometheus, query: x}", "")], "name either a system or a url"),
        ([("a", API, ", hours: [1, 2]")], "hours: 24 weights"),
        ([("a", API, ", see_wthin: 3")], "unknown field 'see_wthin'; did you mean 'see_within'?"),
        ([("a", API, ", matures_after: -1")], "flows.1.matures_after"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path: Path, flows: list[tuple[str, str, str]], why: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(tmp_path, *flows)
    assert why in str(caught.value)


def test_the_watch_is_agreed_once(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("hypercare: {days: 30}\n")
    with pytest.raises(Invalid, match=r"b\.yaml: hypercare: the watch is agreed in a\.yaml already"):
        read(tmp_path, ("a", API, ""), extra="hypercare: {days: 90}\n")


def test_the_shipped_scenarios_are_in_order() -> None:
    examples = Path(__file__).parents[2] / "examples"
    assert len(load_monitors(examples / "silent_halving" / "monitors").flows) == 6
    assert load_monitors(examples / "no_acknowledgement" / "monitors").checks


@pytest.mark.parametrize("place", ["XX", "GB/ZZZ"])
def test_a_place_of_which_no_holidays_are_known_is_named_when_the_file_is_read(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "a.yaml").write_text(f"hypercare:\n  days: 90\n  holidays: {place}\n")
    with pytest.raises(Invalid) as caught:
        load_monitors(tmp_path)
    said = f"a.yaml:3: hypercare.holidays: no bank holidays are known of '{place}'; expected such as GB/ENG"
    assert str(caught.value).endswith(said)
