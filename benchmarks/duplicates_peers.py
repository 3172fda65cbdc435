"""The same records given to recordlinkage, and to Splink alone, each by the Python of an environment that has it.

    PYTHON -m benchmarks.duplicates_peers recordlinkage|splink < records.json

Persons only, as both packages have it: neither knows of events. Six blocks each and the package's own learning without
examples; of recordlinkage's two classifiers both are told. Prints one JSON line: the way -> the pairs it found.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

BLOCKS = (("born",), ("surname", "forename"), ("surname", "postcode"), ("forename", "postcode"), ("street", "number"), ("forename", "street"))  # fmt: skip
TEXTS = ("forename", "surname", "street", "place", "suburb")
CODES = ("born", "number", "postcode", "region")
Rows = list[dict[str, Any]]


def recordlinkage(sets: list[Rows]) -> dict[str, list[list[str]]]:
    import pandas as pd
    import recordlinkage as rl

    frames = [pd.DataFrame(rows).set_index("ref").replace("", None) for rows in sets]
    index = rl.Index()
    for block in BLOCKS:
        index.block(list(block))
    pairs = index.index(*frames)
    compare = rl.Compare()
    for name in TEXTS:
        compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
    for name in CODES:
        compare.string(name, name, method="damerau_levenshtein", threshold=0.75, label=name)
    seen = compare.compute(pairs, *frames).fillna(0)
    ways = {"ECM": rl.ECMClassifier(binarize=0.5), "KMeans": rl.KMeansClassifier()}
    return {name: [[str(a), str(b)] for a, b in way.fit_predict(seen)] for name, way in ways.items()}


def splink(sets: list[Rows]) -> dict[str, list[list[str]]]:
    import pyarrow as pa
    import splink.comparison_library as compared
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    database = DuckDBAPI()
    rows = [[{key: value or None for key, value in row.items()} for row in one] for one in sets]
    tables = [database.register(pa.Table.from_pylist(one)) for one in rows]
    settings = SettingsCreator(
        link_type="link_only" if len(sets) > 1 else "dedupe_only",
        unique_id_column_name="ref",
        comparisons=[
            *(compared.JaroWinklerAtThresholds(name, [0.9, 0.8]) for name in TEXTS),
            *(compared.DamerauLevenshteinAtThresholds(name, [1, 2]) for name in CODES),
        ],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in BLOCKS],
    )
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match([block_on("forename", "surname", "born")], recall=0.7)
    train.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    for block in (("born",), ("forename", "surname")):
        train.estimate_parameters_using_expectation_maximisation(block_on(*block))
    found = linker.inference.predict(threshold_match_probability=0.5).as_record_list()
    return {"p >= 0.5": [[row["ref_l"], row["ref_r"]] for row in found]}


WAYS: dict[str, Callable[[list[Rows]], dict[str, list[list[str]]]]] = {
    "recordlinkage": recordlinkage, "splink": splink,
}  # fmt: skip


def main() -> None:
    print(json.dumps(WAYS[sys.argv[1]](json.load(sys.stdin))))


if __name__ == "__main__":
    main()
