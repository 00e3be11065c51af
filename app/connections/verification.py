"""What Meta says of a connection's parts before they are saved: token, ad account, audience.

Nothing is stored here, and nothing is changed at Meta.
"""

from dataclasses import dataclass

from app.errors import Unprocessable
from app.facebook import links
from app.facebook.accounts import AdAccount, TokenInfo
from app.facebook.audiences import Audience
from app.facebook.client import GraphClient

PERMISSION = "ads_management"
_ROLES = frozenset({"MANAGE", "ADVERTISE"})


@dataclass(frozen=True, slots=True)
class AccountRefusal:
    """Why an ad account cannot be used: a stable code, what to do, and where Meta explains it (S8)."""

    code: str
    sentence: str
    help_url: str | None


async def verify_token(client: GraphClient, token: str) -> TokenInfo:
    """What the token is, with `ads_management` granted (S27).

    Raises `Unprocessable` (`token-rejected`, `permission-missing`) or a `GraphError`.
    """
    info = await client.debug_token(token)
    if not info.is_valid:
        raise Unprocessable(
            "Meta does not accept this access token; sign in again.", code="token-rejected"
        )
    granted = await client.for_token(token).permissions()
    if granted.get(PERMISSION) != "granted":
        raise Unprocessable(
            f"The token lacks the {PERMISSION} permission; sign in again and allow it.",
            code="permission-missing",
        )
    return info


async def verify_account(client: GraphClient, token: str, ad_account_id: str) -> AdAccount:
    """The ad account, usable and under a business (S5-S7). Raises `Unprocessable` or a `GraphError`."""
    account = await client.for_token(token, ad_account_id=ad_account_id).ad_account(ad_account_id)
    refusal = account_refusal(account)
    if refusal is not None:
        raise Unprocessable(refusal.sentence, code=refusal.code, help_url=refusal.help_url)
    return account


def account_refusal(account: AdAccount) -> AccountRefusal | None:
    """Why exports cannot use this ad account (S5-S7); None if they can."""
    if not account.usable:
        return AccountRefusal(
            "ad-account-inactive",
            f"The ad account is not active (Meta says: {account.status_name}); settle that in Ads Manager.",
            links.address(links.ACCOUNT_QUALITY, account=account.account_id),
        )
    if account.business is None:
        return AccountRefusal(
            "ad-account-without-business",
            "The ad account belongs to no business; link it in Meta Business Settings first.",
            links.BUSINESS_SUITE,
        )
    if account.user_tasks is not None and not _ROLES & set(account.user_tasks):
        return AccountRefusal(
            "ad-account-role-missing",
            "This sign-in may look at the ad account but not manage it; ask its administrator for that role.",
            links.AUTHORIZATION,
        )
    if not account.customer_list_terms:
        return AccountRefusal(
            "terms-not-accepted",
            "Meta's Custom Audience Terms are not accepted for the ad account; accept them at help_url.",
            links.address(links.TERMS, account=account.account_id),
        )
    return None


async def verify_audience(
    client: GraphClient, token: str, ad_account_id: str, audience_id: str
) -> Audience:
    """The audience, of type customer list and in that account (S12, S33-S35).

    Raises `Unprocessable` (`audience-not-customer-list`, `audience-in-other-account`, …) or a `GraphError`.
    """
    audience = await client.for_token(token, ad_account_id=ad_account_id).audience(audience_id)
    if audience.account_id is not None and audience.account_id != ad_account_id.removeprefix(
        "act_"
    ):
        raise Unprocessable(
            "The audience belongs to another ad account than the connection's.",
            code="audience-in-other-account",
        )
    if audience.refusal is not None:
        raise Unprocessable(audience.refusal.sentence, code=audience.refusal.code)
    return audience
