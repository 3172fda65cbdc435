"""A runbook as separated values that read back equal: for other programs, and for people without Excel."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, Task
from runbooks.formats.exact import COLUMNS, MARK, STATUS, about, custom_headers, spelled
from runbooks.formats.guards import guarded


def write_csv(path: Path, runbook: Runbook, *, omit: Collection[str] = ()) -> None:
    """Write CSV (UTF-8 with its mark, so that Excel sees it) without the columns of the fields in `omit`.

    Moments carry their offset; a text that reads like a formula has an apostrophe before it.
    """
    columns = [column for column in COLUMNS if column.path not in omit]
    own = custom_headers(runbook.tasks)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\r\n")
    writer.writerow([*(column.header for column in columns), *own, MARK])
    mark = json.dumps(about(runbook), ensure_ascii=False)
    for task in runbook.tasks:
        cells = [guarded(text, csv=True) if (text := spelled(task, column)) else "" for column in columns]
        writer.writerow([*cells, *(custom_cell(task, key, as_csv=True) for key in own.values()), mark])
        mark = ""
    write_whole(path, out.getvalue().encode("utf-8-sig"))


def custom_cell(task: Task, key: str, *, as_csv: bool) -> str:
    """A value of the planner's own column; a status that says something stands in the column of its own."""
    value = task.custom.get(key)
    if value is None or (key == STATUS and value):
        return ""
    return guarded(value, csv=as_csv)
