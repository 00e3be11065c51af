"""Whether a token can be used for uploads: its validity, its end, its permission (S27)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from app.facebook import help_links
from app.facebook.client import SCOPE
from app.facebook.errors import GraphError, Refused
from app.facebook.objects.ad_accounts import TokenInfo
from app.facebook.preflight_checks.check import Check, failed, passed, unanswered, unknown, warned

_SOON_DAYS = 7


def check_token(info: TokenInfo, now: datetime) -> Check:
    """Whether the token is valid, and how long. `now` with a time zone."""
    if not info.is_valid or (info.expires_at is not None and info.expires_at <= now):
        return unanswered("token", _rejected(info, now))
    return _time_left(info, now)


def check_permission(answer: Mapping[str, str] | GraphError, scopes: Collection[str] = ()) -> Check:
    """Whether ads_management is granted: people can decline single permissions in the dialog.

    `answer` is that of /me/permissions, `scopes` those that debug_token names; an empty list
    says nothing (https://developers.facebook.com/docs/facebook-login/permissions/).
    """
    if isinstance(answer, GraphError):
        return unanswered("permission", answer)
    status = answer.get(SCOPE)
    if status == "granted" or (not answer and SCOPE in scopes):
        return passed("permission")
    if not answer and not scopes:
        what = f"Meta names no permissions of the sign-in; {SCOPE} is needed."
        return unknown("permission", "permission-unknown", what, help_links.PERMISSIONS)
    why = f"was {status}" if status else "was not asked for"
    return failed(
        "permission",
        "permission-missing",
        f"The permission {SCOPE} {why}: sign in again and allow it.",
        help_links.PERMISSIONS,
    )


def _rejected(info: TokenInfo, now: datetime) -> Refused:
    ended = info.expires_at is not None and info.expires_at <= now
    reason = (
        f"The access token expired on {info.expires_at:%Y-%m-%d}."
        if ended
        else "Meta no longer accepts the access token."
    )
    return Refused(
        f"{reason} Renew the sign-in of the connection; its exports stay as they are.",
        code="token-rejected",
        help_url=help_links.TOKENS,
        graph_code=info.error_code,
        graph_subcode=info.error_subcode,
    )


def _time_left(info: TokenInfo, now: datetime) -> Check:
    if info.expires_at is not None:
        days = (info.expires_at - now).days
        left = f"{days} day{'' if days == 1 else 's'} left, until {info.expires_at:%Y-%m-%d}"
        if days < _SOON_DAYS:
            detail = f"The access token is about to expire, {left}: renew the sign-in."
            return warned("token", "token-expires-soon", detail, help_links.TOKENS)
    else:
        left = "does not expire"
    access = info.data_access_expires_at
    if access is not None and (access - now).days < _SOON_DAYS:
        detail = f"The app's access to the person's data ends on {access:%Y-%m-%d}: sign in again."
        return warned("token", "data-access-ends-soon", detail, help_links.TOKENS)
    return passed("token", f"The access token is valid, {left}.")
