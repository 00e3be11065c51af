"""Answers that are given before there is a request: to heads and connections that are refused."""

from app.codes import CODES
from app.http.encoding import encode
from app.http.problem_document import MEDIA_TYPE

_REFUSALS: dict[str, tuple[int, str, str]] = {
    "bad-request": (400, "Bad Request", "What was sent is no HTTP request."),
    "header-too-large": (
        431,
        "Request Header Fields Too Large",
        "The request line and the headers take more bytes than are read here; send fewer.",
    ),
    "header-timeout": (408, "Request Timeout", "The head of the request took too long."),
    "body-timeout": (
        408,
        "Request Timeout",
        "The body stopped coming and was given up; nothing was changed. Send it again.",
    ),
    "too-many-connections": (
        503,
        "Service Unavailable",
        "There are too many connections, from this address or in all; close some, and try again shortly.",
    ),
}


def raw_problem(code: str) -> bytes:
    """A whole HTTP/1.1 answer with a problem document; the connection is closed after it."""
    status, title, detail = _REFUSALS[code]
    body = encode(
        {
            "type": f"/problems/{code}",
            "title": CODES[code].title,
            "status": status,
            "detail": detail,
            "instance": "/",
            "code": code,
            "culprit": "system" if status == 503 else "user",
            "request_id": None,
        }
    )
    head = [
        f"HTTP/1.1 {status} {title}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "connection: close",
        *(["retry-after: 5"] if status == 503 else []),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
