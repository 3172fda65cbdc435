"""Which pages stand in somebody's bar, and which a click further under "More": whoever is tired looks for five things, not for twelve.

Hides nothing: what a visitor may open is decided before, and all of it is in the menu.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cutover.web.shared import Navigation
from cutover.web.visitor import Visitor

FEW = 6  # what a bar of 1300 pixels holds beside the programme's name and who is signed in


@dataclass(frozen=True, slots=True)
class Habit:
    """What a visitor uses: `own` are pages that only they have, then the paths of the shared ones, most used first."""

    own: Navigation = ()
    paths: Sequence[str] = ()


Habits = Callable[[Visitor], Habit]


@dataclass(frozen=True, slots=True)
class Menu:
    """`first` stands in the bar, `more` unfolds."""

    first: Navigation
    more: Navigation = ()

    @property
    def home(self) -> str:
        """Where `/` leads; '' where nothing may be read."""
        return self.first[0][1] if self.first else ""

    def offers(self, path: str) -> bool:
        """Whether this visitor may open the page: a link to one that they may not is a dead end."""
        return any(path == entry for _, entry in (*self.first, *self.more))

    def leads_to(self, link: str) -> bool:
        """Whether a link, with whatever it asks and points at, is of a page that this visitor may open."""
        path = link.partition("#")[0].partition("?")[0]
        return any(within(path, entry) for _, entry in (*self.first, *self.more))


def no_habits(visitor: Visitor) -> Habit:
    """Everybody sees every page in the order in which it was brought."""
    del visitor
    return Habit()


def menu_of(navigation: Navigation, habit: Habit, here: str = "") -> Menu:
    """The pages that may be opened, divided; the one somebody is on stands in the bar, wherever it is used to stand."""
    used = [entry for path in habit.paths for entry in navigation if entry[1] == path]
    if not used:
        return Menu((*habit.own, *navigation))
    first = (*habit.own, *used)[:FEW]
    rest = tuple(entry for entry in navigation if entry not in first)
    open_ = tuple(entry for entry in rest if within(here, entry[1]))
    return Menu((*first, *open_), tuple(entry for entry in rest if entry not in open_))


def within(here: str, path: str) -> bool:
    """Whether the page at `here` is that of `path`, or one that it leads to."""
    return here == path or here.startswith(path + "/")
