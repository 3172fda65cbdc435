"""What another process has written is news once; what this one wrote is none; on both databases."""

from cutover.store.desk import Desk
from cutover.store.journal import Journal
from cutover.store.watch import watching
from tests.cutover.store.desks import flip


def test_what_another_has_written_is_news_once(any_desk):
    other = Desk(Journal(any_desk.journal.engine, any_desk.journal.catalogue, any_desk.clock), any_desk.clock)
    with watching(any_desk.journal) as watch:
        watch.has_moved()
        assert not watch.has_moved()
        flip(other, "custody", 2)
        assert [watch.has_moved(), watch.has_moved()] == [True, False]


def test_what_this_process_wrote_is_no_news(any_desk):
    with watching(any_desk.journal) as watch:
        any_desk.journal.listeners.append(watch.heard)
        watch.has_moved()
        flip(any_desk, "custody", 2)
        assert not watch.has_moved()
