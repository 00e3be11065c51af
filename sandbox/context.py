"""What a handler of the Graph API is given: one call, who makes it, and what it is about."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.conventions.wire import Call
from sandbox.entities import AdAccount, Audience, Token
from sandbox.simulation.call_log import Record
from sandbox.state import SandboxState


@dataclass(slots=True)
class Answer:
    """Status, JSON value and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """One call in the making; the record is what the log will say about it."""

    state: SandboxState
    call: Call
    record: Record
    known_token: Token | None = None
    known_account: AdAccount | None = None
    known_audience: Audience | None = None

    @property
    def now(self) -> float:
        """Unix seconds of the sandbox's clock."""
        return self.state.clock.now()

    @property
    def token(self) -> Token:
        """The caller's token."""
        assert self.known_token is not None
        return self.known_token

    @property
    def account(self) -> AdAccount:
        """The ad account the path names or the audience belongs to."""
        assert self.known_account is not None
        return self.known_account

    @property
    def audience(self) -> Audience:
        """The audience the path names."""
        assert self.known_audience is not None
        return self.known_audience
