"""How long the last high-risk domestic-abuse form waits, keyed in our order and first come, first served.

python -m benchmarks.bench_triage [--seeds 5]

The assumed mix of the research: 3,500 forms of a 72-hour window, 24 keyers on duty from 07 to 19. Only the order
differs: the same forms, minutes, keyers and duty. The order is that of `cutover backlog next`, taken from the top by whoever
is free. Hours are hours of keying, as in the research; on the wall a
night of twelve hours comes after each twelve of them.

In either order nobody ever waits while a form does, so the two ends differ by what the last form of each takes, which
nobody knows beforehand: at most by the longest form. Which of them ends first is chance; over many piles it is told.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.telling import figure
from contingency.domain.triage import Grade, TriagePolicy, Waiting, order

STARTS = datetime(2026, 10, 27, 7, tzinfo=UTC)
DUTY = 12  # hours of keying a day, 07 to 19
LIMIT, FIFO_TAKES = 10.0, 63.0
# kind: share of the pile, minutes to key, share that is high risk, hours of its limit
MIX = {
    "incident": (0.43, 19, 0.03, 48),
    "crime": (0.31, 27, 0.05, 24),
    "domestic_abuse": (0.16, 33, 0.22, 48),
    "custody": (0.07, 40, 0.10, 24),
    "missing_person": (0.03, 30, 0.45, 24),
}


@dataclass(frozen=True)
class Keyed:
    """One way of keying the pile: hours until the last high-risk domestic-abuse form, and until the last of all."""

    high_risk: float
    finish: float


@dataclass(frozen=True)
class Pile:
    forms: tuple[Waiting, ...]
    minutes: dict[str, float]


def pile(seed: int, forms: int = 3_500) -> Pile:
    """Forms as the window left them: when they happened, how grave, how long each takes."""
    source = random.Random(seed)
    kinds = source.choices(list(MIX), [share for share, *_ in MIX.values()], k=forms)
    made, minutes = [], {}
    for n, kind in enumerate(kinds):
        _, takes, high, limit = MIX[kind]
        since = STARTS - timedelta(hours=source.uniform(1, 73))
        grade = Grade.HIGH if source.random() < high else source.choice((Grade.MEDIUM, Grade.STANDARD))
        made.append(Waiting(f"{kind}-{n:05}", kind, grade, since, since + timedelta(hours=limit), "limit"))
        minutes[made[-1].id] = max(4.0, source.gauss(takes, takes / 4))
    return Pile(tuple(made), minutes)


def by_triage(forms: Sequence[Waiting]) -> list[Waiting]:
    """The order of the product at the start of keying; nothing arrives afterwards, so it stands."""
    return [ranked.item for ranked in order(forms, STARTS, TriagePolicy())]


def first_come(forms: Sequence[Waiting]) -> list[Waiting]:
    return sorted(forms, key=lambda form: (form.since, form.id))


def keyed(made: Pile, sort: Callable[[Sequence[Waiting]], list[Waiting]], keyers: int = 24) -> Keyed:
    """Key the pile: whoever is free takes the next form. A form begun before 19 is finished in the morning."""
    free = [0.0] * keyers  # minutes of duty, all days joined
    rest, ended = deque(sort(made.forms)), dict[str, float]()
    while rest:
        form = rest.popleft()
        at = heapq.heappop(free) + made.minutes[form.id]
        ended[form.id] = at
        heapq.heappush(free, at)
    high = [ended[f.id] for f in made.forms if f.form_type == "domestic_abuse" and f.grade is Grade.HIGH]
    return Keyed(_hours(max(high)), _hours(max(ended.values())))


def _hours(duty_minutes: float) -> float:
    return duty_minutes / 60


def on_the_wall(hours: float) -> float:
    """Hours since the start with the nights between the days of duty."""
    days, left = divmod(hours, DUTY)
    return days * 24 + left


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    later, waits, kept = [], [], True
    for seed in range(parser.parse_args().seeds):
        made = pile(seed)
        ours, fifo = keyed(made, by_triage), keyed(made, first_come)
        longest = _hours(max(made.minutes.values()))
        met = ours.high_risk <= LIMIT and ours.finish <= fifo.finish + longest
        waits.append(ours.high_risk)
        later.append((ours.finish - fifo.finish) * 60)
        kept &= met
        print(
            f"seed {seed}: last high-risk DA form {ours.high_risk:.1f} h (FIFO {fifo.high_risk:.1f} h); "
            f"all keyed {ours.finish:.1f} h (FIFO {fifo.finish:.1f} h; on the wall {on_the_wall(ours.finish):.0f} h): {'met' if met else 'MISSED'}"
        )
    print(
        f"all keyed, ours after FIFO: {sum(later) / len(later):+.1f} minutes in the mean, later in "
        f"{sum(one > 0 for one in later)} of {len(later)} piles, at most {max(later):+.1f} minutes"
    )
    figure("triage.high", max(waits))
    figure(
        "triage.finish",
        sum(later) / len(later),
        f"later in {sum(one > 0 for one in later)} of {len(later)} piles, by {max(later):.1f} min at most",
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
