"""Every refusal before the first row: what must be true of token, account and audience for a run.

The order is that of the causes: a rejected token explains a lost account, a lost account a missing
audience. So the first failed check is the one to act on, and the three are told apart.
"""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from app.facebook import links
from app.facebook.accounts import AdAccount, TokenInfo
from app.facebook.audience_checks import check_audience
from app.facebook.audiences import Audience
from app.facebook.checks import Check, failed, passed, raise_for, unanswered, warned
from app.facebook.client import SCOPE, GraphClient
from app.facebook.errors import Fatal, GraphError, Refused
from app.facebook.graph import Graph, account_number

__all__ = ["Check", "preflight", "raise_for"]

_T = TypeVar("_T")

_SOON_DAYS = 7
_ROLES = ("MANAGE", "ADVERTISE")


async def preflight(
    graph: Graph,
    client: GraphClient,
    *,
    ad_account_id: str,
    audience_id: str | None,
    value_based_mapping: bool | None,
    sync_mode: str,
    now: datetime,
) -> list[Check]:
    """All checks that can be made, in the order of causes; failures of Meta are failed checks too.

    `audience_id` None: the audience is yet to be created. `sync_mode`: add, mirror, replace or
    remove. After a rejected token nothing else is asked. Four calls, none of them an upload.
    """
    account = account_number(ad_account_id)
    checks = [await _token(graph, client, now)]
    if not checks[0].ok:
        return checks
    permissions, ad_account, audience = await asyncio.gather(
        _or_error(graph.permissions()),
        _or_error(graph.ad_account(account)),
        _or_error(_nothing() if audience_id is None else graph.audience(audience_id)),
    )
    checks.append(
        unanswered("permission", permissions)
        if isinstance(permissions, GraphError)
        else _permission(permissions)
    )
    if isinstance(ad_account, GraphError):
        checks.append(unanswered("ad_account", ad_account))
    else:
        checks += _account(ad_account)
    if isinstance(audience, GraphError):
        checks.append(unanswered("audience", audience))
    elif audience is not None:
        checks.append(passed("audience", audience.name))
        checks += check_audience(
            audience,
            account=account,
            value_based_mapping=value_based_mapping,
            sync_mode=sync_mode,
        )
    answers = (ad_account, audience)
    if any(isinstance(one, (AdAccount, Audience)) and one.version_warning for one in answers):
        checks.append(_version_retired())
    return checks


async def _nothing() -> None:
    return None


async def _or_error(question: Coroutine[Any, Any, _T]) -> _T | GraphError:
    try:
        return await question
    except GraphError as error:
        return error


async def _token(graph: Graph, client: GraphClient, now: datetime) -> Check:
    info = await _or_error(client.debug_token(graph.token))
    if isinstance(info, Fatal) and not (isinstance(info, Refused) or client.has_app):
        # without an app Meta may refuse to inspect a token, but not to use it
        answer = await _or_error(graph.me())
        return unanswered("token", answer) if isinstance(answer, GraphError) else passed("token")
    if isinstance(info, GraphError):
        return unanswered("token", info)
    if not info.is_valid or (info.expires_at is not None and info.expires_at <= now):
        return unanswered("token", _rejected(info, now))
    return _time_left(info, now)


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
        help_url=links.TOKENS,
        graph_code=info.error_code,
        graph_subcode=info.error_subcode,
    )


def _time_left(info: TokenInfo, now: datetime) -> Check:
    if info.expires_at is not None:
        days = (info.expires_at - now).days
        left = f"{days} day{'' if days == 1 else 's'} left, until {info.expires_at:%Y-%m-%d}"
        if days < _SOON_DAYS:
            detail = f"The access token is about to expire, {left}: renew the sign-in."
            return warned("token", "token-expires-soon", detail, links.TOKENS)
    else:
        left = "does not expire"
    access = info.data_access_expires_at
    if access is not None and (access - now).days < _SOON_DAYS:
        detail = f"The app's access to the person's data ends on {access:%Y-%m-%d}: sign in again."
        return warned("token", "data-access-ends-soon", detail, links.TOKENS)
    return passed("token", f"The access token is valid, {left}.")


def _version_retired() -> Check:
    """Meta serves calls on an expired version as a newer one, where it can, and says so.

    https://developers.facebook.com/docs/marketing-api/overview/versioning
    """
    detail = (
        "Meta served another API version than the one asked for: set GRAPH_API_VERSION to a"
        " current one before calls fail."
    )
    return warned("graph_version", "graph-version", detail, links.VERSIONS)


def _permission(permissions: dict[str, str]) -> Check:
    """S27: people can decline single permissions in the dialog."""
    status = permissions.get(SCOPE)
    if status == "granted":
        return passed("permission")
    why = f"was {status}" if status else "was not asked for"
    return failed(
        "permission",
        "permission-missing",
        f"The permission {SCOPE} {why}: sign in again and allow it.",
        links.PERMISSIONS,
    )


def _account(account: AdAccount) -> list[Check]:
    """S5, S6, S7 and the terms."""
    quality = links.address(links.ACCOUNT_QUALITY, account=account.account_id)
    checks = [
        passed("ad_account", account.name)
        if account.usable
        else failed(
            "ad_account",
            "ad-account-inactive",
            f"The ad account {account.id} is not active, its status is {account.status_name}: see"
            " its account quality and payment pages at Meta.",
            quality,
        ),
        passed("business", account.business.name)
        if account.business
        else failed(
            "business",
            "ad-account-without-business",
            f"The ad account {account.id} belongs to no business: add it to one in Meta Business"
            " Suite.",
            links.BUSINESS_SUITE,
        ),
    ]
    if account.user_tasks is not None:
        checks.append(_role(account, account.user_tasks))
    checks.append(
        passed("terms")
        if account.customer_list_terms
        else failed(
            "terms",
            "terms-not-accepted",
            f"Meta's Custom Audience Terms are not accepted for ad account {account.id}: a person"
            " with a role in its business must accept them on the linked page.",
            links.address(links.TERMS, account=account.account_id),
        )
    )
    return checks


def _role(account: AdAccount, tasks: tuple[str, ...]) -> Check:
    if any(role in tasks for role in _ROLES):
        return passed("role")
    return failed(
        "role",
        "ad-account-role-missing",
        f"The person may look at ad account {account.id} but not manage it: ask its administrator"
        " for that role.",
        links.AUTHORIZATION,
    )
