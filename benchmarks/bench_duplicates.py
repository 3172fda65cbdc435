"""How well duplicates are found: FEBRL 4, 1 and 3 without the unique number, and a queue of paper against keyed records.

    python -m benchmarks.bench_duplicates [FOLDER_OF_FEBRL] [--only queue]

One model, trained on each set unsupervised, one threshold for all. FEBRL is nearly solved: a floor, not a proof. The
queue's data is ours (people of FEBRL 4; a repeat victim's second event is two hours away or more), so its precision is
a best case.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path

from benchmarks.measuring import ROOT, ended_cpu, own_cpu, tell, word
from benchmarks.peer_environments import python_of, why
from benchmarks.telling import figure
from contingency.domain.duplicates import WINDOW, Near, Sighting, candidates
from contingency.linking import Entry, Pair, link

COLUMNS = {
    "given_name": "forename",
    "surname": "surname",
    "date_of_birth": "born",
    "street_number": "number",
    "address_1": "street",
    "address_2": "place",
    "suburb": "suburb",
    "postcode": "postcode",
    "state": "region",
}  # fmt: skip  the unique soc_sec_id is left out
START = datetime(2026, 10, 23, 21, tzinfo=UTC)
PEERS = {"recordlinkage": ("recordlinkage==0.16",), "splink": ("splink==5.0.0", "pyarrow")}
Pairs = set[tuple[str, ...]]
FORMS = ("crime", "domestic_abuse", "missing")


def read(path: Path) -> list[Entry]:
    with path.open(newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        return [
            Entry(row["rec_id"].strip(), **{ours: row[theirs].strip() for theirs, ours in COLUMNS.items()})
            for row in rows
        ]


def person(ref: str) -> str:
    return ref.split("-")[1]


def queue(one: list[Entry], damaged: list[Entry], seed: int) -> tuple[list[Entry], list[Entry], Pairs]:
    """3,000 keyed records and 600 forms: 120 of them keyed already (re-written, up to 40 minutes apart), 180 by
    repeat victims on another event, 300 by people who are not there."""
    dice = random.Random(seed)
    again = {person(entry.ref): entry for entry in damaged}
    people = [entry for entry in one if person(entry.ref) in again]
    dice.shuffle(people)
    at = [START + timedelta(minutes=dice.uniform(0, 72 * 60)) for _ in people]
    keyed = [
        replace(p, ref=f"K-{i}", form_type=dice.choice(FORMS), occurred_at=at[i])
        for i, p in enumerate(people[:3000])
    ]
    forms, truth = [], set()
    for i in range(600):
        rewritten = again[person(people[i if i < 300 else 3000 + i].ref)]
        known = keyed[i]
        if i < 120:
            near = known.occurred_at + timedelta(minutes=dice.uniform(-40, 40))  # type: ignore[operator]
            forms.append(replace(rewritten, ref=f"F-{i}", form_type=known.form_type, occurred_at=near))
            truth.add((f"F-{i}", f"K-{i}"))
        elif i < 300:
            gap = timedelta(minutes=dice.choice((-1, 1)) * dice.uniform(120, 40 * 60))
            forms.append(
                replace(
                    rewritten, ref=f"F-{i}", form_type=known.form_type, occurred_at=known.occurred_at + gap
                )
            )  # type: ignore[operator]
        else:
            forms.append(
                replace(rewritten, ref=f"F-{i}", form_type=dice.choice(FORMS), occurred_at=at[3000 + i])
            )
    return forms, keyed, truth


def by_rapidfuzz(forms: Iterable[Entry], keyed: Iterable[Entry]) -> list[Pair]:
    """The core's own way, for small queues: names and date of birth, form type, time."""
    near = Near(map(seen, keyed))
    return [
        Pair(one.ref, found[0].ref, found[0].score)
        for one in map(seen, forms)
        if (found := candidates(one, near.to(one)))
    ]


def seen(entry: Entry) -> Sighting:
    assert entry.occurred_at is not None
    born = f"{entry.born[:4]}-{entry.born[4:6]}-{entry.born[6:]}" if entry.born else ""
    return Sighting(entry.ref, entry.form_type, entry.surname, entry.forename, born, entry.occurred_at)


def by_peer(name: str, sets: Sequence[list[Entry]]) -> dict[str, list[Pair]]:
    """What a package finds by itself, by the ways it has. Raises CalledProcessError with its words."""
    said = json.dumps([[asdict(entry) | {"occurred_at": ""} for entry in one] for one in sets])
    command = [python_of(PEERS[name]), "-m", "benchmarks.duplicates_peers", name]
    done = subprocess.run(command, input=said, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, cwd=ROOT)  # fmt: skip
    found: dict[str, list[list[str]]] = json.loads(done.stdout.splitlines()[-1])
    return {way: [Pair(one, other, 1.0) for one, other in pairs] for way, pairs in found.items()}


def scored(name: str, truth: Pairs, find: Callable[[], list[Pair]]) -> tuple[str, float, Pairs]:
    """What was found of the truth, in words, as F1, and the pairs."""
    began, cpu = time.monotonic(), own_cpu() + ended_cpu()
    found = {tuple(sorted((pair.one, pair.other))) for pair in find()}
    took, spent = time.monotonic() - began, own_cpu() + ended_cpu() - cpu
    wanted = {tuple(sorted(pair)) for pair in truth}
    right = len(found & wanted)
    precision, recall = right / max(1, len(found)), right / len(wanted)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    wrong = len(found - wanted)
    return (
        f"{name}: P {precision:.4f}, R {recall:.4f}, F1 {f1:.4f}; {wrong} wrong of {len(found)}; {took:.1f} s, {spent:.1f} s CPU",
        f1,
        found,
    )


def within(entries: list[Entry]) -> Pairs:
    same: dict[str, list[str]] = {}
    for entry in entries:
        same.setdefault(person(entry.ref), []).append(entry.ref)
    return {pair for refs in same.values() for pair in combinations(refs, 2)}


@dataclass(frozen=True)
class Corpus:
    """Records of one kind: one set to be looked through, or two to be held against each other."""

    name: str
    title: str
    sets: tuple[list[Entry], ...]
    truth: Pairs
    window: timedelta | None
    wanted: float


def corpora(folder: Path, seed: int) -> Iterator[Corpus]:
    a, b = read(folder / "dataset4a.csv"), read(folder / "dataset4b.csv")
    originals = {person(entry.ref): entry.ref for entry in a}
    yield Corpus("febrl4", "FEBRL 4", (a, b), {(originals[person(e.ref)], e.ref) for e in b}, None, 0.998)
    for number, wanted in (("1", 0.998), ("3", 0.99)):
        if (path := folder / f"dataset{number}.csv").exists():
            one = read(path)
            yield Corpus(f"febrl{number}", f"FEBRL {number}", (one,), within(one), None, wanted)
    forms, keyed, same = queue(a, b, seed)
    yield Corpus("queue", "paper queue", (forms, keyed), same, WINDOW, 0.99)


def measured(one: Corpus) -> bool:
    """Ours and every peer on one corpus; whether ours was good enough."""
    ours = partial(link, *one.sets, window=one.window)
    said, f1, found = scored(f"{one.title}, ours", one.truth, ours)
    figure(f"duplicates.{one.name}", f1)
    tell(f"{said} (wanted {one.wanted}: {word(f1 >= one.wanted)})")
    if one.name == "queue":
        victims = {tuple(sorted((f"F-{i}", f"K-{i}"))) for i in range(120, 300)}
        figure("duplicates.merged", len(found & victims))
        tell(f"  repeat victims' events merged: {len(found & victims)}")
        tell("  " + scored("rapidfuzz alone", one.truth, partial(by_rapidfuzz, *one.sets))[0])
    for name in PEERS:
        try:
            ways = by_peer(name, one.sets)
        except subprocess.CalledProcessError as error:
            tell(f"  {name}: did not run: {why(error)}")
            continue
        best = max(
            (scored(f"{name} alone, {way}", one.truth, lambda p=p: p) for way, p in ways.items()),
            key=lambda s: s[1],
        )  # type: ignore[misc]
        figure(f"duplicates.{name}.{one.name}", best[1])
        tell(f"  {best[0]}")
    return f1 >= one.wanted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", help="FEBRL's CSV files; default: as recordlinkage ships them"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one corpus: febrl4, febrl1, febrl3 or queue")
    asked = parser.parse_args()
    folder = asked.folder or next(python_of(PEERS["recordlinkage"]).parents[1].glob("lib/*/site-packages/recordlinkage/datasets/febrl"))  # fmt: skip
    well = [measured(one) for one in corpora(folder, asked.seed) if asked.only in (None, one.name)]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
