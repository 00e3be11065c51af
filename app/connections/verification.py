"""What Meta says of a connection's parts before they are saved: token, ad account, audience.

Nothing is stored here, and nothing is changed at Meta.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.errors import Unprocessable
from app.facebook import help_links
from app.facebook.client import GraphClient
from app.facebook.errors import GraphError
from app.facebook.objects.ad_accounts import AdAccount, TokenInfo
from app.facebook.objects.audiences import Audience
from app.facebook.preflight_checks.ad_account import check_account
from app.facebook.preflight_checks.audience import check_audience
from app.facebook.preflight_checks.check import REPLACE_RUNNING, Check
from app.facebook.preflight_checks.token import check_permission

NO_ACCOUNT_CODE = "no-ad-account"
NO_ACCOUNT = (
    "This sign-in has no ad account: make one in Meta Ads Manager, or ask for a role in one, then sign "
    "in again."
)


async def verify_token(client: GraphClient, token: str) -> TokenInfo:
    """What the token is, with `ads_management` granted (S27).

    Raises `Unprocessable` (`token-rejected`, `permission-missing`) or a `GraphError`.
    """
    info = await client.debug_token(token)
    if not info.is_valid:
        raise Unprocessable(
            "Meta does not accept this access token; sign in again.",
            code="token-rejected",
            help_url=help_links.TOKENS,
        )
    try:
        answer: Mapping[str, str] | GraphError = await client.for_token(token).permissions()
    except GraphError as error:
        answer = error
    raise_refusal(check_permission(answer, info.scopes))
    return info


async def verify_account(
    client: GraphClient, token: str, ad_account_id: str, *, scopes: Collection[str]
) -> AdAccount:
    """The ad account, usable and under a business (S5-S7); `scopes` are the token's.

    Raises `Unprocessable` or a `GraphError`.
    """
    account = await client.for_token(token, ad_account_id=ad_account_id).ad_account(ad_account_id)
    for check in check_account(account, scopes):
        raise_refusal(check)
    return account


def raise_refusal(check: Check) -> None:
    """Raises `Unprocessable`, with where Meta explains it (S8), or Meta's own error."""
    if check.error is not None:
        raise check.error
    if not check.ok:
        raise Unprocessable(check.detail, code=check.code, help_url=check.help_url)


async def verify_audience(
    client: GraphClient, token: str, ad_account_id: str, audience_id: str
) -> Audience:
    """The audience, of type customer list and in that account (S12, S33-S35).

    Raises `Unprocessable` (`audience-not-customer-list`, `audience-in-other-account`, …) or a `GraphError`.
    """
    audience = await client.for_token(token, ad_account_id=ad_account_id).audience(audience_id)
    account = ad_account_id.removeprefix("act_")
    for check in check_audience(
        audience, account=account, value_based_mapping=None, sync_mode="add"
    ):
        if check.code != REPLACE_RUNNING:  # which passes by itself
            raise_refusal(check)
    return audience


def kept_audience(audience: Audience) -> dict[str, Any]:
    """What is kept of a verified audience."""
    return {
        "id": audience.id,
        "name": audience.name,
        "subtype": audience.subtype,
        "is_value_based": audience.is_value_based,
    }


async def is_value_based(
    client: GraphClient, token: str, ad_account_id: str, audience_id: str
) -> bool | None:
    """Whether the audience takes values; None if Meta does not say, or cannot be asked now."""
    try:
        graph = client.for_token(token, ad_account_id=ad_account_id)
        return (await graph.audience(audience_id)).is_value_based
    except GraphError:
        return None  # the run asks again, and refuses then


async def verify_some_account(client: GraphClient, token: str) -> None:
    """The person has an ad account at all (S5). Raises `Unprocessable` (`no-ad-account`)."""
    try:
        some = await client.for_token(token).has_ad_account()
    except GraphError:
        return  # unknown: the choice of an account shows it
    if not some:
        raise Unprocessable(NO_ACCOUNT, code=NO_ACCOUNT_CODE, help_url=help_links.AD_ACCOUNT_MAKING)
