"""`POST /v1/connections/{id}/authorize` and the address Facebook sends the browser back to."""

import html
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from app.access.callers import Caller
from app.access.dependencies import AdministratorDep, identify
from app.connections import sign_in
from app.connections.routes import ConnectionId, ConnectionsDep, WarnWithinDep
from app.connections.schemas import Connection
from app.connections.views import connection_view
from app.errors import AppError
from app.http.dependencies import request_id
from app.http.schemas import Output, Timestamp

router = APIRouter(prefix="/v1", tags=["connections"])

CALLBACK = "/v1/oauth/facebook/callback"
_COOKIE = "audience_export_sign_in"


class Authorization(Output):
    """Where to send the person's browser."""

    authorization_url: str = Field(description="Facebook's dialog; open it in the person's browser")
    expires_at: Timestamp


@router.post("/connections/{connection_id}/authorize", operation_id="authorize_connection")
async def authorize_connection(
    connection_id: ConnectionId,
    request: Request,
    response: Response,
    deps: ConnectionsDep,
    caller: AdministratorDep,
) -> Authorization:
    """Begin “Continue with Facebook” for a connection; its exports and settings stay as they are."""
    settings = request.app.state.settings
    way = await sign_in.begin(
        deps,
        connection_id,
        caller=caller,
        redirect_uri=settings.public_url + CALLBACK,
        config_id=settings.facebook_config_id or None,
    )
    response.set_cookie(
        _COOKIE,
        way.browser,
        max_age=int(sign_in.GOOD_FOR.total_seconds()),
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=settings.public_url.startswith("https://"),
    )
    return Authorization(authorization_url=way.authorization_url, expires_at=way.expires_at)


@router.get(
    "/oauth/facebook/callback",
    operation_id="finish_facebook_sign_in",
    response_model=Connection,
    responses={
        200: {
            "description": "The connection for whoever sends a key, a small page for a browser",
            "content": {"text/html": {"schema": {"type": "string"}}},
        },
        303: {"description": "Back to FRONTEND_URL, with `outcome` and `connection_id`"},
    },
)
async def finish_facebook_sign_in(
    request: Request,
    deps: ConnectionsDep,
    warn_within: WarnWithinDep,
    state: Annotated[str | None, Query(max_length=500)] = None,
    code: Annotated[str | None, Query(max_length=4000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
    browser: Annotated[str | None, Cookie(alias=_COOKIE, max_length=200)] = None,
) -> Response | Connection:
    """Where Facebook sends the person back: to the front end if one is configured, else a small page."""
    came = sign_in.Return(state, code, error, browser, request_id(request))
    settings = request.app.state.settings
    try:
        caller = await _caller(request)
        row = await sign_in.finish(
            deps, came, caller=caller, redirect_uri=settings.public_url + CALLBACK
        )
    except AppError as refused:
        if settings.frontend_url:
            return _back(settings.frontend_url, {"outcome": refused.code})
        if _wants_page(request):
            return _page("Not connected", refused.detail, refused.status)
        raise
    if settings.frontend_url:
        return _back(settings.frontend_url, {"outcome": "connected", "connection_id": row.id})
    if caller is None or _wants_page(request):
        return _page(
            "Connected", f"{row.display_name} is signed in. You can close this window.", 200
        )
    return connection_view(row, warn_within=warn_within)


async def _caller(request: Request) -> Caller | None:
    """A browser brings no key; a program that does must be the one that began."""
    return await identify(request) if "Authorization" in request.headers else None


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _back(address: str, outcome: dict[str, str]) -> Response:
    mark = "&" if "?" in address else "?"
    return _forget(RedirectResponse(address + mark + urlencode(outcome), status.HTTP_303_SEE_OTHER))


def _page(title: str, sentence: str, status_code: int) -> Response:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p></html>"
    )
    return _forget(HTMLResponse(body, status_code))


def _forget(response: Response) -> Response:
    """The cookie has done its work."""
    response.delete_cookie(_COOKIE, path=CALLBACK, httponly=True, samesite="lax")
    return response
