"""What a call to the Graph API can end in, one class for each thing a caller can do next.

    GraphError
    ├── Retryable            the call may be repeated as it is; the client has already tried
    ├── Throttled            nothing was done; repeat after `wait_seconds`
    ├── Rejected             this payload's content was refused; another payload may pass
    ├── AmbiguousOutcome     the call may or may not have been carried out; look before repeating
    └── Fatal                repeating changes nothing
        └── Refused          … until a person acts: signs in again, accepts terms, …

`code` is ours and stable; `graph_code` and `graph_subcode` are Meta's. A message is always our own
sentence: Meta's messages can repeat tokens and values, so they go nowhere.
"""

from enum import StrEnum
from typing import ClassVar

from app.errors import AppError, Culprit

# the codes that mean "sign in again"; everything else leaves the connection as it is
REAUTHENTICATE = frozenset({"token-rejected"})


class Action(StrEnum):
    """What to do next about a failed call."""

    RETRY = "retry"
    WAIT = "wait"
    REJECT = "reject"
    STOP = "stop"


class Scope(StrEnum):
    """Whom a throttle concerns: every account of the app, one ad account, or one audience."""

    APP = "app"
    ACCOUNT = "account"
    AUDIENCE = "audience"


class GraphError(AppError):
    """Meta did not carry out a call."""

    code = "meta-refused"
    status = 502
    culprit = Culprit.EXTERNAL
    action: ClassVar[Action] = Action.STOP

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        culprit: Culprit | None = None,
        help_url: str | None = None,
        graph_code: int | None = None,
        graph_subcode: int | None = None,
        fbtrace_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`retry_after`: seconds after which Meta says (or we guess) a repetition may pass."""
        graph = {"code": graph_code, "subcode": graph_subcode, "fbtrace_id": fbtrace_id}
        super().__init__(detail, code=code, culprit=culprit, help_url=help_url, graph=graph)
        self.graph_code = graph_code
        self.graph_subcode = graph_subcode
        self.fbtrace_id = fbtrace_id
        self.retry_after = retry_after
        self.attempts = 1

    @property
    def reauthentication(self) -> bool:
        """Whether the connection needs a new token before anything can work again."""
        return self.code in REAUTHENTICATE


class Retryable(GraphError):
    """Meta could not be reached or gave no usable answer; the same call may pass later."""

    code = "meta-unavailable"
    action = Action.RETRY
    max_attempts: int | None = None
    nothing_done: bool = False  # true when it is certain that the call was not carried out
    perhaps_too_large: bool = False  # when it persists, a smaller payload may pass


class Throttled(GraphError):
    """Meta asks for a pause; nothing was done."""

    code = "meta-throttled"
    status = 503
    action = Action.WAIT
    scope: Scope = Scope.ACCOUNT
    named: bool = False  # true when Meta itself named the time

    @property
    def wait_seconds(self) -> float:
        """How long to wait before the next call of the same scope."""
        return self.retry_after or 0.0


class Rejected(GraphError):
    """Meta refused the content of this payload; nothing of it was taken."""

    code = "payload-rejected"
    status = 422
    culprit = Culprit.SYSTEM
    action = Action.REJECT
    lasting: Retryable | None = None  # what was met, where its size is only a guess at the cause


class Fatal(GraphError):
    """Meta refused the call, and repeating it would change nothing."""

    action = Action.STOP


class Refused(Fatal):
    """Meta refused the call until somebody changes something in the account or the connection."""

    status = 422
    culprit = Culprit.USER


class AmbiguousOutcome(GraphError):
    """The answer was lost, and the call must not be repeated blindly: read the state first."""

    code = "outcome-unknown"
    action = Action.RETRY
