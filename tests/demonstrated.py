"""Which requirements a run of the tests has shown: passed is shown, skipped is not.

A whole run fails when one was not shown; a run of a few tests only says what it showed.
"""

from __future__ import annotations

from collections import Counter

import pytest
from from_code.requirements import MARK, demonstrations, wanted

PROPERTY = "shows"


class Demonstrated:
    """Counts, in the process that reports, what became of the tests that show something."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.outcomes: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            for name, number in report.user_properties:
                if name == PROPERTY:
                    self.outcomes.setdefault(str(number), Counter())[report.outcome] += 1

    def missed(self) -> list[str]:
        """What a whole run should have shown and has not; nothing when only some tests were asked for."""
        if set(self.outcomes) != set(demonstrations()):
            return []
        return [n for n in wanted() if not _is_shown(self.outcomes.get(n, Counter()))]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.missed() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.outcomes:
            return
        missed = self.missed()
        terminalreporter.section("requirements")
        for number in sorted({*self.outcomes, *missed}, key=lambda n: int(n[1:])):
            counted = self.outcomes.get(number, Counter())
            said = ", ".join(f"{n} {word}" for word, n in sorted(counted.items())) or "no test"
            terminalreporter.line(f"{number:4} {'shown' if _is_shown(counted) else 'NOT SHOWN':9}  {said}")


def _is_shown(counted: Counter[str]) -> bool:
    return counted["passed"] > 0 and not counted["failed"]


def carry(items: list[pytest.Item]) -> None:
    """Write a test's marks where the reporting process can read them, whichever process runs it."""
    for item in items:
        for mark in item.iter_markers(MARK):
            item.user_properties += [(PROPERTY, number) for number in mark.args]
