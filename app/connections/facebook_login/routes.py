"""`POST /v1/connections/{id}/authorize` and the address Facebook sends the browser back to."""

import html
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Form, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from app.access.dependencies import AdministratorDep, by_credential, identify
from app.connections.facebook_login import flow
from app.connections.routes import ConnectionId, ConnectionsDep, WarnWithinDep
from app.connections.schemas import Connection
from app.connections.views import shown_connection
from app.errors import AppError
from app.http.dependencies import request_id
from app.http.requests.unknown_parameters import takes_any_query
from app.http.schemas import Output, Timestamp
from app.ids import is_id

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
    way = await flow.begin(
        deps,
        connection_id,
        caller=caller,
        redirect_uri=_redirect_uri(request),
        config_id=settings.facebook_config_id or None,
    )
    response.set_cookie(
        _COOKIE,
        # the console's people come back into the console, at this connection
        way.browser if caller.session_id is None else f"{way.browser}.{connection_id}",
        max_age=int(flow.GOOD_FOR.total_seconds()),
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
@takes_any_query
async def finish_facebook_sign_in(
    request: Request,
    deps: ConnectionsDep,
    warn_within: WarnWithinDep,
    state: Annotated[str | None, Query(max_length=500)] = None,
    code: Annotated[str | None, Query(max_length=4000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
    browser: Annotated[str | None, Cookie(alias=_COOKIE, max_length=200)] = None,
) -> Response | Connection:
    """Where Facebook sends the person back: to the front end if one is configured, else a small page.

    The browser must have the cookie of `authorize`, or the request the credential it was begun with. A
    browser with neither is asked for it; a front end gets `outcome=sign-in-unbound` with `state` and
    `code`, and finishes by POST with its caller's credential.
    """
    browser, _, console_for = (browser or "").partition(".")
    came = flow.Return(state, code, error, browser or None, request_id(request))
    frontend_url = _front_end(request, console_for)
    try:
        caller = await identify(request) if "Authorization" in request.headers else None
        row = await flow.finish(deps, came, caller=caller, redirect_uri=_redirect_uri(request))
    except AppError as refused:
        unbound = isinstance(refused, flow.SignInUnbound)
        returned = {"state": state or "", "code": code or ""} if unbound else {}
        if frontend_url:
            return _back(frontend_url, {"outcome": refused.code, **returned})
        if not _wants_page(request):
            raise
        return _question(refused, returned) if unbound else _refusal(refused)
    if frontend_url:
        return _back(frontend_url, {"outcome": "connected", "connection_id": row.id})
    if caller is None or _wants_page(request):
        return _connected(row.display_name)
    return await shown_connection(deps.database, row, warn_within=warn_within)


@router.post(
    "/oauth/facebook/callback",
    operation_id="confirm_facebook_sign_in",
    response_model=Connection,
    responses={
        200: {
            "description": "The connection, or a small page for a browser",
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
    },
)
async def confirm_facebook_sign_in(
    request: Request,
    deps: ConnectionsDep,
    warn_within: WarnWithinDep,
    state: Annotated[str, Form(max_length=500)],
    code: Annotated[str, Form(max_length=4000)],
    key: Annotated[
        str | None,
        Form(max_length=8000, description="the API key it was begun with, instead of a header"),
    ] = None,
) -> Response | Connection:
    """Finish a sign-in that came back to another browser, with the credential it was begun with."""
    came = flow.Return(state, code, None, None, request_id(request))
    try:
        caller = await by_credential(request, f"Bearer {key}") if key else await identify(request)
        row = await flow.finish(deps, came, caller=caller, redirect_uri=_redirect_uri(request))
    except AppError as refused:
        if _wants_page(request):
            return _refusal(refused)
        raise
    if _wants_page(request):
        return _connected(row.display_name)
    return await shown_connection(deps.database, row, warn_within=warn_within)


def _front_end(request: Request, console_for: str) -> str:
    """Where people go on: the console, if they began there, at the connection they began with."""
    settings = request.app.state.settings
    if settings.console and is_id("con", console_for):
        return f"{settings.public_url}/#/connections/{console_for}/setup"
    frontend_url: str = settings.frontend_url
    return frontend_url


def _redirect_uri(request: Request) -> str:
    public_url: str = request.app.state.settings.public_url
    return public_url + CALLBACK


def _wants_page(request: Request) -> bool:
    return "text/html" in ",".join(request.headers.getlist("Accept"))


def _back(address: str, outcome: dict[str, str]) -> Response:
    mark = "&" if "?" in address else "?"
    return _forget(RedirectResponse(address + mark + urlencode(outcome), status.HTTP_303_SEE_OTHER))


def _connected(name: str) -> Response:
    return _page("Connected", f"{name} is signed in. You can close this window.", 200)


def _refusal(refused: AppError) -> Response:
    return _page("Not connected", refused.detail, refused.status)


def _question(refused: AppError, returned: dict[str, str]) -> Response:
    """Ask for the credential; a browser that is signed in to the console brings it by itself."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in returned.items()
    )
    form = (
        f'<form method="post" action="{CALLBACK}">{hidden}'
        "<p><label>API key (not needed where you are signed in to the console)<br>"
        '<input type="password" name="key" autocomplete="off"></label></p>'
        "<p><button>Finish</button></p></form>"
    )
    return _page("Not connected yet", refused.detail, refused.status, form)


def _page(title: str, sentence: str, status_code: int, form: str = "") -> Response:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p>{form}</html>"
    )
    policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
    page = HTMLResponse(body, status_code, {"Content-Security-Policy": policy})
    return page if form else _forget(page)


def _forget(response: Response) -> Response:
    """The cookie has done its work."""
    response.delete_cookie(_COOKIE, path=CALLBACK, httponly=True, samesite="lax")
    return response
