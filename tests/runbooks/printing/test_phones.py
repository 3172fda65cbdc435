"""Who calls whom."""

from __future__ import annotations

from runbooks.printing.phones import phone_tree
from tests.runbooks.printing.paper import PROGRAMME, laid

PLAN = laid()


def test_the_command_calls_deciders_and_leads_and_every_lead_calls_the_team():
    command, data, stations = phone_tree(PLAN)
    assert command.caller.name == "Asha Rahman"
    assert [line.name for line in command.calls] == ["Chen Wu", "Eva Łoś"]
    assert (data.caller.name, [line.name for line in data.calls]) == ("Chen Wu", ["Bo Lindqvist"])
    assert (stations.caller.name, [line.name for line in stations.calls]) == ("Eva Łoś", ["Dev Patel"])


def test_a_pack_names_the_members_of_its_own_teams_only():
    named = {line.name for calls in phone_tree(PLAN, {"data"}) for line in calls.calls}
    assert named == {"Chen Wu", "Eva Łoś", "Bo Lindqvist"}


def test_who_has_no_telephone_has_an_empty_line():
    (stations,) = [calls for calls in phone_tree(PLAN) if calls.title == "Station leads"]
    assert [line.phone for line in stations.calls] == [""]


def test_nobody_is_called_twice_by_the_command_and_nobody_is_left_out():
    called = [line.name for calls in phone_tree(PLAN) for line in calls.calls]
    assert sorted([*called, "Asha Rahman"]) == sorted(person["name"] for person in PROGRAMME["people"])


def test_a_programme_without_people_has_no_tree():
    assert phone_tree(laid(people=[])) == ()
