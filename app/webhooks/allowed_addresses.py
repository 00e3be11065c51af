"""Which addresses may be called: whoever sets up a webhook must not reach into our own network.

A name is resolved here and the connection goes to the very address that was looked at, so a name
that points elsewhere a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from app.errors import Culprit, Unprocessable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

# an IPv6 network in which every address stands for an IPv4 one (RFC 6052)
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# all that is given out as global unicast lies here; the rest is reserved, private, or a way to write
# an IPv4 address that some systems follow (::a.b.c.d, ::ffff:0:a.b.c.d, 64:ff9b:1::/48)
# https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# for documentation (RFC 3849, RFC 9637), benchmarks (RFC 5180) and overlays (RFC 7343); not every
# Python knows them all
_NOT_GLOBAL = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001:db8::/32", "3fff::/20", "2001:2::/48", "2001:10::/28", "2001:20::/28")
)


class AddressRefused(Unprocessable):
    """The webhook's address is private, or no HTTPS address; give one that the internet can reach."""

    code = "webhook-address-refused"
    culprit = Culprit.USER


class HostUnknown(Unprocessable):
    """The name of the webhook's host cannot be resolved."""

    code = "webhook-host-unknown"
    culprit = Culprit.USER


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system sees them. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_form(url: str, *, allow_private: bool) -> None:
    """Raises `AddressRefused` for an address that is no plain HTTPS one.

    HTTP passes only where private addresses do.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("The address of the webhook cannot be read.") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise AddressRefused("The address of a webhook begins with https://.")
    if not parts.hostname or parts.username is not None or parts.fragment or port == 0:
        raise AddressRefused(
            "The address of a webhook has a host, and neither a user name nor a fragment."
        )


async def checked_address(
    host: str, port: int, *, allow_private: bool, resolver: Resolver = system_resolver
) -> str:
    """The address to connect to. Raises `HostUnknown`, and `AddressRefused` if any is private."""
    try:
        found = [
            ipaddress.ip_address(text.partition("%")[0]) for text in await resolver(host, port)
        ]
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise HostUnknown
    if not allow_private and not all(is_public(address) for address in found):
        # one of several would do for an attacker, so one is enough to refuse
        raise AddressRefused(
            "The host of the webhook has a private, loopback or link-local address; give one that "
            "the internet can reach, or set WEBHOOK_ALLOW_PRIVATE_ADDRESSES."
        )
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, also where it wraps an IPv4 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST or any(address in block for block in _NOT_GLOBAL):
            return False
    return address.is_global and not address.is_multicast
