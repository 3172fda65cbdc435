"""A whole programme in one file: its database at one moment, its own files, and what it keeps; and back again.

Every member's SHA-256 and the head of the chain stand in the manifest, and the programme's own key signs that.
Restoring checks all of them before the first file is put in its place, and the database comes last: broken off at
any point, it can be done again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Engine

import cutover
from cutover.app.facts import catalogue
from cutover.app.signing import KEY, fingerprint, sign, signed_by, signer
from cutover.core.clock import SystemClock
from cutover.core.errors import Invalid, Problem, Refused, Unavailable
from cutover.store import schema
from cutover.store.chain import Checkpoint, Verification
from cutover.store.dump import dump, live_files, load, refuse_unless_empty
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.whole_file import require_place

MANIFEST, SIGNATURE, DATABASE, FILES = "manifest.json", "signature", "database", "files/"
DATABASE_FILE = "cutover.db"
PROGRAMME = "programme.yaml"
EXPECTED = "an archive that `cutover db backup` wrote"
SUFFIX = ".cutover.tar"
_PASSING = (".lock", ".partial", ".sock", SUFFIX)
_OURS_ALONE = frozenset({".git", KEY})  # what signs an archive is not in it
MIB = 2**20


class Manifest(BaseModel):
    """What an archive holds, and how to know that it still does. What anybody was told of before `made_at` is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    made_at: datetime
    version: str
    backend: str
    schema_revision: str
    head: str
    signed_by: str = ""  # fingerprint of the key; '' in what was archived before there were signatures
    sha256: dict[str, str]


def back_up(folder: Path, engine: Engine, to: Path) -> Manifest:
    """Write a programme into one archive, readable by its owner only. It appears whole or not at all.

    Others may go on writing: the archive holds the database as it was at one moment, and files as they were read.
    Raises Invalid for a place where nothing can be written, Unavailable for a file that changed under our hands.
    """
    require_place(to)
    with _scratch(to.parent) as scratch:
        dumped, partial = scratch / DATABASE, scratch / "archive"
        began = SystemClock().now()
        head, key = dump(engine, dumped), signer(folder / "state")
        with _owner_only(partial) as out, tarfile.open(fileobj=out, mode="w") as tar:
            digests = {DATABASE: _add(tar, DATABASE, dumped)}
            for name, file in _files(folder, live_files(engine) | {to}):
                digests[FILES + name] = _add(tar, FILES + name, file)
            manifest = Manifest(
                made_at=began,
                version=cutover.__version__,
                backend=engine.dialect.name,
                schema_revision=schema.current(engine),
                head=str(head),
                signed_by=fingerprint(key),
                sha256=digests,
            )
            said = manifest.model_dump_json(indent=1).encode()
            for name, content in ((MANIFEST, said), (SIGNATURE, sign(key, said))):
                (scratch / name).write_bytes(content)
                _add(tar, name, scratch / name)
        partial.replace(to)
    return manifest


def restore(
    archive: Path, folder: Path, database_url: str = "", *, of: str = ""
) -> tuple[Manifest, Verification]:
    """Put a programme where there is none yet, or its database beside files that are there already.

    `of` is the fingerprint of the key that must have signed it; '' asks for none. Files that exist stay as they are.
    Raises Invalid for a file that is no such archive or was changed, Refused where a database is, for another kind of
    database, for one of a newer version, and for another key.
    """
    engine = open_engine(database_url or sqlite_url(folder / "state" / DATABASE_FILE))
    try:
        with _opened(archive) as tar:
            manifest = _manifest(archive, tar)
            _check_key(archive, manifest, of)
            _refuse_other(manifest, engine)
            refuse_unless_empty(engine)
            (folder / "state").mkdir(mode=0o700, parents=True, exist_ok=True)
            with _scratch(folder / "state") as scratch:
                _unpack(archive, tar, manifest, scratch)
                _put(scratch / FILES, folder)
                load(scratch / DATABASE, engine)
        found = _verified(engine, manifest)
        if found.holds:
            schema.upgrade(engine)
        return manifest, found
    finally:
        engine.dispose()


def _verified(engine: Engine, manifest: Manifest) -> Verification:
    """The chain of the restored database, held against the head that the manifest names."""
    anchor = Checkpoint.parse(manifest.head)
    return Journal(engine, catalogue(), SystemClock()).verify(anchor if anchor.position else None)


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """On the same disk as what will come of it, so that a rename is all that is left to do."""
    folder = beside / f".cutover-{secrets.token_hex(6)}.partial"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner_only(path: Path) -> IO[bytes]:
    """It holds password hashes and people's names."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600), "wb")


def _files(folder: Path, leave: frozenset[Path]) -> Iterator[tuple[str, Path]]:
    """Every file of the programme but its live database, what is of this minute, and archives of before."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        passing = any(part.endswith(_PASSING) or part in _OURS_ALONE for part in parts)
        kept = not passing and path not in leave and path.is_file() and not path.is_symlink()
        if kept and not _is_archive(path):
            yield "/".join(parts), path


def _is_archive(path: Path) -> bool:
    """Whether it is one of ours, whatever it is called: each would hold all those before it."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            first = tar.next()
    except (tarfile.TarError, OSError):
        return False
    return first is not None and first.name == DATABASE


class _Counted:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.file.read(size)
        self.hash.update(block)
        return block


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            entry = tarfile.TarInfo(name)
            entry.size = os.fstat(file.fileno()).st_size
            counted = _Counted(file)
            tar.addfile(entry, counted)
    except OSError as error:
        raise Unavailable(f"{path} could not be read whole ({error}); try again") from error
    return counted.hash.hexdigest()


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, mode="r:") as tar:
            yield tar
    except FileNotFoundError:
        raise Invalid(Problem("no such file", file=str(archive))) from None
    except (tarfile.TarError, IsADirectoryError, EOFError) as error:
        raise Invalid(Problem(f"cannot be read: {error}", file=str(archive), expected=EXPECTED)) from error


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    """Raises Invalid unless the archive holds exactly what its manifest names, in places below its folder."""
    members = {member.name: member for member in tar.getmembers()}
    said, signature = (_small(tar, members.pop(name, None)) for name in (MANIFEST, SIGNATURE))
    try:
        manifest = Manifest.model_validate_json(said)
    except ValidationError:
        raise Invalid(Problem("has no manifest of ours", file=str(archive), expected=EXPECTED)) from None
    if manifest.signed_by != (signed_by(said, signature) if signature else ""):
        raise Invalid(Problem("was changed since it was signed", file=str(archive), field=SIGNATURE))
    if strange := sorted(set(members) ^ set(manifest.sha256)):
        raise Invalid(
            Problem(
                "does not hold what its manifest names", str(archive), field=strange[0], expected=EXPECTED
            )
        )
    for name, member in members.items():
        inside = name == DATABASE or (name.startswith(FILES) and ".." not in PurePosixPath(name).parts)
        if not inside or not member.isreg():
            raise Invalid(Problem("would be written outside its folder", str(archive), field=name))
    return manifest


def _small(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> bytes:
    file = tar.extractfile(member) if member is not None and member.size < 64 * MIB else None
    return file.read() if file else b""


def _check_key(archive: Path, manifest: Manifest, of: str) -> None:
    """Raises Refused unless the key that was asked for has signed it."""
    if of and manifest.signed_by != of.replace(":", "").casefold():
        by = f"is signed by {manifest.signed_by}" if manifest.signed_by else "is not signed"
        raise Refused(f"{archive} {by}, not by {of}: ask whoever sent it for the fingerprint `cutover db backup` printed")  # fmt: skip


def _refuse_other(manifest: Manifest, engine: Engine) -> None:
    if manifest.backend != engine.dialect.name:
        raise Refused(
            f"the archive is of a {manifest.backend} database, this one is {engine.dialect.name}; "
            "name an empty database of that kind in CUTOVER_DATABASE_URL"
        )
    if manifest.schema_revision > schema.HEAD:
        raise Refused(
            f"the archive is of version {manifest.version} (schema {manifest.schema_revision}), newer than this "
            f"one ({cutover.__version__}, schema {schema.HEAD}); install that version"
        )


def _unpack(archive: Path, tar: tarfile.TarFile, manifest: Manifest, scratch: Path) -> None:
    """Into a folder of its own, each file checked against its hash. Raises Invalid for one that was changed."""
    for name, wanted in manifest.sha256.items():
        place = scratch / name
        place.parent.mkdir(parents=True, exist_ok=True)
        source, digest = tar.extractfile(name), hashlib.sha256()
        with place.open("wb") as out:
            while block := source.read(MIB) if source else b"":
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != wanted:
            raise Invalid(Problem("was changed since it was archived", file=str(archive), field=name))


def _put(unpacked: Path, folder: Path) -> None:
    """A programme's own files only where there is no programme; what it keeps, only where it is missing."""
    whole = not (folder / PROGRAMME).exists()
    files = sorted(path for path in unpacked.rglob("*") if path.is_file())
    for path in sorted(
        files, key=lambda path: path.name == PROGRAMME
    ):  # last: until then it is not a programme
        place = folder / path.relative_to(unpacked)
        kept = place.relative_to(folder).parts[0] == "state"
        if (whole or kept) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
