"""What went wrong is said so that a person can act on it."""

from cutover.core.errors import Invalid, NotFound, Problem, Refused, Unavailable, nearest


def test_a_problem_says_where_what_was_expected_and_what_was_meant():
    problem = Problem("unknown field 'titel'", "programme.yaml", 3, "components.1", "a field", "title")
    assert str(problem) == (
        "programme.yaml:3: components.1: unknown field 'titel'; expected a field; did you mean 'title'?"
    )


def test_invalid_keeps_every_problem_one_a_line():
    error = Invalid("first", Problem("second", line=None, file="a.yaml"))
    assert str(error).splitlines() == ["first", "a.yaml: second"]


def test_refused_lists_all_reasons_at_once():
    assert Refused("no evidence", "quorum of 2").reasons == ("no evidence", "quorum of 2")


def test_not_found_names_the_nearest_that_exists():
    assert str(NotFound("task", "t-01", ["t-1", "other"])) == "no task named 't-01'; did you mean 't-1'?"
    assert str(NotFound("task", "zzz", ["a"])) == "no task named 'zzz'"
    assert str(NotFound("run", "zzz", ["a", "b"], listed=["b"])) == "no run named 'zzz'; there is b"


def test_unavailable_says_whether_waiting_helps():
    assert not Unavailable("down").permanent
    assert Unavailable("gone", permanent=True).permanent


def test_nothing_close_is_no_hint():
    assert nearest("records", ["custody"]) == ""
    assert nearest("custdy", ["custody", "records"]) == "custody"
