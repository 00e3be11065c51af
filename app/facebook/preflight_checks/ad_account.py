"""Whether an ad account takes customer lists: status, business, role, terms (S5-S7)."""

from collections.abc import Collection

from app.facebook import help_links
from app.facebook.objects.ad_accounts import AdAccount
from app.facebook.preflight_checks.check import Check, failed, passed, unknown

_SEES_BUSINESSES = "business_management"
_ROLES = ("MANAGE", "ADVERTISE")


def check_account(account: AdAccount, scopes: Collection[str] = ()) -> list[Check]:
    """All conditions on the ad account itself, in the order of what to act on first.

    `scopes` are the token's: without business_management Meta leaves `business` out, and that says
    nothing. https://developers.facebook.com/docs/marketing-api/reference/ad-account
    """
    return [_status(account), _business(account, scopes), _role(account), _terms(account)]


def _status(account: AdAccount) -> Check:
    name = "ad_account"
    quality = help_links.address(help_links.ACCOUNT_QUALITY, account=account.account_id)
    if account.status is None:
        what = f"Meta does not say whether the ad account {account.id} is active."
        return unknown(name, "ad-account-status-unknown", what, quality)
    if account.usable:
        return passed(name, account.name)
    return failed(
        name,
        "ad-account-inactive",
        f"The ad account {account.id} is not active, its status is {account.status_name}: see"
        " its account quality and payment pages at Meta.",
        quality,
    )


def _business(account: AdAccount, scopes: Collection[str]) -> Check:
    if account.business is not None:
        return passed("business", account.business.name)
    if account.is_personal and _SEES_BUSINESSES in scopes:
        return failed(
            "business",
            "ad-account-without-business",
            f"The ad account {account.id} is personal and belongs to no business: add it to one in"
            " Meta Business Suite.",
            help_links.BUSINESS_SUITE,
        )
    return unknown(
        "business",
        "business-unknown",
        f"Meta does not name the business that owns the ad account {account.id}: the sign-in may lack"
        " the permission business_management, or the account belongs to none, and then it takes no"
        " customer lists.",
        help_links.BUSINESS_SUITE,
    )


def _role(account: AdAccount) -> Check:
    if account.user_tasks is None:
        what = f"Meta does not say what this sign-in may do in the ad account {account.id}."
        return unknown("role", "ad-account-role-unknown", what, help_links.AUTHORIZATION)
    if any(role in account.user_tasks for role in _ROLES):
        return passed("role")
    return failed(
        "role",
        "ad-account-role-missing",
        f"The person may look at ad account {account.id} but not manage it: ask its administrator"
        " for that role.",
        help_links.AUTHORIZATION,
    )


def _terms(account: AdAccount) -> Check:
    page = help_links.address(help_links.TERMS, account=account.account_id)
    if account.customer_list_terms is None:
        what = (
            "Meta does not say whether its Custom Audience Terms are accepted for ad account"
            f" {account.id}."
        )
        return unknown("terms", "terms-unknown", what, page)
    if account.customer_list_terms:
        return passed("terms")
    return failed(
        "terms",
        "terms-not-accepted",
        f"Meta's Custom Audience Terms are not accepted for ad account {account.id}: a person"
        " with a role in its business must accept them on the linked page.",
        page,
    )
