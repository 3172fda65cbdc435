"""What each old system is still worth as a way back: reckoned from when the new one took over, as declared beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.domain.fallback import Fallback, Worth, standing
from contingency.files import PlayBook
from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.domain.modes import WentLive, component_stream
from cutover.domain.programme import Programme
from cutover.store.journal import Journal
from runbooks.domain.run_events import BackoutBegan
from runbooks.domain.turning_back import ComponentBackoutBegan

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FallbackView:
    """One component's way back; `since` None: the new system has not taken over, so nothing is lost by going back."""

    component: str
    title: str
    worth: Worth
    left: float
    since: datetime | None
    good_until: datetime | None
    gone_at: datetime | None
    says: str


class FallbackService:
    """The ways back of one programme."""

    def __init__(self, journal: Journal, book: PlayBook, programme: Programme) -> None:
        self.journal = journal
        self.book = book
        self.programme = programme

    def all(self, now: datetime) -> list[FallbackView]:
        """Each declared one, in the order of the programme's components."""
        taken, declared = self._taken_over(), self.book.fallbacks
        order = [component.id for component in self.programme.components if component.id in declared]
        return [self._view(declared[name], taken.get(name), now) for name in order]

    def says(self, component: str, now: datetime) -> str:
        """One line of what going back is worth; '' where nobody has declared it."""
        return next((view.says for view in self.all(now) if view.component == component), "")

    def _view(self, fallback: Fallback, since: datetime | None, now: datetime) -> FallbackView:
        component = self.programme.component(fallback.component)
        title = component.title if component else fallback.component
        if since is None:
            says = "the new system has not taken over: going back loses nothing"
            return FallbackView(fallback.component, title, Worth.GOOD, 1.0, None, None, None, says)
        found = standing(fallback, now - since)
        good, gone = since + fallback.good_for, since + fallback.gone_after
        return FallbackView(
            fallback.component, title, found.worth, found.left, since, good, gone, self._words(found.worth, found.left, now - since, good, gone)
        )  # fmt: skip

    def _words(self, worth: Worth, left: float, age: timedelta, good: datetime, gone: datetime) -> str:
        zone, old = self.programme.zone, show_duration(age // MINUTE * MINUTE)
        if worth is Worth.GOOD:
            return f"as good as new until {show(good, zone)}: {old} of work would be carried back"
        if worth is Worth.DECAYING:
            return f"decaying, {left:.0%} left: {old} of work would be carried back; no way back from {show(gone, zone)}"
        return f"no way back since {show(gone, zone)}: the new system has been in use for {old}"

    def _taken_over(self) -> Mapping[str, datetime]:
        """When each component first went live after it had been switched for the change; turning back begins it anew."""
        kinds = [kind.kind() for kind in (WentLive, BackoutBegan, ComponentBackoutBegan)]
        taken: dict[str, datetime] = {}
        for fact in self.journal.all(kinds):
            if isinstance(fact.event, BackoutBegan):
                taken.clear()
            elif isinstance(fact.event, ComponentBackoutBegan):
                for name in fact.event.components:
                    taken.pop(name, None)
            elif fact.at >= self.programme.opens:
                taken.setdefault(fact.stream.removeprefix(component_stream("")), fact.at)
        return taken
