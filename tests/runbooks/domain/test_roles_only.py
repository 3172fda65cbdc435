"""A plan without the names of people: what is taken out, what stands in their place."""

from __future__ import annotations

from cutover.domain.gates import Criterion
from cutover.domain.programme import Programme
from runbooks.domain.plan import Action, Runbook, Stream, Task, TaskGate
from runbooks.domain.roles_only import without_names

PROGRAMME = Programme.model_validate(
    {
        "title": "Records",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        "teams": [{"id": "ops", "title": "Operations"}],
        "people": [
            {
                "id": "asha",
                "name": "Asha Rao",
                "team": "ops",
                "roles": ["cutover_manager"],
                "phone": "0100 555",
            },
            {"id": "chen", "name": "Chen Wei", "roles": ["decider"]},
        ],
    }
)
PLAN = Runbook(
    id="night",
    title="Asha's night",
    streams=(Stream(id="s", title="Stream of Chen Wei"),),
    phases=("Asha Rao",),
    tasks=(
        Task(
            id="T1",
            title="Call Asha Rao",
            description="Ring 0100 555; ask Bo Lin, or asha; not the ashamed",
            owner="asha",
            deputy="Bo Lin",
            custom={"SME": "Dev", "Verified by": "Bo", "Site": "Leeds, ask for Bo Lin", "E-mail": "a@b"},
            gate=TaskGate(
                deciders=("chen", "asha", "gold"),
                criteria=(Criterion(id="c", title="Chen Wei agrees", source="person"),),
            ),
            action=Action(kind="call", arguments={"to": ["Asha Rao"], "times": 2}),
        ),
        Task(id="T2", title="Load", owner="ops", team="data"),
    ),
)


def test_owners_and_deputies_go_and_the_owners_team_stays() -> None:
    first, second = without_names(PLAN, PROGRAMME).tasks
    assert (first.owner, first.deputy, first.team) == ("", "", "ops")
    assert (second.owner, second.team) == ("ops", "data"), "a team that owns is no person"


def test_names_are_taken_out_of_every_text() -> None:
    shown = without_names(PLAN, PROGRAMME)
    text = shown.model_dump_json()
    for name in ("Asha Rao", "Asha'", "Bo Lin", "Chen Wei", "0100 555", "a@b", "Dev"):
        assert name not in text
    assert (
        shown.tasks[0].description
        == "Ring [name removed]; ask [name removed], or [name removed]; not the ashamed"
    )


def test_deciders_are_their_roles() -> None:
    gate = without_names(PLAN, PROGRAMME).tasks[0].gate
    assert gate is not None
    assert gate.deciders == ("decider", "cutover_manager", "gold")


def test_columns_that_hold_people_go() -> None:
    assert without_names(PLAN, PROGRAMME).tasks[0].custom == {"Site": "Leeds, ask for [name removed]"}


def test_without_a_programme_the_names_of_the_plan_itself_go() -> None:
    first = without_names(PLAN).tasks[0]
    assert (first.owner, "Bo Lin" in first.description) == ("", False)


def test_everything_that_is_no_name_stays() -> None:
    kept = Runbook(id="b", title="b", tasks=(Task(id="A", title="Load", duration="1h", after=()),))
    assert without_names(kept, PROGRAMME) == kept
