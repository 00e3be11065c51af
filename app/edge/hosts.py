"""Under which names this service may be called.

A page of another site can have its own name lead to our address (DNS rebinding), and an answer that
repeats the Host of its request leads wherever the caller likes. Addresses, and names that the public
DNS gives to nobody, cannot be used for either.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Host
"""

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest
from app.http.problems import problem_response

# an orchestrator asks for them under whatever address it knows
_PROBES = frozenset({"/livez", "/readyz"})
# reserved names (RFC 6761, RFC 6762, and ICANN's .internal), and those inside a cluster
_LOCAL_ENDS: Final = (".localhost", ".local", ".internal", ".test", ".svc")


class HostUnknown(BadRequest):
    """The Host header has a name that is not ours; add it to ALLOWED_HOSTS if it should be."""

    code = "host-unknown"


class KnownHosts:
    """Refuses requests for a name that is not ours."""

    def __init__(self, app: ASGIApp, *, allowed: Sequence[str]) -> None:
        """`allowed`: names, `*.example.com` for those below one, `*` for all; addresses as of URLs too."""
        self.app = app
        self._allowed = {_host_of(entry) for entry in allowed if entry}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] not in _PROBES and not self._knows(scope):
            await problem_response(Request(scope), HostUnknown())(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if not given:
            return True  # HTTP/1.0 has none, and nothing is made of it
        host = _name(given[0].decode("latin-1"))
        if len(given) > 1 or host is None:
            return False
        if "*" in self._allowed or host in self._allowed or _is_local(host):
            return True
        return any(
            f"*{host[at:]}" in self._allowed for at, letter in enumerate(host) if letter == "."
        )


def _host_of(entry: str) -> str:
    if "://" in entry:
        return (urlsplit(entry).hostname or "").lower()
    return entry.strip().lower().rstrip(".")


def _name(host: str) -> str | None:
    """The name without its port, in lower case; None if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return (parts.hostname or "").rstrip(".") or None


def _is_local(host: str) -> bool:
    if "." not in host and ":" not in host:
        return True
    if host.endswith(_LOCAL_ENDS):
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
