"""What a hundred two-page forms cost to print, whether they are the same bytes again, and what the PDF says of itself.

    python -m benchmarks.bench_printing [--sheets 100] [--rounds 3]

Each round is a process of its own, so that fonts are loaded and memory is counted each time. CPU is user + system.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import again, own_cpu, own_peak
from benchmarks.telling import figure

LIBRARY = Path(__file__).parents[1] / "paper_capture" / "library"
AT = datetime(2026, 10, 23, 18, 0, tzinfo=UTC)


def one(sheets: int) -> dict[str, object]:
    """Print once, imports included."""
    from paper_capture.domain.serial import Block
    from paper_capture.forms import load_forms
    from paper_capture.printing.layout import lay_out
    from paper_capture.printing.press import Printing, books

    form = load_forms(LIBRARY)["property"]
    serials = [str(s) for s in Block(form.prefix, 1, sheets)]
    files = list(books(form, serials, Printing("Łódź, Győr, Muñoz", "Northgate", AT, b"benchmark key 16")))
    return {
        "cpu": own_cpu(),
        "mib": own_peak(),
        "pages": sheets * len(lay_out(form).pages),
        "kb": sum(len(f.pdf) for f in files) // 1000,
        "sha256": hashlib.sha256(b"".join(f.pdf for f in files)).hexdigest(),
        "archive": all(
            b"<pdfaid:part>2</pdfaid:part>" in f.pdf and b"<pdfaid:conformance>A" in f.pdf for f in files
        ),
        "notes": [note for f in files for note in f.notes],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sheets", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.sheets)))
        return 0
    began = time.monotonic()
    command = again(__file__, "--one", "--sheets", str(args.sheets))
    rounds = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(args.rounds)
    ]
    cpu, mib = statistics.median(r["cpu"] for r in rounds), max(r["mib"] for r in rounds)
    same = len({r["sha256"] for r in rounds}) == 1
    figure("printing.cpu", cpu)
    figure("printing.memory", mib)
    figure("printing.different", len({r["sha256"] for r in rounds}) - 1)
    print(
        f"{rounds[0]['pages']} pages, {rounds[0]['kb']} kB: {cpu:.2f} s CPU (median of {args.rounds}), at most {mib:.0f} MiB"
    )
    print(
        f"same bytes in each process: {same}; says PDF/A-2a: {rounds[0]['archive']}; not as written: {rounds[0]['notes'] or 'nothing'}"
    )
    print(f"{time.monotonic() - began:.0f} s wall")
    return int(not (same and cpu <= 3 and mib <= 200))


if __name__ == "__main__":
    sys.exit(main())
