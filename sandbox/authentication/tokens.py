"""Who calls, and may they: tokens, appsecret_proof and permissions.

Sources: guides "Access Tokens", "Login Security" and "Handle Errors"
(developers.facebook.com/docs/facebook-login/security, …/docs/graph-api/guides/error-handling).
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

from sandbox.conventions.errors import GRAPH_METHOD, GraphError, invalid_token, permission_denied
from sandbox.entities import Token
from sandbox.state import SandboxState
from sandbox.world import APP_SECRET

PROOF_SECONDS: Final = 300
_REFUSALS: Final = {
    458: "The user has not authorized application.",
    459: "You cannot access the app till you log in to www.facebook.com and follow the "
    "instructions given.",
    460: "The session has been invalidated because the user changed their password or Facebook "
    "has changed the session for security reasons.",
    464: "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "This session is invalid because the user logged out.",
    492: "The user must be an administrator of the page.",
}


def validity_error(token: Token, now: float) -> GraphError | None:
    """Why a known token does not work at this moment (unix seconds), if it does not."""
    if token.refused_with is not None and token.refused_with != 463:
        text = _REFUSALS.get(token.refused_with)
        if text is None:
            return invalid_token("The token has been invalidated.", token.refused_with or None)
        return invalid_token(f"Error validating access token: {text}", token.refused_with)
    if token.refused_with == 463 or (token.expires_at is not None and token.expires_at <= now):
        moment = "%A, %d-%b-%y %H:%M:%S UTC"
        expired = time.strftime(moment, time.gmtime(token.expires_at or now))
        return invalid_token(
            f"Error validating access token: Session has expired on {expired}. "
            f"The current time is {time.strftime(moment, time.gmtime(now))}.",
            463,
        )
    return None


def authenticate(state: SandboxState, token: str | None, params: Mapping[str, Any]) -> Token:
    """The token of a call; raises GraphError 104, 190 or 100 (proof)."""
    if token is None:
        raise GraphError("An access token is required to request this resource.", code=104)
    known = state.world.tokens.get(token)
    if known is None:
        raise invalid_token("Invalid OAuth access token - Cannot parse access token")
    error = validity_error(known, state.clock.now())
    if error is not None:
        raise error
    check_proof(state, token, params)
    return known


def check_proof(state: SandboxState, token: str, params: Mapping[str, Any]) -> None:
    """Verify appsecret_proof in either form; raises GraphError 100."""
    proof, moment = params.get("appsecret_proof"), params.get("appsecret_time")
    if proof is None:
        if state.settings.app_secret_required:
            raise GraphError(
                "API calls from the server require an appsecret_proof argument",
                code=100,
                type_=GRAPH_METHOD,
            )
        return
    message = token if moment is None else f"{token}|{moment}"
    expected = hmac.new(APP_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    fresh = moment is None or (
        str(moment).isdigit() and abs(state.clock.now() - int(moment)) <= PROOF_SECONDS
    )
    if not fresh or not hmac.compare_digest(expected, str(proof)):
        raise GraphError(
            "Invalid appsecret_proof provided in the API argument", code=100, type_=GRAPH_METHOD
        )


def require_scope(token: Token, *, write: bool) -> None:
    """Ad accounts and audiences need ads_management; reading them is also open to ads_read."""
    if "ads_management" in token.scopes or (not write and "ads_read" in token.scopes):
        return
    if write:
        raise GraphError(
            "(#294) Managing advertisements requires an access token with the extended permission "
            "ads_management",
            code=294,
        )
    raise permission_denied("Ad account owner has NOT grant ads_management or ads_read permission")
