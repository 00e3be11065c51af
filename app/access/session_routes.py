"""`/v1/sign-in` and `/v1/session`: how to sign in, and the session of a browser that has."""

from contextlib import suppress
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import Field, StringConstraints, model_validator

from app.access.browser_sessions.cookies import forget_session, put_session, session_token
from app.access.browser_sessions.oidc_sign_in import GOOD_FOR, OidcSignIn
from app.access.browser_sessions.same_origin import check_same_origin
from app.access.browser_sessions.sessions import Sessions, SignedIn
from app.access.callers import Caller, Role
from app.access.dependencies import ViewerDep, by_credential, counting_failures
from app.errors import AppError, Forbidden, NotFound, Unauthenticated
from app.http.dependencies import RequestIdDep, request_id
from app.http.requests.unknown_parameters import takes_any_query
from app.http.schemas import Input, Output, Timestamp

router = APIRouter(prefix="/v1", tags=["access"])

_WAITING = "audience_export_oidc"
_OIDC = "/v1/sign-in/oidc"

Secret = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class SessionCreate(Input):
    """What somebody signs in with: a key, or the ticket of a sign-in link."""

    key: Secret | None = Field(None, description="an API key; sent once and not kept")
    ticket: Secret | None = Field(None, description="of a sign-in link; good once")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.key is None) == (self.ticket is None):
            msg = "send either key or ticket"
            raise ValueError(msg)
        return self


class Session(Output):
    """Who is signed in, and until when."""

    id: str | None = Field(description="null for a caller that sends a key with each request")
    caller: str = Field(description="the same as `id` of /v1/me")
    role: Role
    display_name: str
    method: Literal["key", "bootstrap", "oidc"] | None
    created_at: Timestamp | None
    ends_at: Timestamp | None = Field(description="unless it is used before")
    expires_at: Timestamp | None = Field(description="even if it is used")


class Features(Output):
    """What this deployment has."""

    facebook_sign_in: bool = Field(description="“Continue with Facebook” is configured")
    console: bool
    graph_api_version: str


class SignIn(Output):
    """How to sign in here, and whether this browser has."""

    methods: list[Literal["key", "oidc"]]
    oidc_url: str | None = Field(description="where signing in at the identity provider begins")
    features: Features
    session: Session | None = Field(description="of this browser, if it is signed in")


class SignInLink(Output):
    """A link that signs its caller in, once."""

    url: str = Field(description="the ticket stands behind #, so it reaches no server's log")
    expires_at: Timestamp


@router.get("/sign-in", operation_id="get_sign_in")
async def get_sign_in(request: Request) -> SignIn:
    """How to sign in, readable by anybody; and who this browser is signed in as."""
    settings = request.app.state.settings
    oidc = _oidc(request)
    return SignIn(
        methods=["key"] if oidc is None else ["key", "oidc"],
        oidc_url=None if oidc is None else _OIDC,
        features=Features(
            facebook_sign_in=bool(settings.facebook_app_id),
            console=settings.console,
            graph_api_version=settings.graph_api_version,
        ),
        session=await _present(request),
    )


# no Idempotency-Key here: an answer that is stored would be a stored cookie
@router.post("/session", operation_id="create_session", status_code=status.HTTP_201_CREATED)
async def create_session(
    request: Request, response: Response, body: SessionCreate | None = None
) -> Session:
    """Sign a browser in, by a key (in the body or the Authorization header) or a sign-in link's ticket.

    The answer sets an HttpOnly cookie that counts wherever no Authorization header is sent.
    """
    settings = request.app.state.settings
    check_same_origin(request.headers, public_url=settings.public_url, cookie_is_used=False)
    sessions: Sessions = request.app.state.sessions
    if body is not None and body.ticket is not None:
        async with counting_failures(request):
            caller = await sessions.redeem(body.ticket, request_id=request_id(request))
    elif body is not None:
        caller = await by_credential(request, f"Bearer {body.key}")
    else:
        caller = await by_credential(request, request.headers.get("Authorization"))
    return await _begin(request, response, caller)


@router.get("/session", operation_id="get_session")
async def get_session(request: Request, caller: ViewerDep) -> Session:
    """Who is signed in."""
    found = await _present(request) if caller.session_id else None
    return found or _keyless(caller)


@router.delete("/session", operation_id="delete_session", status_code=status.HTTP_204_NO_CONTENT)
async def delete_session(request: Request, caller: ViewerDep) -> Response:
    """Sign out: the cookie is worth nothing any more, wherever it was copied to."""
    response = Response(status_code=status.HTTP_204_NO_CONTENT)
    if caller.session_id is not None:
        await request.app.state.sessions.end(caller)
        forget_session(request, response)
    return response


@router.post(
    "/session/links", operation_id="create_sign_in_link", status_code=status.HTTP_201_CREATED
)
async def create_sign_in_link(request: Request, caller: ViewerDep) -> SignInLink:
    """A link that signs its caller in to the console, once and within an hour; asked for with a key."""
    if caller.session_id is not None:
        # or a stolen cookie would outlive its session
        raise Forbidden("A session cannot make sign-in links; send the key.", code="needs-key")
    ticket, until = await request.app.state.sessions.make_link(caller)
    return SignInLink(
        url=link_address(request.app.state.settings.public_url, ticket), expires_at=until
    )


@router.get(
    "/sign-in/oidc",
    operation_id="begin_oidc_sign_in",
    response_class=Response,
    status_code=status.HTTP_303_SEE_OTHER,
    responses={303: {"description": "To the identity provider"}},
)
async def begin_oidc_sign_in(request: Request) -> Response:
    """Send the browser to the identity provider (authorization code with PKCE)."""
    oidc = _configured(request)
    address, kept = await oidc.begin(_redirect_uri(request))
    response = RedirectResponse(address, status.HTTP_303_SEE_OTHER)
    # lax: it must come along when the identity provider sends the browser back
    response.set_cookie(
        _WAITING,
        kept,
        max_age=int(GOOD_FOR.total_seconds()),
        path=_OIDC,
        httponly=True,
        samesite="lax",
        secure=request.app.state.settings.public_url.startswith("https://"),
    )
    return response


@router.get(
    "/sign-in/oidc/callback",
    operation_id="finish_oidc_sign_in",
    response_class=Response,
    status_code=status.HTTP_303_SEE_OTHER,
    responses={303: {"description": "To the console, signed in or with `problem`"}},
)
@takes_any_query
async def finish_oidc_sign_in(
    request: Request,
    name: RequestIdDep,
    code: Annotated[str | None, Query(max_length=4000)] = None,
    state: Annotated[str | None, Query(max_length=500)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Where the identity provider sends the browser back; the session begins here."""
    oidc = _configured(request)
    response = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    response.delete_cookie(_WAITING, path=_OIDC, httponly=True, samesite="lax")
    try:
        async with counting_failures(request):
            caller = await oidc.finish(
                code=None if error else code,
                state=state,
                kept=request.cookies.get(_WAITING),
                redirect_uri=_redirect_uri(request),
                request_id=name,
            )
    except AppError as refused:
        response.headers["Location"] = "/#/sign-in?" + urlencode({"problem": refused.code})
        return response
    await _begin(request, response, caller)
    return response


def link_address(public_url: str, ticket: str) -> str:
    """The console's address that signs in with the ticket."""
    return f"{public_url}/#/sign-in/{ticket}"


async def _begin(request: Request, response: Response, caller: Caller) -> Session:
    sessions: Sessions = request.app.state.sessions
    before = session_token(request)
    if before is not None:
        # who signs in anew leaves nothing behind
        with suppress(Unauthenticated):
            await sessions.end((await sessions.find(before, request_id=None)).caller)
    found, token = await sessions.begin(caller)
    put_session(request, response, token)
    return _view(found)


async def _present(request: Request) -> Session | None:
    token = session_token(request)
    if token is None:
        return None
    try:
        found = await request.app.state.sessions.find(token, request_id=request_id(request))
    except Unauthenticated:
        return None
    return _view(found)


def _view(found: SignedIn) -> Session:
    return Session(
        id=found.id,
        caller=found.caller.id,
        role=found.caller.role,
        display_name=found.caller.display_name,
        method=found.method,
        created_at=found.created_at,
        ends_at=found.ends_at,
        expires_at=found.expires_at,
    )


def _keyless(caller: Caller) -> Session:
    return Session(
        id=None,
        caller=caller.id,
        role=caller.role,
        display_name=caller.display_name,
        method=None,
        created_at=None,
        ends_at=None,
        expires_at=None,
    )


def _oidc(request: Request) -> OidcSignIn | None:
    found: OidcSignIn | None = request.app.state.oidc_sign_in
    return found


def _configured(request: Request) -> OidcSignIn:
    found = _oidc(request)
    if found is None:
        raise NotFound("No identity provider is configured for signing in (OIDC_CLIENT_ID).")
    return found


def _redirect_uri(request: Request) -> str:
    return f"{request.app.state.settings.public_url}{_OIDC}/callback"
