"""Faults on demand: what goes wrong between a client and Meta, switched on by a test.

A rule names which calls it meets (`match`, `skip`, `times`, `probability` with `seed`,
`when_row_hash`) and what happens (`kind`). By default a fault comes instead of the call;
`hangup-after`, `truncated` and `slow` come after it was applied, and `applied` says otherwise.
"""

import asyncio
import math
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sandbox.conventions.errors import GraphError, invalid_token, temporarily_down, unknown_error
from sandbox.simulation.quota import account_header, buc_header, throttled

HANGUPS: Final = frozenset(("hangup-early", "hangup-before", "hangup-after", "truncated"))
_AFTER: Final = frozenset(("hangup-after", "truncated", "slow", "slow-before"))
KINDS: Final = {
    "code1": "code 1/99, HTTP 500",
    "code2": "code 2, HTTP 500, is_transient",
    "html502": "HTTP 502 with a page of HTML",
    "non-json-200": "HTTP 200 with a page of HTML",
    "service-unavailable-200": "HTTP 200 with the text Service Unavailable",
    "empty-200": "HTTP 200 without a body",
    "hangup-early": "the connection is cut before the body was read",
    "hangup-before": "the connection is cut before the call was applied",
    "hangup-after": "the connection is cut after the call was applied",
    "truncated": "the call is applied, the answer is cut in the middle",
    "slow": "the call is applied at once and answered after `delay` seconds",
    "slow-before": "the call is applied and answered after `delay` seconds",
    "throttle-4": "4, the application's limit",
    "throttle-17": "17/2446079 with X-Ad-Account-Usage naming `wait` seconds",
    "throttle-613": "613/1487742 with X-Ad-Account-Usage naming `wait` seconds",
    "throttle-80003": "80003/2446079 with X-Business-Use-Case-Usage naming `wait` in minutes",
    "throttle-80004": "80004/2446079, like 80003",
    "token-expired": "190/463",
    "token-revoked": "190/458",
    "password-changed": "190/460",
    "token-invalid": "190 without a subcode",
    "policy": "368",
    "alias": "803",
    "error": "the error given by `code`, `subcode`, `message`, `status`, `user_title`, `user_msg`",
}
_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong."
    b"</h1><p>We're working on getting this fixed as soon as we can.</p></body></html>"
)
HTML: Final = "text/html; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Fault:
    """One rule; seconds for times, a regular expression for the path without version."""

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    skip: int = 0
    delay: float = 0.0
    wait: float = 60.0
    probability: float | None = None
    seed: int = 0
    when_row_hash: str | None = None
    applied: bool | None = None
    code: int | None = None
    subcode: int | None = None
    message: str | None = None
    status: int | None = None
    user_title: str | None = None
    user_msg: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    id: int = 0
    seen: int = 0
    hit: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        unknown = set(self.match) - {"path", "method", "account", "audience"}
        if unknown:
            raise ValueError(f"match knows path, method, account, audience, not {unknown}")
        if self.kind == "error" and self.code is None:
            raise ValueError("kind error needs a code")
        if self.kind in ("slow", "slow-before") and self.applied is False:
            raise ValueError("a slow answer is that of a call that was applied")

    @property
    def comes_after(self) -> bool:
        """Whether the call is applied all the same."""
        return self.kind in _AFTER if self.applied is None else self.applied

    def page(self) -> tuple[int, str, bytes] | None:
        """Status, content type and body of an answer that is not the Graph API's; else None."""
        return {
            "html502": (502, HTML, _PAGE),
            "non-json-200": (200, HTML, _PAGE),
            "service-unavailable-200": (200, "text/plain", b"Service Unavailable"),
            "empty-200": (200, "application/json", b""),
        }.get(self.kind)

    def error(self, account: str | None) -> GraphError | None:
        """The Graph error this fault answers with, if it is one of those."""
        make = _ERRORS.get(self.kind)
        if make is None:
            return None
        error = make(self)
        if self.kind in ("throttle-17", "throttle-613"):
            error.headers["x-ad-account-usage"] = account_header(100, math.ceil(self.wait))
        if self.kind in ("throttle-80003", "throttle-80004") and account is not None:
            minutes = math.ceil(self.wait / 60)
            error.headers["x-business-use-case-usage"] = buc_header(account, 100, minutes)
        error.headers.update(self.headers)
        error.status = self.status or error.status
        error.message = self.message or error.message
        error.user_title = self.user_title or error.user_title
        error.user_msg = self.user_msg or error.user_msg
        return error


def missing_alias() -> GraphError:
    """803: an edge of an object that was created a moment ago."""
    return GraphError(
        "(#803) Some of the aliases you requested do not exist: users", code=803, status=404
    )


def _given(fault: Fault) -> GraphError:
    assert fault.code is not None
    text = f"(#{fault.code}) {fault.user_msg or 'An error occurred'}"
    return GraphError(text, code=fault.code, subcode=fault.subcode)


_INVALID: Final = "Error validating access token: "
_ERRORS: Final[dict[str, Callable[[Fault], GraphError]]] = {
    "code1": lambda _: unknown_error(),
    "code2": lambda _: temporarily_down(),
    "throttle-4": lambda _: throttled(4, None),
    "throttle-17": lambda _: throttled(17, 2446079),
    "throttle-613": lambda _: throttled(613, 1487742),
    "throttle-80003": lambda _: throttled(80003, 2446079),
    "throttle-80004": lambda _: throttled(80004, 2446079),
    "token-expired": lambda _: invalid_token(f"{_INVALID}Session has expired.", 463),
    "token-revoked": lambda _: invalid_token(
        f"{_INVALID}The user has not authorized application.", 458
    ),
    "password-changed": lambda _: invalid_token(
        f"{_INVALID}The session has been invalidated because the user changed their password.", 460
    ),
    "token-invalid": lambda _: invalid_token("The token has expired."),
    "policy": lambda _: GraphError(
        "The action attempted has been deemed abusive or is otherwise disallowed", code=368
    ),
    "alias": lambda _: missing_alias(),
    "error": _given,
}


class Faults:
    """The rules in force; the first that meets a call takes it."""

    def __init__(self) -> None:
        self._rules: list[tuple[Fault, random.Random]] = []
        self._last_id = 0
        self._cleared = asyncio.Event()

    def add(self, spec: dict[str, Any]) -> Fault:
        """A new rule; raises TypeError or ValueError for one that cannot be."""
        fault = Fault(**spec)
        self._last_id += 1
        fault.id = self._last_id
        self._rules.append((fault, random.Random(fault.seed)))  # noqa: S311
        return fault

    def clear(self) -> None:
        """No faults any more; what is slow by one goes on at once."""
        self._rules.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def wait(self, fault: Fault) -> None:
        """The delay of a fault that struck, or until there are no faults any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.delay):
                await self._cleared.wait()

    def report(self) -> list[dict[str, Any]]:
        """The rules with how often each was met (`seen`) and struck (`hit`)."""
        return [asdict(fault) for fault, _ in self._rules]

    def pick(
        self, method: str, path: str, account: str | None, body: bytes, *, early: bool = False
    ) -> Fault | None:
        """The fault that strikes this call, if any; `early` asks before the body is read."""
        for fault, dice in self._rules:
            if (fault.kind == "hangup-early") != early:
                continue
            if not _meets(fault, method, path, account, body):
                continue
            fault.seen += 1
            if fault.seen <= fault.skip:
                continue
            if fault.times is not None and fault.hit >= fault.times:
                continue
            if fault.probability is not None and dice.random() >= fault.probability:
                continue
            fault.hit += 1
            return fault
        return None


def _meets(fault: Fault, method: str, path: str, account: str | None, body: bytes) -> bool:
    match = fault.match
    return (
        (not match.get("method") or match["method"].upper() == method)
        and (not match.get("account") or match["account"] == account)
        and (not match.get("audience") or match["audience"] in path.split("/"))
        and (not match.get("path") or re.search(match["path"], path) is not None)
        and (fault.when_row_hash is None or fault.when_row_hash.encode() in body)
    )
