"""Whatever a program may send that is described, and what is not: schemathesis finds no answer that the description lacks.

More examples, other ones each time: `make api`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from cutover.web.serving import Server, listen
from tests.cutover.app.conftest import write_small
from tests.cutover.app.served_api import Program, furnish, settle_in

EXAMPLES = int(os.environ.get("API_EXAMPLES", "6"))
SEED = int(os.environ.get("API_SEED", "28"))
KNOWN = {
    "run": "small-1",
    "task": "X",
    "name": "nightly",
    "flow": "referrals",
    "contract": "crimes",
    "station": "central",
}
load_all_checks()
# Not everything that can be written can be: a day to come, a cursor of nobody, a sheet of another station.
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "422"]
NOT_CHECKED = CHECKS.get_by_names(["positive_data_acceptance"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    """The application on a port of its own."""
    folder = write_small(tmp_path_factory.mktemp("served") / "small")
    furnish(folder)
    world = build_world(folder, settings=Settings())
    settle_in(world)
    program = Program(world)
    stop = threading.Event()
    with listen("127.0.0.1", 0) as sock:
        server = threading.Thread(target=Server(program.app, stop).run, kwargs={"sockets": [sock]})
        server.start()
        yield program, f"http://127.0.0.1:{sock.getsockname()[1]}"
        stop.set()
        server.join()
    world.engine.dispose()


@pytest.mark.real
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_no_answer_is_one_that_the_description_lacks(
    served: tuple[Program, str], mode: GenerationMode
) -> None:
    program, url = served
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    schema.config.checks.negative_data_rejection.expected_statuses = REFUSED
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        path = {
            one: KNOWN[one]
            for one in program.operations[operation.method.upper(), operation.path].names
            if one in KNOWN
        }

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode, path_parameters=path or None))
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            assume([] not in (case.query or {}).values())  # an empty list is never written
            asked += 1
            template, names = (
                case.operation.path,
                {k: str(v) for k, v in (case.path_parameters or {}).items()},
            )
            case.call_and_validate(
                headers={"Authorization": f"Bearer {program.token(case.method, template, names)}"},
                excluded_checks=NOT_CHECKED,
            )

        ask()
    assert asked > EXAMPLES * 10
