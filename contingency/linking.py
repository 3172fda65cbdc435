"""Duplicates at scale: which of many records may be the same person at the same event, learnt without examples.

Needs the extra `link` (Splink on DuckDB). The model is trained on the data itself, unsupervised: how often equal
people disagree and how often different people agree is estimated, nothing is told. Pairs are kept where the form type
is the same and the events are near in time; a person decides on each. Without events it links persons alone, which is
for registers of people and never enough to merge two events.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from contingency.domain.duplicates import WINDOW, normalise
from cutover.core.errors import Unavailable

try:
    import pyarrow as pa
    import splink.comparison_level_library as levels
    import splink.comparison_library as compared
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals.exceptions import SplinkException
except ImportError:  # the extra is not installed
    IS_INSTALLED = False
else:
    IS_INSTALLED = True

ENOUGH = 0.5  # probability from which a pair is more likely one than two; a person decides anyway
SEED = 1
SAMPLED_PAIRS = 1_000_000
LEARNT_FROM = (("forename", "surname"), ("born",), ("postcode", "number"))
RECALL = 0.8  # share of true pairs that the strict rules below find, a cautious guess for the prior only


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as linking sees it. Empty texts are not known; `born` is YYYYMMDD."""

    ref: str
    forename: str = ""
    surname: str = ""
    born: str = ""
    number: str = ""
    street: str = ""
    place: str = ""
    suburb: str = ""
    postcode: str = ""
    region: str = ""
    form_type: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one, and how probable that is (0 to 1)."""

    one: str
    other: str
    probability: float


def link(
    ours: Iterable[Entry],
    theirs: Iterable[Entry] | None = None,
    *,
    window: timedelta | None = WINDOW,
    enough: float = ENOUGH,
) -> list[Pair]:
    """Pairs across two sets, or within one. `window` None: persons alone, whatever their events.

    Raises Unavailable where the extra is not installed.
    """
    if not IS_INSTALLED:
        raise Unavailable(
            "linking at scale needs the extra: pip install 'cutover-golive[link]'", permanent=True
        )
    logging.getLogger("splink").setLevel(logging.ERROR)
    sets = [list(ours)] if theirs is None else [list(ours), list(theirs)]
    entries = [{entry.ref: entry for entry in one} for one in sets]
    if not all(entries) or sum(map(len, entries)) < 2:  # noqa: PLR2004  a pair
        return []
    found = _predicted(sets, enough)
    pairs = (Pair(row["unique_id_l"], row["unique_id_r"], row["match_probability"]) for row in found)
    left, right = entries[0], entries[-1]
    kept = [pair for pair in pairs if window is None or _near(left, right, pair, window)]
    return _best(kept) if theirs is not None else kept


def _predicted(sets: Sequence[Sequence[Entry]], enough: float) -> list[dict[str, Any]]:
    database = DuckDBAPI()
    tables = [database.register(pa.Table.from_pylist([_row(entry) for entry in one])) for one in sets]
    of = tables if len(tables) > 1 else tables[0]
    linker = Linker(of, _settings(len(tables)), log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match(_strict(), recall=RECALL)
    train.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    if not [columns for columns in LEARNT_FROM if _learns(linker, columns)]:
        raise Unavailable("no two records are alike enough to learn from", permanent=True)
    predicted = linker.inference.predict(threshold_match_probability=enough)
    rows: list[dict[str, Any]] = predicted.as_record_list()
    return rows


def _learns(linker: Any, columns: Sequence[str]) -> bool:
    """Learn from pairs that agree in these; a set in which none do teaches nothing by them."""
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), estimate_without_term_frequencies=True
        )
    except (SplinkException, ValueError):  # the second where no two records agree in anything strict
        return False
    return True


def _settings(sets: int) -> Any:
    texts = [compared.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in ("street", "place", "suburb")]
    return SettingsCreator(
        link_type="link_only" if sets > 1 else "dedupe_only",
        comparisons=[
            compared.ForenameSurnameComparison("forename", "surname"),
            compared.CustomComparison(output_column_name="born", comparison_levels=[
                levels.NullLevel("born"),
                levels.ExactMatchLevel("born"),
                levels.DamerauLevenshteinLevel("born", 1),
                levels.DamerauLevenshteinLevel("born", 2),
                levels.ElseLevel(),
            ]),
            compared.DamerauLevenshteinAtThresholds("number", [1]),
            *texts,
            compared.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            compared.ExactMatch("region"),
        ],
        blocking_rules_to_generate_predictions=_blocks(),
        max_iterations=25,
    )  # fmt: skip


def _blocks() -> list[Any]:
    """Any one of these lets a pair be looked at: no single slip of the pen may keep a true pair apart."""
    return [
        block_on("born"),
        block_on("surname", "forename"),
        block_on("surname", "postcode"),
        block_on("forename", "postcode"),
        block_on("street", "number"),
        block_on("surname", "street"),
        block_on("forename", "street"),
        block_on("place", "suburb"),
        block_on("substr(born, 1, 4)", "postcode"),
        block_on("substr(surname, 1, 3)", "substr(forename, 1, 2)", "region"),
        "l.surname = r.forename and l.forename = r.surname",
    ]


def _strict() -> list[Any]:
    return [
        block_on("forename", "surname", "born"),
        block_on("surname", "born", "postcode"),
        block_on("forename", "born", "street"),
    ]


def _row(entry: Entry) -> dict[str, Any]:
    said = {name: normalise(value) or None for name, value in _texts(entry)}
    return {"unique_id": entry.ref, **said}


def _texts(entry: Entry) -> Iterable[tuple[str, str]]:
    left_out = ("ref", "form_type", "occurred_at")
    return ((field.name, getattr(entry, field.name)) for field in fields(entry) if field.name not in left_out)


def _near(left: dict[str, Entry], right: dict[str, Entry], pair: Pair, window: timedelta) -> bool:
    """Same form type, and near in time; what has no time is near to nothing."""
    one = left.get(pair.one) or right[pair.one]
    other = right.get(pair.other) or left[pair.other]
    if one.occurred_at is None or other.occurred_at is None or one.form_type != other.form_type:
        return False
    return abs(one.occurred_at - other.occurred_at) <= window


def _best(pairs: Sequence[Pair]) -> list[Pair]:
    """Across two sets each record has one counterpart at most: the most probable pairs first."""
    taken: set[tuple[int, str]] = set()
    kept = []
    for pair in sorted(pairs, key=lambda pair: (-pair.probability, pair.one, pair.other)):
        ends = {(0, pair.one), (1, pair.other)}
        if not ends & taken:
            taken |= ends
            kept.append(pair)
    return kept
