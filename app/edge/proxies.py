"""Who is really calling, where proxies stand in front: X-Forwarded-For is believed of known ones only.

The header is read from its right end, where the nearest proxy writes; the first address that is no
known proxy is the caller. Whatever stands further left may be anybody's invention.
"""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The addresses and networks of TRUSTED_PROXIES."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """Each is an address or a network in CIDR form. Raises `ValueError` for anything else."""
        self._networks: list[Network] = [ipaddress.ip_network(text) for text in trusted]

    def includes(self, address: str) -> bool:
        """Whether a connection from there is a proxy's."""
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)


class RealCaller:
    """Puts the caller's own address and scheme where a known proxy's stand."""

    def __init__(self, app: ASGIApp, *, proxies: Proxies) -> None:
        """`app` is what is wrapped."""
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        client = scope.get("client")
        if scope["type"] == "http" and client and self._proxies.includes(client[0]):
            scope = {**scope, **self._told_by_proxy(scope)}
        await self.app(scope, receive, send)

    def _told_by_proxy(self, scope: Scope) -> Scope:
        hops: list[str] = []
        told: Scope = {}
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hops += [_address(hop) for hop in value.decode("latin-1").split(",")]
            elif name == b"x-forwarded-proto" and value in {b"http", b"https"}:
                told["scheme"] = value.decode()
        for hop in reversed(hops):
            if not _is_address(hop):
                break  # what is further left came through something that is not understood
            told["client"] = (hop, 0)
            if not self._proxies.includes(hop):
                break
        return told


def _address(hop: str) -> str:
    """The address of a hop that may have a port, in brackets if it is IPv6."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
