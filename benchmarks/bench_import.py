"""How long a plan of 5,000 rows takes to come in from a workbook, and what of it is whose: the reader's or ours.

    python -m benchmarks.bench_import [--rows 5000] [--runs 5]

CPU seconds (process time), the median of the runs. Two workbooks of the same plan: one as a planning office hands
it over (13 columns, true dates, links, three sheets) and our own export with every field. openpyxl reads the first
in the same run for the ratio.
"""

from __future__ import annotations

import argparse
import platform
import random
import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import xlsxwriter

from benchmarks.measuring import cost
from benchmarks.telling import figure
from runbooks.formats.csv_out import write_csv
from runbooks.formats.files import import_runbook
from runbooks.formats.workbook_in import read_sheets
from runbooks.formats.xlsx_cells import look_through
from runbooks.formats.xlsx_out import write_xlsx

HEADING = "## Import of a plan of 5,000 rows"
TARGET = 1.5
HEADERS = (
    "Task ID", "Task", "Details", "Phase", "Task Type", "System", "Predecessors", "Duration", "Start", "Owner", "Team",
    "Rollback step", "Site",
)  # fmt: skip


def office_plan(path: Path, rows: int, seed: int = 7) -> None:
    """A workbook of three sheets, one a stream, whose tasks follow tasks of every sheet."""
    rng = random.Random(seed)
    book = xlsxwriter.Workbook(str(path))
    moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    opens = datetime(2026, 10, 23, 22)  # noqa: DTZ001  # Excel knows no zones
    for part in range(3):
        sheet = book.add_worksheet(f"Stream {part + 1}")
        sheet.write_row(0, 0, HEADERS)
        for line, i in enumerate(range(part * rows // 3, (part + 1) * rows // 3), 1):
            before = ", ".join(f"T{rng.randrange(i):05d}FS+{rng.randrange(60)}m" for _ in range(2) if i)
            cells = [
                f"T{i:05d}", f"Load part {i} of the records", "As in the work instruction, section 4, with two people", "Night",
                "Manual", "custody", before, "1h 30m", None, f"Person {i % 90}/Person {i % 70}", f"team{i % 20}", "Restore the backup", "Leeds",
            ]  # fmt: skip
            sheet.write_row(line, 0, cells)
            sheet.write_datetime(line, 8, opens + timedelta(minutes=i % 1_000), moment)
    book.close()


def openpyxl_rows(path: Path) -> int:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    count = sum(1 for sheet in book.worksheets for _row in sheet.iter_rows(values_only=True))
    book.close()
    return count


def peak(work: Callable[[], object]) -> float:
    """Megabytes over what was there before, of Python's own allocations."""
    tracemalloc.start()
    work()
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def measure(rows: int, runs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        office, own, text = (Path(folder) / name for name in ("office.xlsx", "own.xlsx", "own.csv"))
        office_plan(office, rows)
        book = import_runbook(office, zone="Europe/London").runbook
        out = cost(lambda: write_xlsx(own, book, zone="Europe/London"), runs)
        write_csv(text, book)
        whole = cost(lambda: import_runbook(office, zone="Europe/London"), runs)
        cells = cost(lambda: read_sheets(office), runs)
        checked = cost(lambda: look_through(office), runs)
        other = cost(lambda: openpyxl_rows(office), max(1, runs // 2))
        lines = [
            ("workbook of an office, 3 sheets", whole, f"{whole / TARGET:.0%} of the {TARGET} s allowed"),
            ("… cells out of the file (calamine)", cells - checked, f"{(cells - checked) / whole:.0%} of it"),
            ("… looked through for broken and stray cells", checked, f"{checked / whole:.0%} of it"),
            ("… rows to tasks, checks (ours)", whole - cells, f"{(whole - cells) / whole:.0%} of it"),
            ("the same cells by openpyxl, cells only", other, f"{other / cells:.1f} x our reading of cells"),
            ("our own export, XLSX", cost(lambda: import_runbook(own), runs), ""),
            ("our own export, CSV", cost(lambda: import_runbook(text), runs), ""),
            ("writing the XLSX", out, ""),
        ]
        figure("import.cpu", whole)
        figure("import.openpyxl", whole / other)
        memory = peak(lambda: import_runbook(office, zone="Europe/London"))
    table = "\n".join(f"| {what} | {seconds:.3f} | {note} |" for what, seconds, note in lines)
    return f"| {rows} rows | CPU s | |\n|---|---|---|\n{table}\n\nPeak memory of the first: {memory:.0f} MB of Python objects.\n{versions()}"


def versions() -> str:
    named = ("cutover-golive", "python-calamine", "xlsxwriter", "openpyxl", "pydantic")
    return f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in named)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=5_000)
    options.add_argument("--runs", type=int, default=5)
    asked = options.parse_args()
    section = measure(asked.rows, asked.runs)
    print(f"{HEADING}\n\n{section}")


if __name__ == "__main__":
    main()
