"""An authority of our own for the pages of one programme: the offline page needs HTTPS, and a station has no public name.

`ca.pem` is what a station's PC is told to trust, once; whoever holds `ca-key.pem` can be anybody to those PCs, so it is
readable by its owner only and can sign nothing that is an authority itself. The server's certificate is made anew when
it is about to end or when it is asked for under another name.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cutover.core.errors import Unavailable
from cutover.store.whole_file import write_whole

CA_DAYS, SERVER_DAYS = 5 * 365, 90
RENEWED = timedelta(days=30)  # before its end
EARLY = timedelta(days=1)  # a PC whose clock is behind must not refuse it
_ALWAYS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Served:
    """The files that a server shows who it is with; `fingerprint` is the authority's, to be compared by telephone."""

    certificate: Path
    key: Path
    authority: Path
    fingerprint: str


def certificates(folder: Path, title: str, names: Sequence[str], now: datetime) -> Served:
    """The files in `folder`, made or renewed where needed. Raises Unavailable for a folder that takes none."""
    wanted = tuple(sorted({*names, *_ALWAYS}))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        authority, signer = _authority(folder, title, now)
        if not _serves(folder, authority, wanted, now):
            _issue(folder, authority, signer, wanted, now)
    except OSError as error:
        raise Unavailable(f"{error.filename}: {error.strerror}") from error
    print_ = authority.fingerprint(hashes.SHA256()).hex(":").upper()
    return Served(folder / "server.pem", folder / "server-key.pem", folder / "ca.pem", print_)


def _authority(
    folder: Path, title: str, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """As it stands; a new one when there is none, or when it would end before what it signs."""
    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if certificate.exists() and key.exists():
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        if known.not_valid_after_utc - now > timedelta(days=SERVER_DAYS):
            signer = serialization.load_pem_private_key(key.read_bytes(), None)
            assert isinstance(signer, ec.EllipticCurvePrivateKey)  # we made it
            return known, signer
    signer = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"cutover: {title}"[:64])])
    made = (
        _begun(name, name, signer, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(signer, hashes.SHA256())
    )
    _keep(key, _private(signer))
    write_whole(certificate, made.public_bytes(serialization.Encoding.PEM))
    return made, signer


def _serves(folder: Path, authority: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    """Whether the server's certificate is of this authority, for these names, and good for a while."""
    certificate = folder / "server.pem"
    if not certificate.exists() or not (folder / "server-key.pem").exists():
        return False
    known = x509.load_pem_x509_certificate(certificate.read_bytes())
    alternative = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    same = tuple(sorted(str(one.value) for one in alternative)) == tuple(names)
    return (
        same
        and known.issuer == authority.subject
        and _signed(known, authority)
        and known.not_valid_after_utc - now > RENEWED
    )


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError):
        return False
    return True


def _issue(
    folder: Path,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    now: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[-1][:64])])
    made = (
        _begun(subject, authority.subject, key, now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    _keep(folder / "server-key.pem", _private(key))
    write_whole(folder / "server.pem", made.public_bytes(serialization.Encoding.PEM))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates and nothing else, a server proves itself and nothing else."""
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _keep(path: Path, content: bytes) -> None:
    """Readable by its owner from its first moment."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
