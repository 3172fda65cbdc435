"""Does the chart equal R's `surveillance::glrnb`: 100 random series, to 1e-9; writes the numbers that tests compare.

apt-get install r-cran-surveillance
python -m benchmarks.oracle_glrnb            # compare
python -m benchmarks.oracle_glrnb --write    # and keep R's numbers in tests/monitors/domain/glrnb.csv
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.telling import figure
from monitors.domain.cusum import run
from tests.monitors.domain.oracle import GOLDEN, Series, series

ROOT = Path(__file__).parent


def ask_r(of: list[Series]) -> dict[int, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder) / "in.csv", Path(folder) / "out.csv"
        with given.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("series", "day", "count", "mu", "alpha", "ratio"))
            for one in of:
                for day, (count, mu) in enumerate(one.days):
                    writer.writerow((one.number, day, count, repr(mu), repr(one.alpha), repr(one.ratio)))
        subprocess.run(["Rscript", "--vanilla", ROOT / "glrnb.R", given, answered], check=True)
        found: dict[int, list[float]] = {}
        with answered.open() as file:
            for row in csv.DictReader(file):
                found.setdefault(int(row["series"]), []).append(float(row["value"]))
        return found


def main(arguments: list[str]) -> int:
    of = series()
    theirs = ask_r(of)
    worst = 0.0
    for one in of:
        ours = run(one.days, one.alpha, one.ratio)
        worst = max(worst, *(abs(a - b) for a, b in zip(ours, theirs[one.number], strict=True)))
    print(
        f"{len(of)} series, {sum(len(o.days) for o in of)} days: the largest difference from R is {worst:.2e}"
    )
    figure("glrnb.difference", worst)
    if "--write" in arguments:
        lines = [",".join(f"{value:.13g}" for value in theirs[one.number]) for one in of]
        GOLDEN.write_text("\n".join(lines) + "\n")
        print(f"{GOLDEN} written")
    return 0 if worst < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
