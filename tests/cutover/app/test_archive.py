"""A programme in one file: what goes in comes out elsewhere, and what was changed on the way is not believed."""

import hashlib
import io
import json
import sqlite3
import tarfile
import threading
from pathlib import Path

import pytest

from cutover.app.archive import MANIFEST, SIGNATURE, back_up, restore
from cutover.app.bootstrap import World, build_world
from cutover.app.signing import KEY, fingerprint, signer
from cutover.core.errors import Invalid, Refused
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.store import schema
from cutover.store.kept_files import KeptFiles
from tests.cutover.store.desks import switch


@pytest.fixture
def archive(world: World, tmp_path: Path) -> Path:
    """The archive of a programme with a fact, a kept file and a lock in it."""
    world.desk.ask(COMPONENT, component_stream("custody"), switch(Mode.PAPER))
    KeptFiles(world.folder.state / "evidence").keep(b"a signed sheet")
    (world.folder.state / "performing.lock").write_text("process 1")
    to = tmp_path / "night.cutover.tar"
    back_up(world.folder.path, world.engine, to)
    return to


def without(archive: Path, to: Path, name: str, instead: bytes | None = None) -> Path:
    """The same archive with one member left out, or with other content."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()
            if member.name == name:
                if instead is None:
                    continue
                content = instead
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return to


def test_a_programme_is_the_same_elsewhere(archive: Path, world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    made, found = restore(archive, elsewhere)
    assert found.holds
    assert str(found.head) == made.head == str(world.journal.head())
    there = build_world(elsewhere)
    assert there.folder.programme == world.folder.programme
    assert [f.event for f in there.journal.all()] == [f.event for f in world.journal.all()]
    kept = next((world.folder.state / "evidence").iterdir()).name
    assert KeptFiles(elsewhere / "state" / "evidence").read(kept) == b"a signed sheet"
    assert not (elsewhere / "state" / "performing.lock").exists()
    assert not list(elsewhere.rglob("*.partial"))
    there.engine.dispose()


def test_only_its_owner_reads_it(archive: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600


def test_an_archive_in_the_programme_s_own_folder_is_not_archived_again(world: World) -> None:
    to = world.folder.path / "first.cutover.tar"
    back_up(world.folder.path, world.engine, to)
    made = back_up(world.folder.path, world.engine, world.folder.path / "second.cutover.tar")
    assert not [name for name in made.sha256 if name.endswith(".tar")]


def test_one_of_before_is_not_archived_again_whatever_it_is_called(world: World) -> None:
    first = world.folder.path / "backups" / "monday"
    first.parent.mkdir()
    back_up(world.folder.path, world.engine, first)
    with tarfile.open(world.folder.path / "photographs.tar", "w") as other:
        other.add(world.folder.path / "programme.yaml", "programme.yaml")
    made = back_up(world.folder.path, world.engine, world.folder.path / "backups" / "tuesday")
    assert "files/backups/monday" not in made.sha256
    assert "files/photographs.tar" in made.sha256


def test_it_is_signed_by_the_programme_and_never_holds_the_key(
    archive: Path, world: World, tmp_path: Path
) -> None:
    made = back_up(world.folder.path, world.engine, tmp_path / "again.tar")
    assert made.signed_by == fingerprint(signer(world.folder.state))
    assert not [name for name in made.sha256 if KEY in name]
    assert (world.folder.state / KEY).stat().st_mode & 0o777 == 0o600
    assert restore(archive, tmp_path / "elsewhere", of=made.signed_by.upper())[1].holds


def test_who_changes_the_hashes_too_is_found_by_the_signature(archive: Path, tmp_path: Path) -> None:
    mine = b"title: Mine\n"
    changed = without(archive, tmp_path / "changed.tar", "files/programme.yaml", mine)
    with tarfile.open(archive) as tar:
        said = json.loads(tar.extractfile(MANIFEST).read())
    said["sha256"]["files/programme.yaml"] = hashlib.sha256(mine).hexdigest()
    again = without(changed, tmp_path / "again.tar", MANIFEST, json.dumps(said).encode())
    with pytest.raises(Invalid, match="was changed since it was signed"):
        restore(again, tmp_path / "elsewhere")


@pytest.mark.parametrize("strip", [False, True])
def test_another_key_or_none_is_refused_where_a_key_is_asked_for(
    archive: Path, world: World, tmp_path: Path, strip: bool
) -> None:
    wanted = fingerprint(signer(world.folder.state))
    if strip:
        with tarfile.open(archive) as tar:
            said = json.loads(tar.extractfile(MANIFEST).read())
        without(archive, tmp_path / "half.tar", SIGNATURE)
        other = without(
            tmp_path / "half.tar", tmp_path / "o.tar", MANIFEST, json.dumps(said | {"signed_by": ""}).encode()
        )
    else:
        (world.folder.state / KEY).unlink()
        other = tmp_path / "other.tar"
        back_up(world.folder.path, world.engine, other)
    with pytest.raises(Refused, match="is not signed" if strip else "is signed by"):
        restore(other, tmp_path / "elsewhere", of=wanted)
    assert not (tmp_path / "elsewhere" / "state" / "cutover.db").exists()


def test_files_that_are_there_stay_as_they_are(archive: Path, world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ours = (world.folder.path / "programme.yaml").read_text() + "# ours\n"
    (elsewhere / "programme.yaml").write_text(ours)
    restore(archive, elsewhere)
    assert (elsewhere / "programme.yaml").read_text() == ours


def test_a_database_that_is_there_is_never_written_over(archive: Path, world: World) -> None:
    with pytest.raises(Refused, match="is not empty"):
        restore(archive, world.folder.path)


def test_a_changed_member_is_named_and_nothing_is_restored(archive: Path, tmp_path: Path) -> None:
    changed = without(archive, tmp_path / "changed.tar", "files/programme.yaml", b"title: Mine\n")
    with pytest.raises(Invalid, match=r"files/programme\.yaml.*was changed"):
        restore(changed, tmp_path / "elsewhere")
    assert not [path for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()]


@pytest.mark.parametrize("gone", ["database", "files/programme.yaml"])
def test_a_missing_member_is_named(archive: Path, tmp_path: Path, gone: str) -> None:
    with pytest.raises(Invalid, match=gone.replace(".", r"\.")):
        restore(without(archive, tmp_path / "less.tar", gone), tmp_path / "elsewhere")


def test_a_broken_chain_is_said_even_where_every_hash_is_right(world: World, tmp_path: Path) -> None:
    world.desk.ask(COMPONENT, component_stream("custody"), switch(Mode.PAPER))
    with sqlite3.connect(world.folder.state / "cutover.db") as raw:
        raw.execute("DROP TRIGGER IF EXISTS journal_no_update")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE journal SET actor = 'Dev'")
    back_up(world.folder.path, world.engine, tmp_path / "broken.tar")
    _, found = restore(tmp_path / "broken.tar", tmp_path / "elsewhere")
    assert not found.holds


def test_no_member_is_written_outside_its_folder(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        said = tar.extractfile(MANIFEST).read().decode()
    outside = "files/../../mine"
    hostile = tmp_path / "hostile.tar"
    said = json.dumps(json.loads(said.replace("files/programme.yaml", outside)) | {"signed_by": ""})
    without(without(archive, tmp_path / "unsigned.tar", SIGNATURE), hostile, MANIFEST, said.encode())
    with tarfile.open(hostile) as old, tarfile.open(tmp_path / "renamed.tar", "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()
            member.name = outside if member.name == "files/programme.yaml" else member.name
            new.addfile(member, io.BytesIO(content))
    with pytest.raises(Invalid, match="outside its folder"):
        restore(tmp_path / "renamed.tar", tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x1f\x8b\x08", None], ids=["empty", "text", "gzip", "missing"]
)
def test_a_file_that_is_no_archive_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "some.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Invalid):
        restore(path, tmp_path / "elsewhere")


def test_an_archive_of_a_newer_version_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "HEAD", "0000")
    with pytest.raises(Refused, match="newer than this"):
        restore(archive, tmp_path / "elsewhere")


@pytest.mark.real
def test_an_archive_of_another_kind_of_database_is_refused(
    archive: Path, tmp_path: Path, postgres_url: str
) -> None:
    with pytest.raises(Refused, match="sqlite database, this one is postgresql"):
        restore(archive, tmp_path / "elsewhere", postgres_url)


def test_taken_while_people_go_on_working_it_is_the_journal_as_it_was_at_one_moment(
    world: World, tmp_path: Path
) -> None:
    """Nothing that was answered before it began is missing; what it holds is what stands, and its chain holds."""
    stop, failed = threading.Event(), []

    def work(name: str) -> None:
        try:
            while not stop.is_set():
                for mode in (Mode.PAPER, Mode.LIVE):
                    world.desk.ask(COMPONENT, component_stream(name), switch(mode))
        except Exception as error:
            failed.append(error)
            raise

    workers = [threading.Thread(target=work, args=(name,)) for name in ("custody", "records", "crime")]
    for worker in workers:
        worker.start()
    while world.journal.head().position < 50:
        stop.wait(0.01)
    before = world.journal.head().position
    back_up(world.folder.path, world.engine, tmp_path / "night.tar")
    after = world.journal.head().position
    stop.set()
    for worker in workers:
        worker.join()
    _, found = restore(tmp_path / "night.tar", tmp_path / "elsewhere")
    assert (found.holds, failed, before <= found.head.position <= after, after > before) == (
        True,
        [],
        True,
        True,
    )
    there = build_world(tmp_path / "elsewhere")
    rows = list(there.journal.raw())
    assert rows == list(world.journal.raw())[: len(rows)]
    there.engine.dispose()
