"""Actions, known issues and incidents as a person types them: claimed is not verified, and nothing closes unproved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclopts import App

from contingency.cli import contingency_commands
from contingency.improvements import ActionService
from contingency.incidents import IncidentService, IssueService
from contingency.tracker_cli import TrackerDoors
from cutover.cli.border import BAD_INPUT, DONE, NO, guarded
from tests.contingency.world import World


@pytest.fixture
def app(world: World) -> App:
    desk = world.desk
    doors = TrackerDoors(lambda _: ActionService(desk), lambda _: IssueService(desk), lambda _: IncidentService(desk), lambda _: "Europe/London")  # fmt: skip
    return contingency_commands(lambda _: world.plays, trackers=doors)


def call(app: App, *tokens: str) -> int:
    return guarded(
        lambda: app(list(tokens), exit_on_error=False, print_error=False, result_action="return_value")
    )


def said(app: App, capsys: pytest.CaptureFixture[str], *tokens: str) -> Any:
    capsys.readouterr()
    call(app, *tokens, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.requirement("R21")
def test_an_action_is_open_until_another_has_looked_at_its_evidence(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    """R21: no evidence, one's own work and a reopened one are refused or open, with the exit code."""
    assert call(app, "action") == DONE
    raised = said(app, capsys, "action", "raise", "Compare the map", "--owner", "halina", "--by", "asha", "--due", "2026-11-02T09:00")  # fmt: skip
    assert raised == {"action": "A1"}
    assert call(app, "action") == NO
    assert call(app, "action", "claim", "A1", "--evidence", " ", "--by", "halina") == NO
    assert call(app, "action", "verify", "A1", "--how", "read it", "--by", "petra") == NO
    assert call(app, "action", "claim", "A1", "--evidence", "map v2", "--by", "halina") == DONE
    assert call(app, "action", "verify", "A1", "--how", "read it", "--by", "halina") == NO
    assert "halina claimed it and cannot verify it" in capsys.readouterr().err
    (one,) = said(app, capsys, "action")
    assert (one["stage"], one["due_at"][:16]) == ("claimed", "2026-11-02T09:00")
    assert (
        call(app, "action", "verify", "A1", "--how", "read it beside the register", "--by", "petra") == DONE
    )
    assert call(app, "action") == DONE
    assert call(app, "action", "reopen", "A1", "--reason", "", "--by", "bo") == NO
    assert call(app, "action", "reopen", "A1", "--reason", "v3 lacks one", "--by", "bo") == DONE
    assert call(app, "action") == NO
    assert call(app, "action", "claim", "A7", "--evidence", "x", "--by", "bo") == BAD_INPUT


def test_a_known_issue_has_an_owner_a_way_round_and_a_day(
    world: World, app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the day has passed the list says so and exits 1; renewing needs a reason, resolving evidence."""
    know = ["issue", "add", "slow-print", "Printing takes minutes", "--by", "gwen"]
    rest = ["--owner", "halina", "--meanwhile", "use the second printer"]
    assert call(app, *know, *rest, "--until", "2026-10-20T09:00") == NO
    assert "still to come" in capsys.readouterr().err
    assert call(app, *know, "--owner", "", "--meanwhile", "", "--until", "2026-10-25T09:00") == NO
    assert call(app, *know, *rest, "--until", "2026-10-25T09:00") == DONE
    assert call(app, "issue") == DONE
    world.after(60 * 48)
    assert call(app, "issue") == NO
    assert call(app, "issue", "renew", "slow-print", "--until", "2026-11-01T09:00", "--why", "", "--by", "gwen") == NO  # fmt: skip
    assert call(app, "issue", "renew", "slow-print", "--until", "2026-11-01T09:00", "--why", "part ordered", "--by", "gwen") == DONE  # fmt: skip
    assert call(app, "issue") == DONE
    assert call(app, "issue", "resolve", "slow-print", "--evidence", "", "--by", "gwen") == NO
    assert call(app, "issue", "resolve", "slow-print", "--evidence", "ten pages in a minute", "--by", "gwen") == DONE  # fmt: skip
    assert said(app, capsys, "issue") == {}


@pytest.mark.requirement("R14")
def test_an_incident_closes_only_with_evidence_by_another(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    """R14: user error is not even claimed without evidence; a cause that is none names the near one."""
    assert said(app, capsys, "incident", "report", "search finds nobody", "--by", "sam") == {"incident": "I1"}
    assert call(app, "incident", "report", "x", "--by", "sam", "--urgency", "9") == BAD_INPUT
    assert call(app, "incident", "claim", "I1", "trainning", "--by", "gwen") == BAD_INPUT
    assert "did you mean 'training'" in capsys.readouterr().err
    assert call(app, "incident", "claim", "I1", "user_error", "--by", "gwen") == NO
    assert call(app, "incident", "claim", "I1", "technology", "--by", "gwen") == DONE
    assert call(app, "incident", "verify", "I1", "--evidence", "index was empty", "--by", "gwen") == NO
    assert call(app, "incident") == NO
    assert call(app, "incident", "verify", "I1", "--evidence", "index was empty", "--by", "petra") == DONE
    assert call(app, "incident") == DONE
    assert call(app, "incident", "reopen", "I1", "--reason", "again", "--by", "sam") == DONE
    assert call(app, "incident") == NO
