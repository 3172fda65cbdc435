"""The bare scan and hash of both files."""

# ruff: noqa: E402  (run as a script, the tree is put on the path first)
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

from benchmarks.reconciliation.bench import limit

limit(Path(sys.argv[1]))
Path(sys.argv[2]).write_text('{"keys": [], "keyless": 0}')
