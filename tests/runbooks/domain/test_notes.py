"""What people write beside the work: kept with its author, moving no task, refused where it names nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cutover.core.errors import NotFound, Refused
from runbooks.domain.notes import Announce, AttachEvidence, CommentOnTask, WithdrawAnnouncement
from tests.runbooks.plans import HOUR, Bench, task

HASH = "ab" * 32


def test_a_comment_stands_beside_its_task_with_its_author_and_moves_nothing() -> None:
    bench = Bench.of(task("A"), task("B"))
    before = bench.state.tasks
    assert bench.ask(CommentOnTask(by="dev", task="A", text="the disk is slow")) == ["TaskCommented"]
    (note,) = bench.state.notes.of("A")
    assert (note.by, note.event.task) == ("dev", "A")
    assert bench.state.notes.of("B") == ()
    assert bench.state.tasks == before


def test_evidence_is_known_by_its_hash() -> None:
    bench = Bench.of(task("A"))
    bench.ask(
        AttachEvidence(by="bo", task="A", name="count.png", sha256=HASH, size=5, media_type="image/png")
    )
    assert [n.event.sha256 for n in bench.state.notes.of("A")] == [HASH]  # type: ignore[union-attr]
    with pytest.raises(ValidationError):
        AttachEvidence(by="bo", task="A", name="x", sha256="../../etc/passwd", size=5)


def test_what_was_seen_may_be_written_down_after_the_end() -> None:
    bench = Bench.of(task("A"))
    assert bench.finish("A")[-1] == "RunCompleted"
    assert bench.ask(CommentOnTask(by="bo", task="A", text="took two tries")) == ["TaskCommented"]


def test_a_comment_on_no_task_is_not_found_and_an_empty_one_is_none() -> None:
    with pytest.raises(NotFound, match="no task named 'Z'"):
        Bench.of(task("A")).ask(CommentOnTask(by="bo", task="Z", text="?"))
    with pytest.raises(ValidationError):
        CommentOnTask(by="bo", task="A", text="")


def test_an_announcement_stands_until_its_time_or_its_withdrawal() -> None:
    bench = Bench.of(task("A"))
    bench.ask(Announce(by="asha", text="call at six", until=bench.now + HOUR))
    bench.ask(Announce(by="asha", text="canteen is open"))
    assert [a.number for a in bench.state.notes.standing(bench.now)] == [2, 1]
    assert [a.number for a in bench.state.notes.standing(bench.now + HOUR)] == [2]
    bench.ask(WithdrawAnnouncement(by="asha", number=2))
    assert [a.number for a in bench.state.notes.standing(bench.now)] == [1]
    with pytest.raises(Refused, match="announcement 2 does not stand"):
        bench.ask(WithdrawAnnouncement(by="asha", number=2))
    bench.ask(Announce(by="asha", text="next"))
    assert bench.state.notes.standing(bench.now)[0].number == 3
