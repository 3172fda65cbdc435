"""One runner a stream: the dead are taken over, the living are left alone, the old epoch is fenced off."""

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest

from cutover.core.errors import Conflict
from cutover.store.engine import writing
from cutover.store.leases import LEASE, Fence, acquire, check_fence, release, renew, this_process

ELSEWHERE = "another-machine:7:7"
RUN = "run:r1"


def test_the_first_comer_has_the_first_epoch(any_engine, clock):
    assert acquire(any_engine, RUN, this_process(), clock.now()) == Fence(RUN, 1)


def test_a_living_runner_elsewhere_is_left_alone_until_its_lease_ends(any_engine, clock):
    acquire(any_engine, RUN, ELSEWHERE, clock.now())
    with pytest.raises(Conflict, match=f"being run by {ELSEWHERE}"):
        acquire(any_engine, RUN, this_process(), clock.now() + LEASE - timedelta(seconds=1))
    assert acquire(any_engine, RUN, this_process(), clock.now() + LEASE).epoch == 2


def test_a_living_runner_on_this_machine_is_left_alone(any_engine, clock):
    acquire(any_engine, RUN, this_process(), clock.now())
    with pytest.raises(Conflict):
        acquire(any_engine, RUN, ELSEWHERE, clock.now())


def test_a_reused_pid_is_not_mistaken_for_the_runner_that_died(any_engine, clock):
    acquire(any_engine, RUN, f"{socket.gethostname()}:{os.getpid()}:1", clock.now())
    assert acquire(any_engine, RUN, ELSEWHERE, clock.now()).epoch == 2


@pytest.mark.real
def test_a_killed_process_of_this_machine_is_taken_over_at_once_buried_or_not(any_engine, clock):
    say = "import cutover.store.leases as l, sys; print(l.this_process(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", say], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        owner = child.stdout.readline().strip()
        acquire(any_engine, RUN, owner, clock.now())
        with pytest.raises(Conflict):
            acquire(any_engine, RUN, this_process(), clock.now())
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet buried
        assert acquire(any_engine, RUN, this_process(), clock.now()).epoch == 2
    acquire(any_engine, "run:r2", owner, clock.now())
    assert acquire(any_engine, "run:r2", this_process(), clock.now()).epoch == 2


def test_the_old_epoch_can_neither_renew_nor_write(any_engine, clock):
    old = acquire(any_engine, RUN, ELSEWHERE, clock.now())
    acquire(any_engine, RUN, this_process(), clock.now() + LEASE)
    with pytest.raises(Conflict, match="epoch 2, ours 1"):
        renew(any_engine, old, clock.now())
    with pytest.raises(Conflict), writing(any_engine) as connection:
        check_fence(connection, old)


def test_a_renewed_lease_lasts_on(any_engine, clock):
    fence = acquire(any_engine, RUN, ELSEWHERE, clock.now())
    renew(any_engine, fence, clock.now() + LEASE)
    with pytest.raises(Conflict):
        acquire(any_engine, RUN, this_process(), clock.now() + LEASE + timedelta(seconds=1))


def test_a_lease_given_back_is_free_and_a_lost_one_is_left_alone(any_engine, clock):
    fence = acquire(any_engine, RUN, ELSEWHERE, clock.now())
    release(any_engine, fence, clock.now())
    new = acquire(any_engine, RUN, this_process(), clock.now())
    release(any_engine, fence, clock.now())
    with pytest.raises(Conflict):
        acquire(any_engine, RUN, ELSEWHERE, clock.now())
    renew(any_engine, new, clock.now())


def test_a_lease_that_nobody_took_fences_everything_off(any_engine):
    with pytest.raises(Conflict), writing(any_engine) as connection:
        check_fence(connection, Fence("run:none", 1))
