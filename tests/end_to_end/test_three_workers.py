"""Three machines bring paper back, two show it behind nginx: one of the three is cut off, one of the two dies, nothing is lost."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmarks.cut_workers import MACHINES, through
from tests.end_to_end.networks import Network, require_namespaces
from tests.real_parts import require_real
from tests.servers import Postgres


@pytest.mark.real
@pytest.mark.timeout(280)
def test_a_worker_that_is_cut_off_in_the_midst_neither_loses_nor_doubles_a_record(tmp_path: Path) -> None:
    require_real("postgresql")
    require_real("nginx")
    require_namespaces()
    with Network(MACHINES) as network:
        postgres = Postgres(network.address("db"), inside=network.on("db"), trust="10.213.7.0/24")
        try:
            postgres.start()
            assert through(tmp_path, network, postgres, argparse.Namespace(records=150, seed=1, apart=4.0))
        finally:
            postgres.end()
