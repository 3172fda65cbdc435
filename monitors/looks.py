"""How a status and a reason look and read on every page of this room."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.domain.check import Reason, Status

Look = tuple[str, str, str]  # style, sign, word

LOOKS: Mapping[Status, Look] = {
    Status.CRITICAL: ("bad", "✗", "CRITICAL"),
    Status.UNKNOWN: ("odd", "?", "UNKNOWN"),
    Status.WARNING: ("warn", "!", "WARNING"),
    Status.OK: ("ok", "✓", "OK"),
}
REASONS: Mapping[Reason, str] = {
    Reason.NO_DATA: "no result ever came",
    Reason.STALE: "silent",
    Reason.ERROR: "the check itself failed",
    Reason.NOT_DUE: "not due yet",
    Reason.PROBER_OVERLOADED: "the prober is overloaded",
}
