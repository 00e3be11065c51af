"""Codes and tokens: `/oauth/access_token` and `/debug_token`.

Sources: guides "Manually Build a Login Flow" and "Facebook Login for Business", reference
"Debug Token" (developers.facebook.com/docs). Codes work once and only with the same redirect_uri.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final, Literal

from sandbox.authentication.tokens import validity_error
from sandbox.context import Context
from sandbox.conventions.errors import GraphError, invalid_parameter, invalid_token
from sandbox.entities import Token
from sandbox.world import (
    APP_ID,
    APP_NAME,
    APP_SECRET,
    APP_TOKEN,
    BUSINESS_ID,
    SYSTEM_USER_ID,
    USER_ID,
)

_CODE_EXPIRED: Final = 36007
_CODE_REDIRECT: Final = 36008
_CODE_USED: Final = 36009
_DATA_ACCESS_SECONDS: Final = 90 * 86_400


@dataclass(slots=True, kw_only=True)
class Code:
    """What a person agreed to in the dialog, until it is exchanged."""

    redirect_uri: str
    scopes: list[str]
    declined: list[str]
    kind: Literal["user", "system_user"]
    expires_at: float
    used: bool = False


def access_token(ctx: Context) -> dict[str, Any]:
    """GET or POST /oauth/access_token: a code, or a short-lived token, for a token."""
    params = ctx.call.params
    if params.get("client_id") != APP_ID:
        raise GraphError(
            "Error validating application. Cannot get application info due to a system error.",
            code=101,
        )
    if params.get("client_secret") != APP_SECRET:
        raise GraphError("Error validating client secret.", code=1)
    grant = params.get("grant_type")
    if grant == "fb_exchange_token":
        return _exchange_token(ctx)
    if grant not in (None, "authorization_code"):
        raise invalid_parameter(f"Unsupported grant_type: {grant}")
    return _exchange_code(ctx)


def _exchange_code(ctx: Context) -> dict[str, Any]:
    code: Code | None = ctx.state.world.codes.get(str(ctx.call.params.get("code")))
    if code is None:
        raise GraphError("Invalid verification code format.", code=100)
    if code.used:
        raise _code_error("This authorization code has been used.", _CODE_USED)
    if code.redirect_uri != ctx.call.params.get("redirect_uri"):
        raise _code_error(
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            _CODE_REDIRECT,
        )
    if code.expires_at <= ctx.now:
        raise _code_error("This authorization code has expired.", _CODE_EXPIRED)
    code.used = True
    system_user = code.kind == "system_user"
    seconds = None if system_user else ctx.state.settings.short_lived_seconds
    return _issue(ctx, code.kind, list(code.scopes), list(code.declined), seconds)


def _exchange_token(ctx: Context) -> dict[str, Any]:
    known = ctx.state.world.tokens.get(str(ctx.call.params.get("fb_exchange_token")))
    if known is None:
        raise invalid_token("Invalid OAuth access token - Cannot parse access token")
    error = validity_error(known, ctx.now)
    if error is not None:
        raise error
    seconds = ctx.state.settings.long_lived_seconds if known.kind == "user" else None
    return _issue(ctx, known.kind, list(known.scopes), list(known.declined), seconds)


def _issue(
    ctx: Context,
    kind: Literal["user", "system_user"],
    scopes: list[str],
    declined: list[str],
    seconds: float | None,
) -> dict[str, Any]:
    system_user = kind == "system_user"
    token = Token(
        token=f"SBX{secrets.token_urlsafe(48)}",
        kind=kind,
        user_id=SYSTEM_USER_ID if system_user else USER_ID,
        user_name="Export Robot" if system_user else "Sandy Box",
        scopes=scopes,
        declined=declined,
        issued_at=ctx.now,
        expires_at=None if seconds is None else ctx.now + seconds,
        data_access_expires_at=None if system_user else ctx.now + _DATA_ACCESS_SECONDS,
        long_lived=seconds != ctx.state.settings.short_lived_seconds,
        client_business_id=BUSINESS_ID if system_user else None,
    )
    ctx.state.world.tokens[token.token] = token
    answer: dict[str, Any] = {"access_token": token.token, "token_type": "bearer"}
    if seconds is not None:
        answer["expires_in"] = int(seconds)
    return answer


def debug_token(ctx: Context) -> dict[str, Any]:
    """GET /debug_token with an app token, or a valid token of the app's own people."""
    world, call = ctx.state.world, ctx.call
    caller = world.tokens.get(call.token or "")
    if call.token != APP_TOKEN and (caller is None or validity_error(caller, ctx.now) is not None):
        raise invalid_token("Invalid OAuth access token signature.")
    known = world.tokens.get(str(call.params.get("input_token")))
    if known is None:
        error = {"code": 190, "message": "Invalid OAuth access token."}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    refusal = validity_error(known, ctx.now)
    data: dict[str, Any] = {
        "app_id": APP_ID,
        "type": "SYSTEM_USER" if known.kind == "system_user" else "USER",
        "application": APP_NAME,
        "data_access_expires_at": int(known.data_access_expires_at or 0),
        "expires_at": int(known.expires_at or 0),
        "is_valid": refusal is None,
        "issued_at": int(known.issued_at),
        "scopes": known.scopes,
        "granular_scopes": [{"scope": scope} for scope in known.scopes],
        "user_id": known.user_id,
    }
    if refusal is not None:
        data["error"] = {
            "code": refusal.code,
            "message": refusal.message,
            "subcode": refusal.subcode,
        }
    return {"data": data}


def _code_error(text: str, subcode: int) -> GraphError:
    return GraphError(text, code=100, subcode=subcode)
