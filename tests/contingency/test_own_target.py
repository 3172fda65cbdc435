"""A target of somebody's own, really installed: found by its entry point, and whatever it does, nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from contingency.conversions import BatchReport, ConversionService
from contingency.target_file import GROUP, TargetDeclaration
from contingency.target_kinds import make_target
from cutover.core.errors import Invalid, Unavailable
from tests.contingency.dying import die
from tests.contingency.world import World, somebody

STORE = '''
import json
from contextlib import asynccontextmanager
from datetime import datetime
from contingency import Held, Receipt, target_record

def make(declared, folder, secret):
    return Store(declared, folder / declared.options["file"])

class Store:
    """One line of JSON a record."""
    def __init__(self, declared, path):
        self.declared, self.path = declared, path

    @asynccontextmanager
    async def open(self):
        self.path.touch()
        yield self

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    async def by_serial(self, serial):
        return [r for r in await self.held() if r.serial == serial]

    async def held(self, form_type=None, since=None, until=None):
        return [
            Held(f"S-{n}", r["serial"], r["form_type"], datetime.fromisoformat(r["occurred_at"]), r["person"])
            for n, r in enumerate(self.lines())
        ]

    async def create(self, record, key):
        with self.path.open("a") as out:
            out.write(json.dumps({"key": key, **target_record(self.declared, record)}) + "\\n")
        return Receipt(f"S-{len(self.lines()) - 1}")
'''
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Install:
    """Puts a distribution with its entry point where Python finds what is installed."""

    def put(source: str, *, name: str = "store", calls: str = "make") -> None:
        place = tmp_path / f"site-{name}-{calls}"
        module = f"their_{request.node.name.partition('[')[0]}_{calls}_{abs(hash(source)) % 10**8}"
        about = place / f"{module}-1.0.dist-info"
        about.mkdir(parents=True)
        (place / f"{module}.py").write_text(source, encoding="utf-8")
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8"
        )
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}:{calls}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(place)

    return put


def service_of(world: World, folder: Path) -> ConversionService:
    declared = TargetDeclaration(kind="store", options={"file": "store.jsonl"})
    assert [message for _, message, _ in declared.faults({})] == []
    target = make_target(declared, folder, {}, str)
    return ConversionService(world.desk, world.book, world.paper, target)


def run(service: ConversionService) -> BatchReport:
    return asyncio.run(service.convert_batch(by="tova"))


def lines(folder: Path) -> int:
    return len((folder / "store.jsonl").read_text(encoding="utf-8").splitlines())


def test_an_installed_adapter_takes_the_records(world: World, tmp_path: Path, install: Install) -> None:
    """Its references are on the sheets, a second run adds none, and both sides agree one to one."""
    install(STORE)
    serials = world.verified(4)
    service = service_of(world, tmp_path)
    assert sorted(run(service).converted) == sorted(serials)
    assert run(service) == BatchReport()
    assert asyncio.run(service.one_to_one()).holds
    assert world.paper.sheet(serials[0]).reference.startswith("S-")


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_in_the_middle_is_settled_by_asking_the_adapter(
    world: World, tmp_path: Path, install: Install, *, arrived: bool
) -> None:
    """It keeps no key of its own: that each is there once is our asking first."""
    install(STORE)
    world.verified(5)
    service = service_of(world, tmp_path)
    die(service, survives=1, arrived=arrived)
    run(service)
    assert (lines(tmp_path), service.status()["converted"]) == (5, 5)


NONSENSE = {
    "raises": ('raise KeyError("beat")', "KeyError: 'beat'"),
    "a text": ('return "S-1"', "answered 'S-1'"),
    "nothing": ("return None", "answered None"),
    "an empty receipt": ('return Receipt("")', "a reference or a refusal was due"),
}


@pytest.mark.parametrize(("does", "said"), NONSENSE.values(), ids=NONSENSE)
def test_an_adapter_that_makes_no_sense_over_one_record_holds_up_no_other(
    world: World, tmp_path: Path, install: Install, does: str, said: str
) -> None:
    """Asked first, tried once more, then a dead letter with what it said; its sheet is still in hand."""
    bad, *others = world.verified(3)
    nonsense = f"    async def create(self, record, key):\n        if record.serial == {bad!r}:\n            {does}\n"
    install(STORE.replace("    async def create(self, record, key):\n", nonsense))
    service = service_of(world, tmp_path)
    first = run(service)
    assert (first.unanswered, sorted(first.converted)) == ((bad,), sorted(others))
    world.verified(1, person=somebody(9))
    assert run(service).set_aside == (bad,)
    assert said in service.dead_letters()[0].reason
    assert (lines(tmp_path), world.paper.sheet(bad).stage) == (3, "verified")


def test_an_adapter_that_takes_a_record_and_breaks_down_is_asked_for_it(
    world: World, tmp_path: Path, install: Install
) -> None:
    """The record is there once, and its conversion says so."""
    install(
        STORE.replace("        return Receipt(", '        raise OSError("line cut")\n        return Receipt(')
    )
    world.verified(2)
    service = service_of(world, tmp_path)
    assert len(run(service).unanswered) == 2
    run(service)
    assert (lines(tmp_path), service.status()["converted"]) == (2, 2)


@pytest.mark.parametrize("answer", ["None", '["S-1"]', "[]"])
def test_an_adapter_that_does_not_say_what_it_holds_is_sent_nothing(
    world: World, tmp_path: Path, install: Install, answer: str
) -> None:
    """Matching would be blind: nothing is begun. An empty list is an answer."""
    install(
        STORE.replace(
            "        return [\n            Held(",
            f"        return {answer}\n        return [\n            Held(",
        )
    )
    world.verified(1)
    service = service_of(world, tmp_path)
    if answer == "[]":
        assert len(run(service).converted) == 1
        return
    with pytest.raises(Unavailable, match="a list of Held was due"):
        run(service)
    assert service.status()["begun"] == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nowhere_to_be_found\ndef make(*_): ...", "ModuleNotFoundError"),
        ("def make(declared, folder, secret): raise RuntimeError('no licence')", "no licence"),
        ("def make(one): ...", "TypeError"),
    ],
)
def test_an_adapter_that_does_not_start_is_told_with_its_place(
    world: World, tmp_path: Path, install: Install, source: str, said: str
) -> None:
    """And the sheets still wait; what needs no target works without it."""
    install(source)
    world.verified(1)
    service = service_of(world, tmp_path)
    with pytest.raises(Invalid, match=rf"the target 'store' \(their_.*\) does not start: .*{said}"):
        run(service)
    assert service.status()["waiting"] == 1


def test_two_adapters_of_one_name_are_refused(world: World, tmp_path: Path, install: Install) -> None:
    """Which of them would be meant is a guess."""
    install(STORE)
    install(STORE + "\ndef other(*_): ...\n", calls="other")
    world.verified(1)
    with pytest.raises(Invalid, match="one entry point of that name"):
        run(service_of(world, tmp_path))
