"""Which days are bank holidays of a country or a part of it, without a network."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import date

from cutover.core.errors import Invalid, Problem


def bank_holidays(place: str, years: Iterable[int]) -> set[date]:
    """The bank holidays of `GB/ENG`, `PL`, …; none for ''. Raises Invalid for a place that is not known."""
    if not place:
        return set()
    country, _, part = place.partition("/")
    holidays = importlib.import_module("holidays")  # 0.2 s, needed when a baseline is frozen and not before
    try:
        return set(holidays.country_holidays(country, subdiv=part or None, years=list(years)))
    except NotImplementedError as error:
        raise Invalid(
            Problem(f"no bank holidays are known of '{place}'", field="hypercare.holidays", expected="GB/ENG")
        ) from error
