"""The tests; what stands in docs/ for the documentation's own pages is imported by some, in processes of their own too."""

import sys
from pathlib import Path

if (docs := str(Path(__file__).parents[1] / "docs")) not in sys.path:
    sys.path.append(docs)
