"""Which pages stand in a bar, which under More: nothing is hidden, and where one is stands in sight."""

from cutover.web.menu import FEW, Habit, Menu, menu_of, within

ALL = tuple(
    (name.title(), f"/{name}")
    for name in ["board", "plan", "health", "stations", "backlog", "report", "journal", "convert"]
)
KEYER = Habit(paths=("/convert", "/backlog"))


def test_what_somebody_uses_stands_first_in_their_order_and_everything_else_is_one_unfolding_away():
    menu = menu_of(ALL, KEYER)
    assert menu.first == (("Convert", "/convert"), ("Backlog", "/backlog"))
    assert set(menu.first + menu.more) == set(ALL)
    assert menu.home == "/convert"


def test_the_page_one_is_on_stands_in_the_bar_with_the_pages_beneath_it():
    menu = menu_of(ALL, KEYER, "/board/tasks/A1")
    assert menu.first[-1] == ("Board", "/board")
    assert ("Board", "/board") not in menu.more


def test_what_a_visitor_may_not_open_is_nowhere():
    menu = menu_of((("Board", "/board"),), KEYER)
    assert menu == Menu((("Board", "/board"),))
    assert not menu.offers("/convert")


def test_pages_of_ones_own_come_first_and_the_bar_stays_short():
    habit = Habit((("North Quay", "/station/north"),), tuple(path for _, path in ALL))
    menu = menu_of(ALL, habit)
    assert menu.home == "/station/north"
    assert len(menu.first) == FEW
    assert menu.offers("/journal")


def test_whoever_may_read_nothing_begins_nowhere():
    assert menu_of((), KEYER).home == ""


def test_a_longer_name_is_not_a_page_beneath():
    assert not within("/boarding", "/board")
