"""How much an ad account may call, what the usage headers say, and who called while blocked.

Two models, both off until `PUT /_sandbox/quota/{account}` sets them (Marketing API "Rate
Limiting"; Graph API "Rate Limits"):

* score: a read is 1 point, a write 3; points decay evenly over `decay_seconds`; beyond `score_max`
  the account is blocked for `block_seconds` with 17/2446079 (or 613/1487742);
* business use case `custom_audience`: `buc_max` calls in `buc_window`; beyond it 80003/2446079 and
  `estimated_time_to_regain_access`. `POST …/users` is not counted there, as recorded traffic shows.

A call that arrives while blocked prolongs the block and is counted in `requests_during_block`,
unless it arrived within `grace_seconds` of the refusal that began it: those were on their way.
"""

import math
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import orjson

from sandbox.conventions.errors import RATE_LIMIT_URL, GraphError
from sandbox.simulation.clock import Clock

ACCOUNT_LIMIT: Final = (17, 2446079)
CALLS_LIMIT: Final = (613, 1487742)
BUC_LIMIT: Final = (80003, 2446079)


@dataclass(slots=True, kw_only=True)
class Limits:
    """The configuration of one account; None switches a model off. Times in seconds."""

    score_max: float | None = None
    read_points: float = 1
    write_points: float = 3
    decay_seconds: float = 300
    block_seconds: float = 60
    error: Literal[17, 613] = 17
    buc_max: int | None = None
    buc_window: float = 3_600
    buc_block_seconds: float = 60
    regain_minutes: int | None = None
    """Instead of the minutes left of the block."""
    prolong: bool = True
    grace_seconds: float = 0.1
    tier: str = "development_access"


@dataclass(slots=True, kw_only=True)
class Usage:
    """Where an account stands, and what was counted."""

    level: float = 0
    level_at: float = 0
    calls: "deque[float]" = field(default_factory=deque)
    blocked_until: float = 0
    blocked_by: Literal["score", "buc"] | None = None
    refused_at: float = 0
    admitted: int = 0
    points: float = 0
    """Of the score model, all that were ever charged."""
    refused: int = 0
    requests_during_block: int = 0
    on_their_way: int = 0


class Quotas:
    """The limits and usage of every account, by its id (`act_…`)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, Limits] = {}
        self._usage: dict[str, Usage] = {}

    def configure(self, account: str, values: dict[str, Any]) -> None:
        """Set the limits anew; `blocked_seconds` starts a block of the score model right away."""
        values = dict(values)
        blocked = values.pop("blocked_seconds", None)
        self._limits[account] = Limits(**values)
        usage = self._usage[account] = Usage(level_at=self._clock.now())
        if blocked is not None:
            now = self._clock.now()
            usage.blocked_until, usage.refused_at = now + float(blocked), now
            usage.blocked_by = "score"

    def report(self, account: str) -> dict[str, Any]:
        """Limits and counters, for the control endpoint."""
        usage = asdict(self._usage.get(account) or Usage())
        usage["calls"] = len(usage["calls"])
        usage["blocked_seconds_left"] = max(0.0, usage["blocked_until"] - self._clock.now())
        return {"limits": asdict(self._limits.get(account) or Limits()), **usage}

    def accounts(self) -> list[str]:
        """Accounts whose limits were set."""
        return sorted(self._limits)

    def admit(self, account: str, *, write: bool, buc: bool, arrived: float) -> None:
        """Charge one call; raises GraphError 17, 613 or 80003."""
        limits = self._limits.get(account)
        if limits is None:
            return
        usage, now = self._usage[account], self._clock.now()
        if usage.blocked_by is not None and now >= usage.blocked_until:
            usage.blocked_by = None
        if usage.blocked_by is None or (usage.blocked_by == "buc" and not buc):
            blocked_by = self._charge(limits, usage, now, write=write, buc=buc)
            if blocked_by is None:
                usage.admitted += 1
                return
            usage.blocked_by, usage.refused_at = blocked_by, now
            usage.blocked_until = now + _block(limits, blocked_by)
        elif arrived > usage.refused_at + limits.grace_seconds:
            usage.requests_during_block += 1
            if limits.prolong:
                usage.blocked_until = now + _block(limits, usage.blocked_by)
        else:
            usage.on_their_way += 1
        usage.refused += 1
        raise _refusal(limits, usage.blocked_by)

    @staticmethod
    def _charge(
        limits: Limits, usage: Usage, now: float, *, write: bool, buc: bool
    ) -> Literal["score", "buc"] | None:
        if limits.score_max is not None:
            _decay(limits, usage, now)
            points = limits.write_points if write else limits.read_points
            if usage.level + points > limits.score_max:
                return "score"
            usage.level += points
            usage.points += points
        if limits.buc_max is not None and buc:
            while usage.calls and usage.calls[0] <= now - limits.buc_window:
                usage.calls.popleft()
            if len(usage.calls) >= limits.buc_max:
                return "buc"
            usage.calls.append(now)
        return None

    def headers(self, account: str, *, buc: bool) -> dict[str, str]:
        """The usage headers an answer about this account carries."""
        limits = self._limits.get(account) or Limits()
        usage = self._usage.get(account) or Usage()
        now = self._clock.now()
        left = max(0.0, usage.blocked_until - now) if usage.blocked_by else 0.0
        if buc and usage.blocked_by != "score":
            percent = 1
            if limits.buc_max is not None:
                percent = 100 if left else math.floor(100 * len(usage.calls) / limits.buc_max)
            minutes = math.ceil(left / 60)
            if left and limits.regain_minutes is not None:
                minutes = limits.regain_minutes
            return {"x-business-use-case-usage": buc_header(account, percent, minutes)}
        percent_used = 0.0
        if limits.score_max is not None:
            _decay(limits, usage, now)
            percent_used = 100.0 if left else round(100 * usage.level / limits.score_max, 2)
        app = {"call_count": 1, "total_cputime": 0, "total_time": 1}
        return {
            "x-ad-account-usage": account_header(percent_used, math.ceil(left), limits.tier),
            "x-app-usage": orjson.dumps(app).decode(),
        }


def account_header(percent: float, seconds: int, tier: str = "development_access") -> str:
    """The value of X-Ad-Account-Usage."""
    value = {
        "acc_id_util_pct": percent,
        "reset_time_duration": seconds,
        "ads_api_access_tier": tier,
    }
    return orjson.dumps(value).decode()


def buc_header(account: str, percent: int, minutes: int) -> str:
    """The value of X-Business-Use-Case-Usage, keyed by the account's digits."""
    use = {
        "type": "custom_audience",
        "call_count": percent,
        "total_cputime": 0,
        "total_time": 0,
        "estimated_time_to_regain_access": minutes,
    }
    return orjson.dumps({account.removeprefix("act_"): [use]}).decode()


def throttled(code: int, subcode: int | None) -> GraphError:
    """A throttling error in Meta's words."""
    text = {
        4: "Application request limit reached",
        17: "User request limit reached",
        613: "Calls to this api have exceeded the rate limit.",
    }.get(
        code,
        "There have been too many calls to this ad-account. Wait a bit and try again. "
        f"For more info, please refer to {RATE_LIMIT_URL}.",
    )
    return GraphError(f"(#{code}) {text}", code=code, subcode=subcode, transient=code in (4, 17))


def _refusal(limits: Limits, blocked_by: Literal["score", "buc"]) -> GraphError:
    if blocked_by == "buc":
        return throttled(*BUC_LIMIT)
    return throttled(*(ACCOUNT_LIMIT if limits.error == 17 else CALLS_LIMIT))


def _block(limits: Limits, blocked_by: Literal["score", "buc"]) -> float:
    return limits.buc_block_seconds if blocked_by == "buc" else limits.block_seconds


def _decay(limits: Limits, usage: Usage, now: float) -> None:
    if limits.score_max is not None:
        lost = limits.score_max * (now - usage.level_at) / limits.decay_seconds
        usage.level, usage.level_at = max(0.0, usage.level - max(0.0, lost)), now
