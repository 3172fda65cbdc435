"""The system's Chromium, driven as a person's browser is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.real_parts import require_real


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, ended afterwards; where there is none the test is skipped loudly."""
    program = str(require_real("chromium"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
