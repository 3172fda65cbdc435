"""Partners are told once, over their channel, in the transaction that records it; their silence has an age."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contingency.domain.notices import CountStage, NoticeStage
from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Invalid, NotFound, Refused
from cutover.store.outbox import due
from tests.conftest import START, MakeDesk
from tests.contingency.assured import EVENTS, Assured


@pytest.fixture
def assured(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> Assured:
    return Assured(make_desk, clock, tmp_path)


def tell(assured: Assured, *partners: str, text: str = "On paper.", key: str = "n1") -> list[str]:
    return assured.bulletins.tell(partners, "Custody", text, by="rosa", key=key)


def test_telling_commits_the_message_with_the_fact(assured: Assured) -> None:
    """One message a partner waits in the outbox, over the partner's own channel."""
    assert tell(assured, "prosecutor", "ambulance") == ["n1:prosecutor", "n1:ambulance"]
    waiting = due(assured.desk.journal.engine, START)
    assert {(m.id, m.channel, m.recipient) for m in waiting} == {
        ("notice:n1:prosecutor", "file", "prosecutor"),
        ("notice:n1:ambulance", "file", "ambulance"),
    }


def test_the_same_key_tells_nobody_twice(assured: Assured) -> None:
    """Asked again after a crash nothing is added; with another text it is a conflict."""
    tell(assured, "prosecutor")
    tell(assured, "prosecutor")
    assert len(due(assured.desk.journal.engine, START)) == 1
    with pytest.raises(Conflict, match="another text"):
        tell(assured, "prosecutor", text="Back to normal.")


def test_one_unknown_partner_and_nobody_is_told(assured: Assured) -> None:
    """All or none: the message names the nearest that exists."""
    with pytest.raises(NotFound, match="did you mean 'prosecutor'"):
        tell(assured, "ambulance", "prosecutr")
    with pytest.raises(Invalid, match="nobody is named"):
        tell(assured)
    assert assured.bulletins.status().notices == ()


def test_the_status_says_who_has_it_and_how_old_the_silence_is(assured: Assured) -> None:
    """Acknowledged has a time, unacknowledged an age, never told a name."""
    first, second = tell(assured, "prosecutor", "ambulance")
    assured.hours(2)
    assured.bulletins.acknowledge(first, by="rosa", at=START + timedelta(hours=1))
    assured.bulletins.acknowledge(first, by="rosa")
    status = assured.bulletins.status()
    have, silent = status.notices
    assert (have.id, have.acknowledged_at, have.unacknowledged_for) == (
        first,
        START + timedelta(hours=1),
        None,
    )
    assert (silent.id, silent.unacknowledged_for, silent.sent_at) == (second, timedelta(hours=2), None)
    assert status.unacknowledged == (silent,)
    assert status.never_told == ("victim-support", "childrens-social-care")


def test_delivery_and_answer_show_in_the_status(assured: Assured) -> None:
    """Sent is when the channel took it; an answer acknowledges."""
    (notice,) = tell(assured, "prosecutor")
    assured.hours(1)
    assert assured.delivered() == 1
    assert assured.bulletins.answer(notice, "understood", by="rosa").stage is NoticeStage.ANSWERED
    (line,) = assured.bulletins.status().notices
    assert (line.sent_at, line.answer, line.in_outbox) == (assured.clock.now(), "understood", True)


def test_a_desk_without_the_message_hook_is_seen(make_desk: MakeDesk, assured: Assured) -> None:
    """A notice whose message is in no outbox is not passed off as on its way."""
    assured.bulletins.desk = make_desk(EVENTS)
    tell(assured, "prosecutor")
    assert [n.in_outbox for n in assured.bulletins.status().notices] == [False]


@pytest.mark.requirement("R18")
def test_a_count_that_differs_is_raised_and_explained(assured: Assured) -> None:
    """The partner's own count stands beside ours until somebody says why they differ."""
    say = assured.bulletins
    assert say.count("prosecutor", "case files", theirs=1, ours=3, by="rosa").stage is CountStage.DIFFERS
    assert [c.flow for c in say.status().differing] == ["case files"]
    say.explain("prosecutor", "case files", reason="two by hand", by="rosa")
    assert say.status().differing == ()
    with pytest.raises(Refused):
        say.explain("prosecutor", "referrals", reason="none", by="rosa")


def test_a_notice_nobody_sent_cannot_be_acknowledged(assured: Assured) -> None:
    """Its name is unknown, and the nearest one is offered."""
    tell(assured, "prosecutor")
    with pytest.raises(NotFound, match="n1:prosecutor"):
        assured.bulletins.acknowledge("n1:prosecuto", by="rosa")
