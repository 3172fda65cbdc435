"""Where a quorum is set two different people must say so; steps are done in somebody's name; a person may propose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from contingency.domain.fallback import Fallback, Worth, standing
from contingency.domain.triggers import (
    PLAY,
    DeclinePlay,
    DoStep,
    EnactPlay,
    Play,
    PlayStage,
    PlayState,
    ProposePlay,
    Trigger,
)
from cutover.core.errors import Refused
from tests.conftest import START

TRIGGER = Trigger.model_validate(
    {"id": "t", "monitor": "m", "for": "15m", "play": "p", "decider": "chen", "others": ["ruth"], "quorum": 2}
)
GAME = Play.model_validate(
    {
        "id": "p",
        "title": "On paper",
        "component": "custody",
        "switch_to": "paper",
        "steps": [{"id": "packs", "title": "Packs out"}],
    }
)


def proposed(called_for: str = "it does not start") -> PlayState:
    wish = ProposePlay(by="bo", trigger=TRIGGER, play=GAME, bad_since=START, called_for=called_for)
    return PLAY.apply(PlayState(), wish, START)[0]


def test_one_of_two_is_not_enough_and_one_is_not_two() -> None:
    state, _ = PLAY.apply(proposed(), EnactPlay(by="ruth", reason="it is down"), START)
    assert (state.stage, dict(state.backed)) == (PlayStage.PROPOSED, {"ruth": "it is down"})
    with pytest.raises(Refused, match="2 different people"):
        PLAY.apply(state, EnactPlay(by="ruth", reason="still"), START)
    with pytest.raises(Refused, match="dev is not a decider"):
        PLAY.apply(state, EnactPlay(by="dev", reason="down"), START)
    done, _ = PLAY.apply(state, EnactPlay(by="chen", reason="agreed"), START)
    assert (done.stage, done.decided_by) == (PlayStage.ENACTED, "chen")


def test_one_may_still_decline_with_a_reason_and_not_without() -> None:
    state, _ = PLAY.apply(proposed(), EnactPlay(by="ruth", reason="it is down"), START)
    with pytest.raises(Refused, match="declining needs a reason"):
        PLAY.apply(state, DeclinePlay(by="chen", reason=" "), START)
    assert (
        PLAY.apply(state, DeclinePlay(by="chen", reason="back in a minute"), START)[0].stage
        is PlayStage.DECLINED
    )


def test_a_quorum_that_nobody_can_reach_is_refused_in_the_file() -> None:
    with pytest.raises(ValidationError, match="3 must agree, and only 2 may decide"):
        Trigger.model_validate({**TRIGGER.model_dump(by_alias=False), "quorum": 3})


def test_a_person_proposes_with_a_reason_and_the_breach_alone_needs_its_time() -> None:
    assert proposed().stage is PlayStage.PROPOSED
    with pytest.raises(Refused, match="has not been CRITICAL for long enough"):
        proposed(called_for="")


def test_a_step_is_done_once_in_somebodys_name_and_only_one_of_the_play() -> None:
    state, _ = PLAY.apply(proposed(), EnactPlay(by="ruth", reason="down"), START)
    state, _ = PLAY.apply(state, EnactPlay(by="chen", reason="down"), START)
    with pytest.raises(Refused, match="steps: packs"):
        PLAY.apply(state, DoStep(by="bo", step="pack"), START)
    state, _ = PLAY.apply(state, DoStep(by="bo", step="packs"), START)
    assert (dict(state.steps), PLAY.decide(state, DoStep(by="asha", step="packs"), START)) == (
        {"packs": "bo"},
        [],
    )


def test_the_way_back_decays_with_age() -> None:
    hour = timedelta(hours=1)
    old = Fallback(component="custody", good_for=2 * hour, gone_after=6 * hour)
    seen = [standing(old, h * hour) for h in (0, 2, 3, 5, 6, 99)]
    assert [s.worth for s in seen] == [
        Worth.GOOD,
        Worth.GOOD,
        Worth.DECAYING,
        Worth.DECAYING,
        Worth.GONE,
        Worth.GONE,
    ]
    assert [s.left for s in seen] == [1.0, 1.0, 0.75, 0.25, 0.0, 0.0]
    with pytest.raises(ValidationError, match="longer than good_for"):
        Fallback(component="custody", good_for=2 * hour, gone_after=hour)
