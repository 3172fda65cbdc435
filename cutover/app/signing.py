"""Who an archive is of: a programme's own Ed25519 key, kept beside its database and never put into an archive.

Whoever can change an archive can change its hashes too; what they cannot do is sign it. The fingerprint of the key is
what two people compare by telephone, as they do for the authority of the pages.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cutover.core.errors import Unavailable

KEY = "signing-key.pem"
_PUBLIC, _SIGNATURE = 32, 64  # bytes


def signer(state: Path) -> Ed25519PrivateKey:
    """The programme's key, made the first time. Raises Unavailable for a file that holds none."""
    file = state / KEY
    try:
        if not file.exists():
            _make(file)
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except ValueError as error:
        raise Unavailable(f"{file} holds no key: move it away, and a new one is made") from error
    except OSError as error:
        raise Unavailable(f"{file}: {error.strerror}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable(f"{file} holds another kind of key: move it away, and a new one is made")
    return key


def _make(file: Path) -> None:
    """Of two that sign first at once, one wins and both use its key; only its owner ever reads it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_name(f".{KEY}.{os.getpid()}.partial")
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    temporary.touch(mode=0o600)
    temporary.write_bytes(pem)
    try:
        os.link(temporary, file)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def fingerprint(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """What names a key: the SHA-256 of its public half."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()


def sign(key: Ed25519PrivateKey, said: bytes) -> bytes:
    """The public half, then the signature."""
    return key.public_key().public_bytes_raw() + key.sign(said)


def signed_by(said: bytes, signature: bytes) -> str:
    """Whose signature it is, by fingerprint; '' when it is none of what was `said`."""
    if len(signature) != _PUBLIC + _SIGNATURE:
        return ""
    key = Ed25519PublicKey.from_public_bytes(signature[:_PUBLIC])
    try:
        key.verify(signature[_PUBLIC:], said)
    except InvalidSignature:
        return ""
    return fingerprint(key)
