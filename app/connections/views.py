"""Rows and Meta's objects → what callers see of them; no secret passes here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import made_and_changed, names_of
from app.connections import meta_schemas, schemas, verification
from app.connections.account_health.account_blocks import blocked_until
from app.connections.parts import ends_soon, missing
from app.db.models import Connection
from app.db.session import Database
from app.facebook import help_links
from app.facebook.objects.ad_accounts import AdAccount
from app.facebook.objects.audiences import Audience, Status
from app.facebook.preflight import Check
from app.facebook.preflight_checks.ad_account import check_account
from app.facebook.preflight_checks.audience import check_audience


async def connection_views(
    session: AsyncSession, rows: Sequence[Connection], *, warn_within: timedelta
) -> list[schemas.Connection]:
    """Connections as an administrator sees them.

    `warn_within`: how long before its end a token is announced.
    """
    names = await names_of(session, [caller for row in rows for caller in callers_of(row)])
    return [
        schemas.Connection.model_validate(connection_fields(row, names, warn_within))
        for row in rows
    ]


async def connection_view(
    session: AsyncSession, row: Connection, *, warn_within: timedelta
) -> schemas.Connection:
    """One connection."""
    return (await connection_views(session, [row], warn_within=warn_within))[0]


async def shown_connection(
    database: Database, row: Connection, *, warn_within: timedelta
) -> schemas.Connection:
    """One connection, after the transactions that changed it."""
    async with database.transaction() as session:
        return await connection_view(session, row, warn_within=warn_within)


def callers_of(row: Any) -> tuple[str | None, ...]:
    """Those whose names stand in it."""
    return row.created_by, row.updated_by, row.consent_accepted_by


def connection_fields(
    row: Connection, names: Mapping[str, str], warn_within: timedelta
) -> dict[str, Any]:
    """What `schemas.Connection` shows, field by field in its order; `names` of callers."""
    return {
        "id": row.id,
        "type": row.type,
        "display_name": row.display_name,
        "shared_with": row.shared_with,
        "status": row.status,
        "missing": missing(row),
        "ad_account": None if row.ad_account is None else schemas.AdAccountRef(**row.ad_account),
        "audience": _audience(row),
        "audience_choice": row.audience_choice,
        "allowed_audience_ids": row.allowed_audience_ids,
        "audience_state": audience_state(row.audience_state),
        "blocked": None
        if blocked_until(row) is None
        else schemas.Blocked.model_validate(row.blocked),
        "token": _token(row, warn_within),
        "sign_in_problem": row.sign_in_problem,
        "consent": _consent(row, names),
        "metadata": row.labels or {},
        **made_and_changed(row, names),
    }


def _audience(row: Connection) -> dict[str, Any] | None:
    if row.audience is not None:
        return {name: row.audience[name] for name in ("id", "name", "subtype")}
    if row.audience_request is not None:
        return {"id": None, "name": row.audience_request.get("name"), "subtype": None}
    return None


def audience_state(found: Mapping[str, Any] | None) -> schemas.AudienceState | None:
    """What a later look at an audience found."""
    return None if found is None else schemas.AudienceState.model_validate(found)


def _token(row: Connection, warn_within: timedelta) -> dict[str, Any] | None:
    if row.token is None:
        return None
    return {
        "kind": row.token_kind,
        "last4": row.token_last4,
        "expires_at": row.token_expires_at,
        "data_access_expires_at": row.token_data_access_expires_at,
        "scopes": row.token_scopes or [],
        "expires_soon": ends_soon(row, warn_within),
    }


def _consent(row: Connection, names: Mapping[str, str]) -> dict[str, Any] | None:
    if row.consent_version is None or row.consent_accepted_at is None:
        return None
    return {
        "version": row.consent_version,
        "accepted_at": row.consent_accepted_at,
        "accepted_by": row.consent_accepted_by or "",
        "accepted_by_name": names.get(row.consent_accepted_by or "", ""),
    }


def account_choice(account: AdAccount, scopes: Collection[str]) -> meta_schemas.AdAccountChoice:
    """An ad account to choose from (S28); `scopes` are the token's."""
    checks = check_account(account, scopes)
    refusal = next((check for check in checks if not check.ok), None)
    return meta_schemas.AdAccountChoice(
        id=account.id,
        name=account.name,
        business=None
        if account.business is None
        else schemas.Business.model_validate(account.business),
        status=account.status,
        currency=account.currency,
        selectable=refusal is None,
        reason=None if refusal is None else refusal.detail,
        help_url=None if refusal is None else refusal.help_url,
        warnings=_unknowns(checks),
    )


def account_choices(items: Sequence[meta_schemas.AdAccountChoice]) -> meta_schemas.AdAccountChoices:
    """All of them; that there is none is said, and where Meta explains it (S5)."""
    return meta_schemas.AdAccountChoices(
        items=list(items),
        reason=None if items else verification.NO_ACCOUNT,
        help_url=None if items else help_links.AD_ACCOUNT_MAKING,
    )


def audience_option(audience: Audience) -> meta_schemas.AudienceOption:
    """An audience to choose from; others than customer lists are shown and cannot be chosen (S34)."""
    checks = check_audience(
        audience, account=audience.account_id or "", value_based_mapping=None, sync_mode="add"
    )
    return meta_schemas.AudienceOption(
        id=audience.id,
        name=audience.name,
        subtype=audience.subtype,
        selectable=audience.selectable,
        reason=audience.reason,
        help_url=None
        if audience.selectable
        else next((check.help_url for check in checks if not check.ok), None),
        warnings=_unknowns(checks),
        approximate_count_lower_bound=audience.lower_bound,
        approximate_count_upper_bound=audience.upper_bound,
        operation_status=_status(audience.operation_status),
        delivery_status=_status(audience.delivery_status),
    )


def _unknowns(checks: Sequence[Check]) -> list[meta_schemas.Unknown]:
    return [
        meta_schemas.Unknown(code=item.code, detail=item.detail) for item in checks if item.unknown
    ]


def _status(status: Status | None) -> schemas.AudienceStatus | None:
    if status is None:
        return None
    return schemas.AudienceStatus(code=status.code, description=status.description)


def check_result(check: Check) -> meta_schemas.CheckResult:
    """A preflight check."""
    return meta_schemas.CheckResult.model_validate(check)
