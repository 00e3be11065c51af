"""Where plain http may go: what is not https is read, and changed, by whoever is on the way."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def in_the_clear(address: str, *, allowed: bool = False) -> bool:
    """Whether others could read, or change, what is exchanged with the address: no https, and not here.

    `allowed`: plain http may go elsewhere too (ALLOW_PLAIN_HTTP). Raises ValueError for no address.
    """
    parts = urlsplit(address)
    if parts.scheme == "https":
        return False
    return parts.scheme != "http" or not (allowed or _is_here(parts.hostname or ""))


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
