"""What Meta's three usage headers say, so that one place knows their names, units and oddities.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting and
https://developers.facebook.com/docs/marketing-api/overview/rate-limiting: figures are percent of a
quota; the time to regain access is in minutes, the time to a reset in seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

BUSINESS = "x-business-use-case-usage"
ACCOUNT = "x-ad-account-usage"
APP = "x-app-usage"

HOUR = 3600.0
SCORE_WINDOW = 300.0  # the ad account's score decays over five minutes
_DEVELOPMENT = "development_access"
_DEVELOPMENT_COST = 5.0  # a write is 3 of the 60 points of that tier
_OURS = "custom_audience"


@dataclass(frozen=True, slots=True)
class Level:
    """How full one quota is: percent, and the seconds in which a full one drains.

    `write_cost` is the percent that a write takes, where Meta's documents say so.
    """

    quota: str
    percent: float
    window: float
    write_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The reading of one answer; times in seconds, 0 where nothing was said."""

    levels: tuple[Level, ...] = ()
    app_level: Level | None = None
    regain_seconds: float = 0.0  # our own kind of calls
    regain_any_seconds: float = 0.0  # any kind of calls to this account
    reset_seconds: float = 0.0
    development: bool | None = None


NOTHING = Usage()


def read_usage(headers: Mapping[str, str], account: str | None) -> Usage:
    """The usage headers of an answer to a call on that ad account (digits); unreadable ones are
    as good as absent.
    """
    business, score, app = headers.get(BUSINESS), headers.get(ACCOUNT), headers.get(APP)
    if business is None and score is None and app is None:
        return NOTHING
    levels: list[Level] = []
    regain = regain_any = reset = 0.0
    tier: object = None
    for entry in _business_entries(_parse(business), account):
        minutes = _number(entry.get("estimated_time_to_regain_access"))
        regain_any = max(regain_any, minutes * 60)
        tier = entry.get("ads_api_access_tier", tier)
        if entry.get("type", _OURS) == _OURS:
            regain = max(regain, minutes * 60)
            levels.append(Level("business", _fullest(entry), HOUR))
    facts = _parse(score)
    if "acc_id_util_pct" in facts:
        reset = _number(facts.get("reset_time_duration"))
        tier = facts.get("ads_api_access_tier", tier)
        percent, cost = _number(facts["acc_id_util_pct"]), None
        if tier == _DEVELOPMENT:
            cost = _DEVELOPMENT_COST
        levels.append(Level("score", percent, SCORE_WINDOW, cost))
    facts = _parse(app)
    return Usage(
        levels=tuple(levels),
        app_level=Level("app", _fullest(facts), HOUR) if facts else None,
        regain_seconds=regain,
        regain_any_seconds=regain_any,
        reset_seconds=reset,
        development=None if tier is None else tier == _DEVELOPMENT,
    )


def _parse(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _business_entries(usage: dict[str, Any], account: str | None) -> Iterator[dict[str, Any]]:
    """The entries of this ad account; keys are account or business ids, so without it: all."""
    own = usage.get(account) if account else None
    lists = [own] if own is not None else list(usage.values())
    for entries in lists:
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, dict))


def _fullest(entry: Mapping[str, object]) -> float:
    return max(_number(entry.get(key)) for key in ("call_count", "total_cputime", "total_time"))


def _number(value: object) -> float:
    try:
        return max(0.0, float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
