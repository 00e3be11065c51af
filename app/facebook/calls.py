"""One call to the Graph API from admission to answer: the only retry loop of the package.

Repeated here: failures of the transport and of Meta's service, and refusals whose pause is short.
Everything else goes to the caller at once; a call that must not be carried out twice is never
repeated after an answer was lost.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from app.facebook import help_links
from app.facebook.config import GraphConfig
from app.facebook.error_codes.classify import About, from_body, from_status, from_transport
from app.facebook.errors import AmbiguousOutcome, GraphError, Rejected, Retryable, Scope, Throttled
from app.facebook.quota.governor import Governor
from app.facebook.retry import RetryPolicy
from app.facebook.transport.http import HttpTransport, NoAnswer, Reply
from app.facebook.upload.body import Body
from app.facebook.usage_headers import NOTHING, Usage, read_usage
from app.observability.tracing import Traced, span, traceparent

VERSION_WARNING = "x-ad-api-version-warning"


Guard = Callable[[], Awaitable[None]]
OnBlock = Callable[[str, Throttled], None]
"""Is told the digits of an ad account that Meta blocks from any action, by whatever call met it."""

_BLOCKED = "blocked-by-meta"


@dataclass(frozen=True, slots=True)
class Call:
    """What to send. `concealed` parameters reach Meta in the address but no log.

    `requires`: a field without which an answer is none, if there is one; `replayable`: carrying it out twice
    does no harm. `guard` is awaited before each try, after all waiting; what it raises ends the call.
    """

    method: str
    path: str
    about: About
    requires: str | None
    params: Mapping[str, str] = field(default_factory=dict)
    concealed: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Body | None = field(default=None, repr=False)
    replayable: bool = True
    guard: Guard | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Meta's answer to a call that was carried out."""

    json: Mapping[str, object] = field(repr=False)
    trace_id: str | None
    attempts: int
    version_warning: str | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One try, for metrics: `edge` has no ids in it; `code` is our error's, None on success.

    `waited`: seconds until its turn came, before `seconds` began. `usage`: what the answer said of quotas.
    """

    method: str
    edge: str
    seconds: float
    status: int | None
    code: str | None
    waited: float = 0.0
    throttled: bool = False
    account: str | None = None
    usage: Usage = NOTHING


class Caller:
    """Sends calls under the governor's admission and the retry policy."""

    def __init__(
        self,
        wire: HttpTransport,
        config: GraphConfig,
        governor: Governor,
        policy: RetryPolicy,
        *,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        monotonic: Callable[[], float],
        observe: Callable[[CallRecord], None] | None,
        on_block: OnBlock | None,
    ) -> None:
        self._wire = wire
        self._config = config
        self._governor = governor
        self._policy = policy
        self._sleep = sleep
        self._random = random
        self._now = monotonic
        self._observe = observe
        self._on_block = on_block

    async def run(self, call: Call, *, token: str | None) -> Answer:
        """The answer, after as many tries as the policy allows. Raises GraphError."""
        tries = pauses = 0
        started = self._now()
        while True:
            try:
                reply = await self._once(call, token)
            except Throttled as error:
                pauses += 1
                error.attempts = tries + pauses
                long = error.wait_seconds > self._governor.max_wait
                if long or error.scope is Scope.AUDIENCE or pauses > self._policy.throttles:
                    raise
                started = self._now()  # the governor's next slot does the waiting
            except Retryable as error:
                tries += 1
                error.attempts = tries + pauses
                if not (call.replayable or error.nothing_done):
                    raise _ambiguous(error) from None
                pause = self._policy.delay(
                    tries,
                    elapsed=self._now() - started,
                    random=self._random,
                    limit=error.max_attempts,
                    hint=error.retry_after,
                )
                if pause is None:
                    raise (_too_large(error) if error.perhaps_too_large else error) from None
                await self._sleep(pause)
            except GraphError as error:
                error.attempts = tries + pauses + 1
                raise
            else:
                return Answer(
                    json=reply.json or {},
                    trace_id=reply.trace,
                    attempts=tries + pauses + 1,
                    version_warning=reply.headers.get(VERSION_WARNING),
                )

    async def _once(self, call: Call, token: str | None) -> Reply:
        edge = _edge(call)
        with span(f"graph {call.method} {edge}", kind="client", operation=edge) as traced:
            return await self._tried(call, token, traced)

    async def _tried(self, call: Call, token: str | None, traced: Traced) -> Reply:
        asked = self._now()
        async with self._governor.slot(call.about.account) as slot:
            started = self._now()
            reply: Reply | None = None
            error: GraphError | None = None
            if call.guard is not None:
                await call.guard()
            try:
                reply = await self._wire.send(
                    call.method,
                    f"/{self._config.version}/{call.path}",
                    headers=_headers(call, token, tells_trace=self._config.tells_trace),
                    params={**call.params, **call.concealed, **self._proof(call, token)},
                    content=call.content,
                )
            except NoAnswer as lost:
                error = from_transport(lost.reason, about=call.about, nothing_done=lost.unsent)
            usage = read_usage(reply.headers if reply else {}, call.about.account)
            if reply is not None:
                error = self._judge(call, reply)
            self._record(call, started - asked, self._now() - started, reply, error, usage)
            traced.set(
                http__request__method=call.method,
                http__response__status_code=reply.status if reply else None,
                code=error.code if error else None,
            )
            if error is None:
                assert reply is not None
                await slot.answered(usage)
                return reply
            if isinstance(error, Throttled):
                await slot.refused(error, usage)
                if error.code == _BLOCKED and call.about.account and self._on_block is not None:
                    self._on_block(call.about.account, error)
            raise error

    def _judge(self, call: Call, reply: Reply) -> GraphError | None:
        body = reply.json
        if body is None:
            return from_status(
                reply.status, about=call.about, trace=reply.trace, retry_after=reply.retry_after
            )
        failure = body.get("error")
        if isinstance(failure, Mapping):
            usage = read_usage(reply.headers, call.about.account)
            error = from_body(failure, status=reply.status, about=call.about, usage=usage)
            error.fbtrace_id = error.fbtrace_id or reply.trace
            return error
        if reply.status >= 400 or (call.requires is not None and call.requires not in body):
            reason = f"HTTP {reply.status} without {call.requires}"
            return from_transport(reason, about=call.about, trace=reply.trace)
        return None

    def _proof(self, call: Call, token: str | None) -> dict[str, str]:
        """https://developers.facebook.com/docs/facebook-login/security/, app secret proof.

        In the form that Meta's own SDKs send. The other one, valid for five minutes, would turn
        every call away from a machine whose clock is wrong, and gains nothing: without the token a
        proof is worthless.
        """
        if not token or not self._config.app_secret or call.about.app:
            return {}
        secret = self._config.app_secret.encode()
        return {"appsecret_proof": hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()}

    def _record(
        self,
        call: Call,
        waited: float,
        seconds: float,
        reply: Reply | None,
        error: GraphError | None,
        usage: Usage,
    ) -> None:
        if self._observe is not None:
            status = reply.status if reply else None
            code = error.code if error else None
            throttled, account = isinstance(error, Throttled), call.about.account
            self._observe(
                CallRecord(
                    call.method,
                    _edge(call),
                    seconds,
                    status,
                    code,
                    waited=waited,
                    throttled=throttled,
                    account=account,
                    usage=usage,
                )
            )


def _edge(call: Call) -> str:
    """The call's path without ids; `node` for an object itself."""
    return "/".join(part for part in call.path.split("/") if not part[-1:].isdigit()) or "node"


def _headers(call: Call, token: str | None, *, tells_trace: bool) -> dict[str, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if tells_trace and (trace := traceparent()):
        headers["traceparent"] = trace
    if call.content is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _too_large(failure: Retryable) -> Rejected:
    """An unknown error that persists has often meant too many rows in one request."""
    error = Rejected(
        f"{failure.detail} A smaller request may pass.",
        code="payload-too-large",
        help_url=help_links.AUDIENCE_USERS,
        graph_code=failure.graph_code,
        graph_subcode=failure.graph_subcode,
        fbtrace_id=failure.fbtrace_id,
    )
    error.attempts, error.lasting = failure.attempts, failure
    return error


def _ambiguous(lost: Retryable) -> AmbiguousOutcome:
    error = AmbiguousOutcome(
        f"{lost.detail} It may have been carried out all the same: look before repeating it.",
        help_url=help_links.PLATFORM_STATUS,
        graph_code=lost.graph_code,
        graph_subcode=lost.graph_subcode,
        fbtrace_id=lost.fbtrace_id,
    )
    error.attempts = lost.attempts
    return error
