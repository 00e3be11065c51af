"""Turns a failed call into one of our errors, once, so that nobody else reads Meta's codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.errors import Culprit
from app.facebook import help_links
from app.facebook.error_codes.table import APP_CREDENTIALS, Rule, rule_for
from app.facebook.errors import (
    Action,
    Fatal,
    GraphError,
    Refused,
    Rejected,
    Retryable,
    Scope,
    Throttled,
)
from app.facebook.usage_headers import NOTHING, Usage

_NOT_FOUND = "object-unavailable"
_FRESH_ATTEMPTS = 6
_STANDARD_BLOCK, _DEVELOPMENT_BLOCK = 60.0, 300.0  # of the ad account's score
_SCORE_CODES = (17, 613)

# a title without digits and @ cannot hold an identifier, a token or an address
_HARMLESS_TITLE = re.compile(r"[^\d@]{1,80}")

_FOREIGN_TOKEN = Rule(
    Action.STOP,
    "token-of-another-app",
    "Meta does not show this token to the configured app: it is no access token, or was issued for"
    " another app.",
    Culprit.USER,
    help_links.TOKENS,
)
_SIGN_IN_FAILED = Rule(
    Action.STOP,
    "sign-in-failed",
    "The sign-in could not be completed, because its code has expired, was used before or belongs"
    " to another address: start again.",
    Culprit.USER,
    help_links.TOKENS,
)
_CREATE_REFUSED = Rule(
    Action.STOP,
    "audience-create-refused",
    "Meta refused the new audience's name or settings as invalid: change them.",
    Culprit.USER,
    help_links.AUDIENCE,
)


@dataclass(frozen=True, slots=True)
class About:
    """What a call was about; decides what "does not exist" means and whether rows were sent."""

    account: str | None = None  # the ad account's digits
    audience: str | None = None
    bulk: bool = False  # rows of members were sent, so its content may be at fault
    creates: bool = False
    signs_in: bool = False  # a step of the sign-in
    fresh: bool = False  # the audience was made a moment ago and may not be visible everywhere
    app: bool = False  # made with the app's own credentials


@dataclass(frozen=True, slots=True)
class _Numbers:
    code: int
    subcode: int | None
    trace: str | None


def from_body(
    error: Mapping[str, Any], *, status: int, about: About, usage: Usage = NOTHING
) -> GraphError:
    """Our error for Meta's error object.

    https://developers.facebook.com/docs/graph-api/guides/error-handling: all fields are optional.
    """
    code, subcode = _int(error.get("code")) or 0, _int(error.get("error_subcode"))
    rule = rule_for(
        code,
        subcode,
        kind=_text(error.get("type")),
        transient=error.get("is_transient") is True,
        status=status,
    )
    rule = _in_context(rule, about)
    title = _text(error.get("error_user_title"))
    known = rule.code != "meta-refused" or title is None or not _HARMLESS_TITLE.fullmatch(title)
    sentence = rule.sentence if known else f"{rule.sentence} Meta says: {title}."
    numbers = _Numbers(code, subcode, _text(error.get("fbtrace_id")))
    return _build(rule, sentence, numbers, about, usage)


def from_transport(
    reason: str, *, about: About, trace: str | None = None, nothing_done: bool = False
) -> Retryable:
    """Our error for a call without a usable answer: `reason` says what came instead."""
    sentence = f"Meta gave no usable answer ({reason}){_place(about)}; try again later."
    error = Retryable(sentence, help_url=help_links.PLATFORM_STATUS, fbtrace_id=trace)
    error.nothing_done = nothing_done
    return error


def from_status(
    status: int, *, about: About, trace: str | None, retry_after: float | None
) -> GraphError:
    """Our error for an answer that is no JSON, so that only its HTTP status is left to go by."""
    place = _place(about)
    if status == 413 and about.bulk:
        return Rejected(
            f"The request was too large{place}; a smaller one may pass.",
            code="payload-too-large",
            fbtrace_id=trace,
        )
    if status == 429:
        throttled = Throttled(
            f"Meta asks for a pause{place}.", fbtrace_id=trace, retry_after=retry_after or 60.0
        )
        throttled.named = retry_after is not None
        return throttled
    error = from_transport(f"HTTP {status} without JSON", about=about, trace=trace)
    error.retry_after = retry_after
    return error


def _in_context(rule: Rule, about: About) -> Rule:
    """The rule, where the same code means something else for another kind of call."""
    if rule.code == _NOT_FOUND:
        return _not_found(rule, about)
    if rule.code == "token-rejected" and about.app:
        return APP_CREDENTIALS
    if rule.action is Action.RETRY and about.signs_in:
        # a wrong secret comes as the unknown error, code 1
        hint = f"{rule.sentence} If this lasts, check FACEBOOK_APP_SECRET."
        return replace(rule, sentence=hint)
    if rule.action is Action.REJECT and not about.bulk:
        return _invalid(rule, about)
    return rule


def _invalid(rule: Rule, about: About) -> Rule:
    """The rule for an invalid parameter of a call that sent no members."""
    if about.creates:
        return _CREATE_REFUSED
    if about.app:
        return _FOREIGN_TOKEN
    if about.signs_in:
        return _SIGN_IN_FAILED
    return replace(rule, action=Action.STOP, code="request-invalid")


def _not_found(rule: Rule, about: About) -> Rule:
    if about.fresh:
        sentence = "Meta does not show the new audience yet."
        return Rule(Action.RETRY, rule.code, sentence, attempts=_FRESH_ATTEMPTS)
    if about.audience is not None:
        sentence = (
            "The audience no longer exists at Meta, or the sign-in lost access to it: choose"
            " another audience, or give the person a role in the ad account."
        )
        return Rule(
            Action.STOP, "audience-gone", sentence, Culprit.USER, help_links.AUDIENCE_MANAGER
        )
    if about.account is not None:
        sentence = (
            "The ad account cannot be reached with this sign-in: the person has no role in it any"
            " more, or the account does not exist."
        )
        return Rule(
            Action.STOP, "ad-account-unavailable", sentence, Culprit.USER, help_links.AUTHORIZATION
        )
    return rule


def _build(
    rule: Rule,
    sentence: str,
    numbers: _Numbers,
    about: About,
    usage: Usage,
) -> GraphError:
    code, subcode = numbers.code, numbers.subcode
    shown = f"{code}/{subcode}" if subcode is not None else str(code)
    kind: type[GraphError]
    match rule.action:
        case Action.RETRY:
            kind = Retryable
        case Action.WAIT:
            kind = Throttled
        case Action.REJECT:
            kind = Rejected
        case Action.STOP:
            kind = Refused if rule.culprit is Culprit.USER else Fatal
    error = kind(
        f"{sentence} (Meta's code {shown}{_place(about)})",
        code=rule.code,
        culprit=rule.culprit,
        help_url=help_links.address(rule.help_url, account=about.account),
        graph_code=code,
        graph_subcode=subcode,
        fbtrace_id=numbers.trace,
    )
    if isinstance(error, Retryable):
        error.max_attempts = rule.attempts
        error.perhaps_too_large = about.bulk and rule.shrink
        error.nothing_done = about.fresh and rule.code == _NOT_FOUND
    if isinstance(error, Throttled):
        error.scope = rule.scope
        error.retry_after, error.named = _pause(rule, code, usage)
    return error


def _pause(rule: Rule, code: int, usage: Usage) -> tuple[float, bool]:
    """Seconds to wait, and whether Meta named them."""
    if rule.scope is not Scope.AUDIENCE:
        if usage.regain_any_seconds > 0:
            return usage.regain_any_seconds, True
        if code in _SCORE_CODES:
            if usage.reset_seconds > 0:
                return usage.reset_seconds, True
            if usage.development is not None:
                block = _DEVELOPMENT_BLOCK if usage.development else _STANDARD_BLOCK
                return max(block, rule.wait), False
    return rule.wait, False


def _place(about: About) -> str:
    if about.audience is not None:
        return f", audience {about.audience}"
    return f", ad account act_{about.account}" if about.account is not None else ""


def _int(value: object) -> int | None:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
