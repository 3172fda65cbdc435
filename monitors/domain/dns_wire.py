"""A DNS question and its answer as bytes (RFC 1035): what is cut short, loops or lies about its length is no answer."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!2HIH")
_LONGEST_LABEL, _MOST_JUMPS = 63, 40
_POINTER = 0xC0
_RECURSE, _CUT, _ANSWER = 0x0100, 0x0200, 0x8000


class NotDnsError(ValueError):
    """What came back is no answer to the question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`cut`: it did not fit into a datagram; ask again over TCP."""

    code: str
    answers: tuple[str, ...]
    cut: bool


def question(number: int, name: str, record: str) -> bytes:
    """Ask for a record of a name. Raises ValueError for a name that is none."""
    labels = name.rstrip(".").encode("idna").split(b".")
    if any(not 0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise ValueError(f"'{name}' is no name")
    asked = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return _HEADER.pack(number, _RECURSE, 1, 0, 0, 0) + asked + struct.pack("!2H", TYPES[record], 1)


def reply(number: int, record: str, raw: bytes) -> Reply:
    """What the name server says. Raises NotDnsError."""
    try:
        given, flags, asked, answered, _, _ = _HEADER.unpack_from(raw)
        if given != number or not flags & _ANSWER:
            raise NotDnsError("it answers another question")
        at = _HEADER.size
        for _ in range(asked):
            at = _name(raw, at)[1] + 4
        found = []
        for _ in range(answered):
            at, kind, begin, length = _record(raw, at)
            if kind == TYPES[record]:
                found.append(_SHOWN[record](raw, begin, length))
    except (struct.error, IndexError, UnicodeDecodeError, ipaddress.AddressValueError) as error:
        raise NotDnsError("the answer is cut short or broken") from error
    code = flags & 0xF
    return Reply(CODES.get(code, f"code {code}"), tuple(found), bool(flags & _CUT))


def _record(raw: bytes, at: int) -> tuple[int, int, int, int]:
    """Where the next record begins, and the kind, begin and length of what this one holds."""
    _, at = _name(raw, at)
    kind, _, _, length = _RECORD.unpack_from(raw, at)
    begin = at + _RECORD.size
    if begin + length > len(raw):
        raise NotDnsError("a record is longer than the answer")
    return begin + length, kind, begin, length


def _name(raw: bytes, at: int) -> tuple[str, int]:
    """A name, which may go on elsewhere, and where reading goes on behind it."""
    labels, after, jumps = list[str](), 0, 0
    while length := raw[at]:
        if length & _POINTER == _POINTER:
            after = after or at + 2
            at = (length & ~_POINTER) << 8 | raw[at + 1]
            jumps += 1
            if jumps > _MOST_JUMPS:
                raise NotDnsError("a name goes round in a circle")
            continue
        labels.append(raw[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels), after or at + 1


def _texts(raw: bytes, begin: int, length: int) -> str:
    parts, at = list[str](), begin
    while at < begin + length:
        parts.append(raw[at + 1 : at + 1 + raw[at]].decode("utf-8", "replace"))
        at += 1 + raw[at]
    return "".join(parts)


_SHOWN: dict[str, Callable[[bytes, int, int], str]] = {
    "A": lambda raw, begin, length: str(ipaddress.IPv4Address(raw[begin : begin + length])),
    "AAAA": lambda raw, begin, length: str(ipaddress.IPv6Address(raw[begin : begin + length])),
    "MX": lambda raw, begin, _: _name(raw, begin + 2)[0],
    "TXT": _texts,
    "CNAME": lambda raw, begin, _: _name(raw, begin)[0],
    "NS": lambda raw, begin, _: _name(raw, begin)[0],
    "PTR": lambda raw, begin, _: _name(raw, begin)[0],
}
