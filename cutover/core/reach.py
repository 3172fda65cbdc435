"""The one rule of where a request of ours may go: which addresses are asked, and which only where somebody has said so.

A probe, a download or a notice goes where a file or a name server says. A name that leads to this machine, or any address that
leads to a cloud's metadata, is how such a question is turned against those who ask it (server-side request forgery).
Looked at after the name was looked up and before the connection: what a name means a moment later plays no part.
Who connects: `cutover.web.outbound` (HTTP), `cutover.web.guarded` (libraries), `monitors.session` (probes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from cutover.core.errors import Invalid, Problem

Address = IPv4Address | IPv6Address
METADATA = tuple(
    ip_network(net)
    for net in (
        "169.254.0.0/16",  # link-local: AWS, Azure, Google, OpenStack
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's host
        "192.0.0.192/32",  # Oracle
        "fe80::/10",
        "fd00:ec2::/32",  # AWS over IPv6
    )
)
_TRANSLATED = tuple(IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48"))  # RFC 6052, 8215
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain"})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far requests of ours go. `allowed` are networks that somebody wrote down, such as 169.254.10.0/24.

    `inside`: private networks and this machine may be asked too, as a force's own systems are; a subscription of
    programme.yaml that leads out of the house has to say so itself.
    """

    allowed: tuple[str, ...] = ()
    inside: bool = True

    def why_not(self, host: str, addresses: Iterable[str]) -> str:
        """Why `host` is not asked; one address of it that may not be asked is enough."""
        return next((why for at in addresses if (why := self._why_not(host, at))), "")

    def _why_not(self, host: str, address: str) -> str:
        if why := why_not(host, address, self.allowed):
            return why
        at = plain(ip_address(address.partition("%")[0]))
        if self.inside or at.is_global or any(at in ip_network(one, strict=False) for one in self.allowed):
            return ""
        return f"{host} is {at}, of this machine or of a private network, which is not allowed here"


HOUSE = Reach()  # what is asked where nobody wrote down more


def why_not(host: str, address: str, allowed: Sequence[str] = ()) -> str:
    """Why `host`, which was looked up to be `address`, is not asked; '' where it may be.

    `allowed` are addresses and networks that somebody has said may be asked, such as 169.254.10.0/24.
    """
    at = plain(ip_address(address.partition("%")[0]))
    if any(at in ip_network(one, strict=False) for one in allowed):
        return ""
    mend = f"write {at} into CUTOVER_REACHABLE if it is meant"
    if any(at in net for net in METADATA if net.version == at.version):
        return f"{host} is {at}, link-local or a cloud's metadata: {mend}"
    if at.is_unspecified or at.is_multicast or (at.is_reserved and not at.is_loopback):
        return f"{host} is {at}, which is no machine of its own: {mend}"
    if at.is_loopback and not _says_loopback(host):
        return f"the name {host} leads to this machine ({at}): {mend}"
    return ""


def networks(text: str) -> tuple[str, ...]:
    """Addresses and networks as somebody wrote them, with spaces or commas between. Raises Invalid for one that is none."""
    found = tuple(text.replace(",", " ").split())
    for one in found:
        try:
            ip_network(one, strict=False)
        except ValueError as error:
            where = "CUTOVER_REACHABLE"
            raise Invalid(Problem(f"'{one}'", field=where, expected="an address or 10.1.0.0/16")) from error
    return found


def plain(at: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does: ::ffff:169.254.169.254 is 169.254.169.254."""
    if isinstance(at, IPv6Address):
        if at.ipv4_mapped or at.sixtofour:
            return at.ipv4_mapped or at.sixtofour or at
        if any(at in net for net in _TRANSLATED):
            return IPv4Address(int(at) & 0xFFFFFFFF)
    return at


def _says_loopback(host: str) -> bool:
    """Whoever wrote 127.0.0.1 or localhost meant this machine."""
    name = host.strip("[]").partition("%")[0].rstrip(".").casefold()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name in _LOCAL_NAMES
