"""Killed with -9 at any moment and resumed, a run ends as if nobody had been killed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.end_to_end.blackout import Blackout, End, Moment, broken, seeded

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SEED, KILLS = 3, 6  # of one run, spread over the whole of it; benchmarks/chaos.py has hundreds of runs


@pytest.mark.requirement("R24")
def test_killed_at_seeded_moments_it_ends_the_same(tmp_path: Path, unhurried: End) -> None:
    blackout = Blackout(tmp_path / "blackout")
    first, *again = seeded(SEED, unhurried.length, KILLS)
    killed = [blackout.start_and_kill(first), *(blackout.resume_and_kill(moment) for moment in again)]
    assert all(killed), f"it had ended before it was killed:\n{blackout.said}"
    assert blackout.resume() == 0, blackout.said
    assert broken(blackout.path, unhurried, tuple(k for k in killed if k)) == []


def test_killed_during_the_load_it_asks_the_target_and_loads_once(
    tmp_path: Path, finished: Blackout, unhurried: End
) -> None:
    blackout = Blackout(tmp_path / "blackout")
    killed = blackout.start_and_kill(Moment(finished.first("TaskProgressed", "LOD-01")))
    assert killed is not None
    assert blackout.resume() == 0, blackout.said
    assert blackout.first("TaskBecameUncertain", "LOD-01") > killed.head.position
    assert broken(blackout.path, unhurried, (killed,)) == []


def test_killed_twice_while_converting_it_creates_every_record_once(
    tmp_path: Path, finished: Blackout, unhurried: End
) -> None:
    blackout = Blackout(tmp_path / "blackout")
    begun = finished.first("ConversionBegun")
    killed = (blackout.start_and_kill(Moment(begun)), blackout.resume_and_kill(Moment(begun + 1)))
    assert killed[0] is not None
    assert blackout.resume() == 0, blackout.said
    assert broken(blackout.path, unhurried, tuple(k for k in killed if k)) == []


def test_stand_ins_do_not_outlive_the_run_that_started_them(
    tmp_path: Path, finished: Blackout, unhurried: End
) -> None:
    """Killed alone, it leaves orphans; they end by themselves, and the resumed run does not wait for that."""
    blackout = Blackout(tmp_path / "blackout")
    killed = blackout.start_and_kill(Moment(finished.first("WentToPaper"), whole=False))
    assert killed is not None
    assert blackout.resume() == 0, blackout.said
    assert blackout.stand_ins() == []
    assert broken(blackout.path, unhurried, (killed,)) == []


# The same work once more under the key of another attempt: what a runner does that forgot what it had asked for.
TWICE = "INSERT INTO effects SELECT key || '9', name, content, answer, at, 1 FROM effects"


def test_what_would_be_wrong_is_told(tmp_path: Path, finished: Blackout, unhurried: End) -> None:
    """The comparison that the other tests trust sees an effect done twice, a lost record, a lost file and a wrong view."""
    blackout = finished.copy(tmp_path / "blackout")
    harm(blackout.path / "state" / "range" / "legacy_records.db", TWICE)
    harm(blackout.path / "state" / "range" / "new_records.db", "DELETE FROM records WHERE number = 5")
    harm(blackout.path / "state" / "range" / "case_transfer.db", "DELETE FROM files WHERE number = 1")
    harm(blackout.database, "UPDATE case_files SET stage = 'sent'")
    told = "\n".join(broken(blackout.path, unhurried))
    for wrong in (
        " 2 times",
        "converted but not in the target",
        "is known to one side only",
        "ended sent",
        "view case_files differs",
    ):
        assert wrong in told


def harm(database: Path, statement: str) -> None:
    db = sqlite3.connect(database)
    assert db.execute(statement).rowcount > 0
    db.commit()
    db.close()


def test_a_finished_run_that_is_resumed_stays_as_it_is(
    tmp_path: Path, finished: Blackout, unhurried: End
) -> None:
    blackout = finished.copy(tmp_path / "blackout")
    assert blackout.resume() == 0, blackout.said
    assert broken(blackout.path, unhurried) == []
    assert blackout.head() == finished.head()
