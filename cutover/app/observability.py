"""Logs, declared once: structured lines, readable on a terminal, JSON elsewhere. The core logs nothing."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


class _Stderr:
    """Standard error as it is when a line is written: it may be another one than when logging was set up."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def set_up_logging(level: str = "INFO", *, stream: Any = None) -> None:
    """Configure structlog for this process; quiet libraries stay quiet."""
    out: Any = stream or _Stderr()
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if out.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        ),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    for name in ("httpx", "httpcore", "prefect", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
