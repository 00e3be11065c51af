"""Every refusal before the first row: what must be true of token, account and audience for a run.

The order is that of the causes: a rejected token explains a lost account, a lost account a missing
audience. So the first failed check is the one to act on, and the three are told apart. Only a
documented impossibility refuses; what Meta does not say is a warning (docs/preflight.md).
"""

import asyncio
from collections.abc import Collection, Coroutine
from datetime import datetime
from typing import Any, TypeVar

from app.facebook import help_links
from app.facebook.client import GraphClient
from app.facebook.errors import Fatal, GraphError, Refused
from app.facebook.graph import Graph, account_number
from app.facebook.objects.ad_accounts import AdAccount
from app.facebook.objects.audiences import Audience
from app.facebook.preflight_checks.ad_account import check_account
from app.facebook.preflight_checks.audience import check_audience
from app.facebook.preflight_checks.check import Check, passed, raise_for, unanswered, warned
from app.facebook.preflight_checks.token import check_permission, check_token

__all__ = ["Check", "preflight", "raise_for"]

_T = TypeVar("_T")


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
    token, scopes = await _token(graph, client, now)
    checks = [token]
    if not checks[0].ok:
        return checks
    permissions, ad_account, audience = await asyncio.gather(
        _or_error(graph.permissions()),
        _or_error(graph.ad_account(account)),
        _or_error(_nothing() if audience_id is None else graph.audience(audience_id)),
    )
    checks.append(check_permission(permissions, scopes))
    if isinstance(ad_account, GraphError):
        checks.append(unanswered("ad_account", ad_account))
    else:
        checks += check_account(ad_account, scopes)
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


async def _token(graph: Graph, client: GraphClient, now: datetime) -> tuple[Check, Collection[str]]:
    """The verdict on the token, and the permissions that Meta says it has."""
    info = await _or_error(client.debug_token(graph.token))
    if isinstance(info, Fatal) and not (isinstance(info, Refused) or client.has_app):
        # without an app Meta may refuse to inspect a token, but not to use it
        answer = await _or_error(graph.me())
        known = unanswered("token", answer) if isinstance(answer, GraphError) else passed("token")
        return known, ()
    if isinstance(info, GraphError):
        return unanswered("token", info), ()
    return check_token(info, now), info.scopes


def _version_retired() -> Check:
    """Meta serves calls on an expired version as a newer one, where it can, and says so.

    https://developers.facebook.com/docs/marketing-api/overview/versioning
    """
    detail = (
        "Meta served another API version than the one asked for: set GRAPH_API_VERSION to a"
        " current one before calls fail."
    )
    return warned("graph_version", "graph-version", detail, help_links.VERSIONS)
