"""The session's cookie: out of reach for scripts and other sites, and for plain http where there is https."""

from fastapi import Request, Response

from app.access.browser_sessions.sessions import LONGEST

_PLAIN = "audience_export_session"
# browsers take this name only with Secure, Path=/ and no Domain: nobody else can plant it
_HOST_ONLY = f"__Host-{_PLAIN}"


def session_token(request: Request) -> str | None:
    """The token that the browser brought along, if any."""
    token = request.cookies.get(_name(request))
    return token if token and len(token) <= 200 else None


def put_session(request: Request, response: Response, token: str) -> None:
    """Have the browser keep the token."""
    response.set_cookie(
        _name(request),
        token,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )


def forget_session(request: Request, response: Response) -> None:
    """Have the browser forget the token."""
    response.delete_cookie(
        _name(request), path="/", httponly=True, samesite="strict", secure=_is_https(request)
    )


def cookie_name(public_url: str) -> str:
    """What the cookie is called where the service is known under this address."""
    # a proxy may end TLS, so it is the public address that counts
    return _HOST_ONLY if public_url.startswith("https://") else _PLAIN


def _name(request: Request) -> str:
    return cookie_name(request.app.state.settings.public_url)


def _is_https(request: Request) -> bool:
    return _name(request) == _HOST_ONLY
