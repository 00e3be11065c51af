"""Whose address is it: one customer's network, for everything that is counted by address."""

import ipaddress


def network_of(address: str) -> str:
    """The address, or the /64 of an IPv6 one: one customer has a whole network (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return str(mapped)
    return str(parsed)
