"""The crimes a legacy register starts with: the same for the same seed, in the proportions of a real force.

25,000 stand for a register of 25 million; 604 of them are `under_review`, the number that was found never
migrated four months after a real go-live. Offences follow the yearly demand that a large force publishes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from cutover.range.place import BEFORE, CRIMES

Row = tuple[str, ...]

UNDER_REVIEW = 604  # of CRIMES
YEAR_MINUTES = 365 * 24 * 60
REPEAT = 0.12  # share of crimes whose victim was met before
REMEMBERED = 400  # how many earlier victims one may be drawn from
FIRST_BIRTH, BIRTH_DAYS = date(1932, 1, 1), 365 * 76

_STATUSES = {
    "no_further_action": 47,
    "under_investigation": 24,
    "filed": 13,
    "charged": 9,
    "awaiting_file": 4,
    "cautioned": 3,
}
_OFFENCES = {
    "violence without injury": 21,
    "domestic abuse": 19,
    "theft": 14,
    "criminal damage": 9,
    "violence with injury": 9,
    "public order": 8,
    "vehicle crime": 7,
    "burglary": 6,
    "fraud": 3,
    "robbery": 2,
    "sexual offence": 2,
}
_WITH_VALUE = frozenset({"theft", "criminal damage", "vehicle crime", "burglary", "fraud", "robbery"})
_DISTRICTS = {
    "Central": 20,
    "Northgate": 14,
    "Eastmoor": 12,
    "Southbrook": 12,
    "Westhill": 11,
    "Calder": 9,
    "Denby": 8,
    "Fairfield": 7,
    "Hollin": 7,
}
SURNAMES = str.split(
    "Adams Ahmed Ali Allen Anderson Bailey Baker Barnes Begum Bell Bennett Brown Butler Campbell Carter Chapman Clark Clarke Cole Collins Cook Cooper Cox "
    "Davies Davis Dixon Edwards Ellis Evans Fisher Foster Fox Gibson Graham Grant Gray Green Griffiths Hall Hamilton Harris Harrison Harvey Hill Holmes Howard "
    "Hughes Hunt Hussain Ivanova Jackson James Jenkins Johnson Jones Kaur Kelly Khan King Knight Kowalski Lee Lewis Lloyd Macdonald Marshall Martin Mason "
    "Matthews Miller Mills Mitchell Moore Morgan Morris Murphy Murray Núñez O'Brien O'Neill Okafor Owen Palmer Parker Patel Phillips Powell Price Reid "
    "Reynolds Richards Richardson Roberts Robinson Rogers Russell Ryan Saunders Scott Shah Shaw Simpson Singh Smith Stevens Stewart Stone Szabó Taylor Thomas "
    "Thompson Turner Walker Walsh Ward Watson Webb Wells West White Wilkinson Williams Wilson Wood Wright Young Łukasik Őri"
)
FORENAMES = str.split(
    "Aaron Abigail Adam Aisha Alan Alice Amelia Amir Amy Andrew Anna Anthony Ayesha Barbara Ben Beth Brian Callum Carol Charlotte Chloe Chris Claire Connor "
    "Daniel David Deborah Dylan Edward Elizabeth Ella Emily Emma Ethan Fatima Fiona Gareth George Grace Hannah Harry Hassan Helen Holly Ian Imran Isla Jack "
    "Jacob James Jane Jean Jessica Joan John Joseph Joshua Karen Kate Kevin Laura Lee Leo Lewis Lily Linda Liam Lucy Łukasz Margaret Maria Mark Mary Matthew "
    "Megan Michael Mohammed Nadia Natalie Neil Nicola Noah Oliver Olivia Omar Paul Peter Rachel Rebecca Richard Robert Ryan Samuel Sana Sandra Sarah Simon "
    "Sofía Sophie Stephen Susan Tariq Thomas Tracey Victoria William Yusuf Zara Zoë"
)


def population(seed: int, crimes: int = CRIMES, before: datetime = BEFORE) -> Iterator[Row]:
    """Rows in the order of crimes.COLUMNS, by id and by time of report over the year before `before`."""
    rng = random.Random(seed)  # noqa: S311 - it must be repeatable, not secret
    opened = (before - timedelta(minutes=YEAR_MINUTES)).astimezone(UTC)
    minutes = sorted(rng.choices(range(YEAR_MINUTES), k=crimes))
    statuses = _mix(rng, crimes)
    offences = rng.choices(list(_OFFENCES), list(_OFFENCES.values()), k=crimes)
    districts = rng.choices(list(_DISTRICTS), list(_DISTRICTS.values()), k=crimes)
    victims = _victims(rng)
    for number, minute in enumerate(minutes):
        reported = opened + timedelta(minutes=minute)
        offence = offences[number]
        value = f"{rng.lognormvariate(5.2, 1.1):.2f}" if offence in _WITH_VALUE else ""
        officer = f"PC{1000 + rng.randrange(900)}"
        yield (
            f"C{number + 1:07d}",
            f"{reported:%Y-%m-%dT%H:%M:%SZ}",
            offence,
            statuses[number],
            districts[number],
            *next(victims),
            officer,
            value,
        )


def under_review(crimes: int = CRIMES) -> int:
    """How many of `crimes` are under review: 604 of 25,000, and that share of any other number."""
    return round(crimes * UNDER_REVIEW / CRIMES)


def _mix(rng: random.Random, crimes: int) -> list[str]:
    marked = ["under_review"] * under_review(crimes)
    statuses = marked + rng.choices(list(_STATUSES), list(_STATUSES.values()), k=crimes - len(marked))
    rng.shuffle(statuses)
    return statuses


def _victims(rng: random.Random) -> Iterator[Row]:
    """Surname, forename and date of birth of one victim after another; some come back."""
    met: list[Row] = []
    while True:
        if met and rng.random() < REPEAT:
            yield rng.choice(met)
            continue
        born = FIRST_BIRTH + timedelta(days=rng.randrange(BIRTH_DAYS))
        victim = (rng.choice(SURNAMES), rng.choice(FORENAMES), born.isoformat())
        if len(met) < REMEMBERED:
            met.append(victim)
        else:
            met[rng.randrange(REMEMBERED)] = victim
        yield victim
