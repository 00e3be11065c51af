"""Ad accounts and the person or system user behind a token.

Sources: references "Ad Account" and "Custom Audience Terms of Service", guide "Requesting &
Revoking Permissions" (developers.facebook.com/docs).
"""

from typing import Any, Final

from sandbox.context import Context
from sandbox.conventions.errors import (
    not_linked_to_business,
    permission_denied,
    terms_not_accepted,
    unsupported,
)
from sandbox.conventions.names import ACCOUNT_FIELDS, USER_FIELDS
from sandbox.conventions.selection import matches, page, select
from sandbox.entities import AdAccount

_ACTIVE: Final = 1


def account_node(ctx: Context, account: AdAccount) -> dict[str, Any]:
    """An ad account with every field it has."""
    terms = {"custom_audience_tos": 1} if account.tos_accepted else {}
    node = {
        "id": account.id,
        "account_id": account.account_id,
        "name": account.name,
        "account_status": account.account_status,
        "disable_reason": account.disable_reason,
        "currency": account.currency,
        "timezone_id": account.timezone_id,
        "timezone_name": account.timezone_name,
        "timezone_offset_hours_utc": account.timezone_offset_hours_utc,
        "business": account.business,
        "business_name": (account.business or {}).get("name"),
        "is_personal": int(not account.linked),
        "owner": account.owner,
        "capabilities": account.capabilities,
        "user_tasks": account.user_tasks,
        "tos_accepted": terms,
        "created_time": account.created_time,
    }
    if "business_management" not in ctx.token.scopes:
        node["business"] = None
    if ctx.token.kind == "user":
        node["user_tos_accepted"] = terms
    return node


def render_account(ctx: Context, account: AdAccount) -> dict[str, Any]:
    """An ad account with the fields the call asks for."""
    return select(
        account_node(ctx, account),
        ctx.call.params.get("fields"),
        default=("account_id", "id"),
        known=ACCOUNT_FIELDS,
        kind="AdAccount",
        hidden=account.hidden_fields,
        refused=account.refused_fields,
    )


def read_account(ctx: Context) -> dict[str, Any]:
    """GET /act_ID."""
    return render_account(ctx, ctx.account)


def list_accounts(ctx: Context) -> dict[str, Any]:
    """GET /me/adaccounts: those the token's user has a role on."""
    visible = {
        account.id: account
        for account in ctx.state.world.accounts.values()
        if account.role is not None
        and matches(account_node(ctx, account), ctx.call.params.get("filtering"))
    }
    return page(
        ctx.call,
        list(visible),
        lambda account_id: render_account(ctx, visible[account_id]),
        max_page=ctx.state.settings.max_page,
    )


def require_usable(account: AdAccount) -> None:
    """What stands against customer lists in this account; raises GraphError 200."""
    if account.account_status != _ACTIVE:
        raise permission_denied("The ad account is not active, it can not be used to do this")
    if not account.linked:
        raise not_linked_to_business()
    if not account.tos_accepted:
        raise terms_not_accepted(account.account_id)


def read_user(ctx: Context) -> dict[str, Any]:
    """GET /me."""
    node = {
        "id": ctx.token.user_id,
        "name": ctx.token.user_name,
        "client_business_id": ctx.token.client_business_id,
    }
    return select(
        node,
        ctx.call.params.get("fields"),
        default=("name", "id"),
        known=USER_FIELDS,
        kind="User",
    )


def list_permissions(ctx: Context) -> dict[str, Any]:
    """GET /me/permissions."""
    granted = [{"permission": name, "status": "granted"} for name in ctx.token.scopes]
    declined = [{"permission": name, "status": "declined"} for name in ctx.token.declined]
    return {"data": granted + declined}


def revoke_permissions(ctx: Context) -> dict[str, Any]:
    """DELETE /me/permissions: every token of this person is refused with 190/458 from now on.

    DELETE /me/permissions/{permission} takes one permission away.
    """
    own = [one for one in ctx.state.world.tokens.values() if one.user_id == ctx.token.user_id]
    if len(ctx.call.path) == 2:
        for token in own:
            token.refused_with = 458
        return {"success": True}
    permission = ctx.call.path[2]
    if permission not in ctx.token.scopes:
        raise unsupported("DELETE", permission)
    for token in own:
        if permission in token.scopes:
            token.scopes = [name for name in token.scopes if name != permission]
            token.declined = [*token.declined, permission]
    ctx.state.world.declined.add(permission)
    return {"success": True}
