"""The parts of a connection: token, ad account, audience, consent; verified, then put into its row."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.connections import consent as consent_text
from app.connections import verification
from app.connections.audience_creation import create_audience, refuse_taken_name
from app.connections.collaborators import Connections
from app.db.labels import merged
from app.db.models import Connection
from app.db.secrets import Vault, fingerprint
from app.errors import Unprocessable
from app.facebook import help_links
from app.facebook.objects.ad_accounts import TokenInfo
from app.webhooks.events import EventType, announce


def missing(row: Connection) -> list[str]:
    """What a draft still lacks."""
    lacks = {
        "access_token": row.token is None,
        "ad_account_id": row.ad_account is None,
        "audience": row.audience is None,
        "consent": row.consent_version is None,
    }
    return [name for name, absent in lacks.items() if absent]


def ends_soon(row: Connection, within: timedelta) -> bool:
    """Whether the token, or its access to the person's data, ends within that time or has ended."""
    ends = [row.token_expires_at, row.token_data_access_expires_at]
    return any(end is not None and end <= clock.now() + within for end in ends)


def open_token(vault: Vault, row: Connection) -> str:
    """The plain token, for the moment of a call. Raises `Unprocessable` if there is none."""
    if row.token is None:
        raise Unprocessable(
            "The connection has no access token yet; sign in first.",
            code="token-missing",
            help_url=help_links.TOKENS,
        )
    return vault.open(row.token, owner=_token_owner(row.id))


async def apply(
    deps: Connections, row: Connection, given: Mapping[str, Any], caller: Caller
) -> None:
    """Verify what was given and put it into the row (not yet saved)."""
    row.labels = merged(row.labels, given)
    if "consent" in given:
        _apply_consent(row, given["consent"], caller)
    if "access_token" in given:
        await _apply_token(deps, row, given["access_token"])
    account = row.ad_account
    # a stored token is opened only where Meta must be asked: a rename needs no key
    asks = {"access_token", "ad_account_id", "audience"} & given.keys()
    token = None if row.token is None or not asks else open_token(deps.vault, row)
    chosen = row.ad_account is not None or given.get("ad_account_id") is not None
    if given.get("access_token") is not None and token is not None and not chosen:
        await verification.verify_some_account(deps.graph, token)
    if "ad_account_id" in given:
        await _apply_account(deps, row, given["ad_account_id"], token)
    elif given.get("access_token") is not None and row.ad_account is not None and token is not None:
        # a renewed token must open the same account, or the exports would fail at night
        await verification.verify_account(
            deps.graph, token, row.ad_account["id"], scopes=row.token_scopes or ()
        )
    if "audience" in given:
        changed = (account or {}).get("id") != (row.ad_account or {}).get("id")
        await _apply_audience(deps, row, given["audience"], token, account_changed=changed)
    elif (
        "ad_account_id" in given
        and row.audience is not None
        and row.ad_account is not None
        and token is not None
    ):
        await verification.verify_audience(
            deps.graph, token, row.ad_account["id"], row.audience["id"]
        )
    await _check_name(deps, row, given, token)


async def _check_name(
    deps: Connections, row: Connection, given: Mapping[str, Any], token: str | None
) -> None:
    """A new audience's name is free, as far as it can be looked up already. Raises `Conflict`."""
    wanted = row.audience_request
    if wanted is None or "name" not in wanted:
        return
    if given.get("allow_duplicate_name"):
        row.audience_request = wanted = {**wanted, "allow_duplicate_name": True}
    looks = {"access_token", "ad_account_id", "audience"} & given.keys()
    if looks and token is not None and row.ad_account is not None and row.audience is None:
        await refuse_taken_name(deps, row, token)


def _apply_consent(row: Connection, consent: Mapping[str, Any] | None, caller: Caller) -> None:
    if consent is None:
        row.consent_version = row.consent_accepted_at = row.consent_accepted_by = None
    else:
        consent_text.check_current(consent["version"])
        row.consent_version = consent["version"]
        row.consent_accepted_at, row.consent_accepted_by = clock.now(), caller.id


async def _apply_token(deps: Connections, row: Connection, token: str | None) -> None:
    if token is None:
        row.token = row.token_kind = row.token_last4 = row.token_fingerprint = None
        row.token_expires_at = row.token_data_access_expires_at = row.token_scopes = None
        row.status = "draft"
        return
    info = await verification.verify_token(deps.graph, token)
    put_token(deps.vault, row, token, info)


def put_token(vault: Vault, row: Connection, token: str, info: TokenInfo) -> None:
    """Seal a verified token into the row, with what may be shown of it."""
    row.token = vault.seal(token, owner=_token_owner(row.id))
    row.token_kind, row.token_scopes = info.kind, sorted(info.scopes)
    row.token_last4, row.token_fingerprint = token[-4:], fingerprint(token)
    row.token_expires_at = info.expires_at
    row.token_data_access_expires_at = info.data_access_expires_at
    row.sign_in_problem = None
    if row.status == "reauthentication_required":
        row.status = "draft" if missing(row) else "ready"


async def _apply_account(
    deps: Connections, row: Connection, account_id: str | None, token: str | None
) -> None:
    if account_id is None:
        row.ad_account = None
        return
    if token is None:
        raise Unprocessable(
            "Give an access token first: it decides which ad accounts can be chosen.",
            code="token-missing",
            help_url=help_links.TOKENS,
        )
    account = await verification.verify_account(
        deps.graph, token, account_id, scopes=row.token_scopes or ()
    )
    row.ad_account = {
        "id": account.id,
        "name": account.name,
        "business": None if account.business is None else asdict(account.business),
    }


async def _apply_audience(
    deps: Connections,
    row: Connection,
    choice: Mapping[str, Any] | None,
    token: str | None,
    *,
    account_changed: bool,
) -> None:
    wanted = None if choice is None else {k: v for k, v in choice.items() if v is not None}
    if (
        wanted is not None
        and "name" in wanted
        and wanted == row.audience_request
        and not account_changed
    ):
        # the same request again, perhaps since its answer was lost: it asks for no second audience
        return
    row.audience_creation_started_at = None
    row.audience_request, row.audience = wanted, None
    if choice is None or choice.get("id") is None:
        return
    if token is None or row.ad_account is None:
        raise Unprocessable(
            "Choose an ad account before an existing audience.", code="ad-account-missing"
        )
    audience = await verification.verify_audience(
        deps.graph, token, row.ad_account["id"], choice["id"]
    )
    row.audience = verification.kept_audience(audience)


async def complete(
    deps: Connections, row: Connection, caller: Caller, *, before: str
) -> Connection:
    """Create the audience if that is all that is missing, and settle the status.

    `before`: the status before the change; webhooks are told of a connection that has become ready.
    """
    lacks = missing(row)
    if lacks == ["audience"] and row.audience_request is not None:
        row = await create_audience(deps, row, open_token(deps.vault, row), caller)
        lacks = missing(row)
    wanted = "draft" if lacks else "ready"
    if row.status not in {wanted, "reauthentication_required"}:
        async with deps.database.transaction() as session:
            row = await session.merge(row)
            row.status = wanted
            await session.flush()
            if wanted == "ready":
                await _announce_ready(session, row)
    elif row.status == "ready" and before != "ready":
        # signed in anew: that was written with the token
        async with deps.database.transaction() as session:
            await _announce_ready(session, row)
    return row


async def _announce_ready(session: AsyncSession, row: Connection) -> None:
    data = {
        "connection_id": row.id,
        "ad_account_id": (row.ad_account or {}).get("id"),
        "audience_id": (row.audience or {}).get("id"),
    }
    await announce(session, EventType.CONNECTION_READY, row.id, data)


def _token_owner(connection_id: str) -> str:
    return f"connections/{connection_id}/token"
