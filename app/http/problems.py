"""Any exception → `application/problem+json` (RFC 9457), one shape for every answer that is no success.

A body never repeats a submitted value: a wrong one may be an e-mail or a token.
"""

import math
import re
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.types import Scope

from app.codes import CODES
from app.db.session import is_unreachable
from app.errors import (
    AppError,
    Conflict,
    Culprit,
    Unavailable,
    Unprocessable,
    VersionMismatch,
)
from app.http.encoding import encode
from app.http.nearest_field import no_such_field
from app.http.problem_document import MEDIA_TYPE
from app.http.refused_field import named_field, refused_field
from app.observability.logs import get_logger, where

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
# ids of the kind that we give out, and words with few digits: no address, number, hash or token is one
_PLAIN_PART = re.compile(r"[a-z]{2,8}_[0-9A-Za-z]{0,40}|(?!.*[0-9]{5})[a-z0-9_.~-]{0,40}")
_SHORTLY_SECONDS = 5
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")

log = get_logger(__name__)

# Postgres: character not in repertoire, untranslatable character; foreign key violation
_UNSTORABLE = frozenset({"22021", "22P05"})
_STILL_REFERRED_TO = "23503"


def problem_response(
    request: Request, error: AppError, *, headers: dict[str, str] | None = None
) -> Response:
    """The answer for an error of the catalogue."""
    if error.status in {429, 503}:
        headers = {"Retry-After": str(_seconds_to_wait(error)), **(headers or {})}
    if error.status == 401:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    # for the line that the log has of this request
    request.scope.setdefault("state", {})["problem"] = {
        "code": error.code,
        "culprit": error.culprit,
    }
    body = {
        "type": f"/problems/{error.code}",
        "title": CODES[error.code].title if error.code in CODES else "Error",
        "status": error.status,
        "detail": error.detail,
        "instance": shown_path(request.scope),
        "code": error.code,
        "culprit": error.culprit,
        "request_id": getattr(request.state, "request_id", None),
        "help_url": error.help_url,
        **error.members,
    }
    return Response(encode(body), status_code=error.status, headers=headers, media_type=MEDIA_TYPE)


def _seconds_to_wait(error: AppError) -> int:
    """As the error says, where it does: Meta's pauses say it beside their members."""
    said = error.members.get("retry_after") or getattr(error, "retry_after", None)
    return math.ceil(said or _SHORTLY_SECONDS)


def shown_path(scope: Scope) -> str:
    """The path that was called; a part of it that may be a value is named as its route names it."""
    parts = str(scope["path"]).split("/")
    named = str(getattr(scope.get("route"), "path", "")).split("/")
    return "/".join(
        part if _PLAIN_PART.fullmatch(part) else named[place] if len(named) == len(parts) else "*"
        for place, part in enumerate(parts)
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every way to fail end in a problem document."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(StaleDataError, _on_stale_row)
    app.add_exception_handler(DBAPIError, _on_database_error)


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    # what is asked again and again until it is well is no news
    if error.status >= 500 and error.code != "no-worker-yet":
        log.warning("request.failed", code=error.code, detail=error.detail)
    if 400 <= error.status < 500 and "errors" not in error.members:
        # the body was read by the route, if by anybody
        pointer = refused_field(error, getattr(request, "_json", None))
        if pointer is not None:
            error.members["errors"] = [
                {
                    "pointer": pointer,
                    "parameter": None,
                    "code": error.code,
                    "detail": error.detail,
                }
            ]
    return problem_response(request, error)


async def _on_stale_row(request: Request, _: Exception) -> Response:
    return problem_response(request, VersionMismatch())


async def _on_database_error(request: Request, error: Exception) -> Response:
    if is_unreachable(error):
        return problem_response(
            request,
            Unavailable(
                "The database cannot be reached; try again shortly.", code="database-unavailable"
            ),
        )
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in _UNSTORABLE:
        return problem_response(
            request,
            Unprocessable("A text holds a character that cannot be stored, such as NUL."),
        )
    if state == _STILL_REFERRED_TO:
        # what was looked up a moment ago is gone, or what is to go is used since a moment ago
        return problem_response(
            request,
            Conflict("Something this refers to was changed meanwhile; read it again and repeat."),
        )
    return unexpected(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [invalid_field(item, _body_of(request)) for item in error.errors()]
    for name in getattr(request.state, "read_only", []):
        for item in fields:
            if item["pointer"] == f"/{name}" and item["code"] == "extra_forbidden":
                item["code"] = "read_only"
                item["detail"] = (
                    "cannot be changed, and is not what it was when it was read; leave it out"
                )
    unreadable = any(item["code"] in {"json_invalid", "unicode"} for item in fields)
    status, code = (400, "bad-request") if unreadable else (422, "validation-failed")
    kind: type[AppError] = type(
        "InvalidRequest", (AppError,), {"status": status, "culprit": Culprit.USER}
    )
    detail = (
        "The body is not valid JSON." if unreadable else "Some values cannot be used; see `errors`."
    )
    return problem_response(request, kind(detail, code=code, errors=fields))


def _body_of(request: Request) -> Any:
    """The type of the body that the route takes."""
    field = getattr(request.scope.get("route"), "body_field", None)
    return None if field is None else field.field_info.annotation


def invalid_field(item: dict[str, Any], body_type: Any = None) -> dict[str, str | None]:
    """Pydantic's error without the input it complains of."""
    where, *path = item["loc"]
    body = where == "body"
    detail = (
        no_such_field(body_type, path)
        if body and path and item["type"] == "extra_forbidden"
        else _without_input(item)
    )
    pointer = "".join(f"/{_field(part)}" for part in path)
    if item["type"] == "value_error" and not path:
        # a rule of several fields names the one to look at first
        pointer = named_field(detail, getattr(body_type, "model_fields", {})) or ""
    return {
        "pointer": pointer if body else None,
        "parameter": None if body else str(path[0] if path else where),
        "code": item["type"],
        "detail": detail,
    }


def _field(part: object) -> str:
    """A field's name or an item's number; what cannot be a name may be a value in the wrong place."""
    return str(part) if isinstance(part, int) or _NAME.fullmatch(str(part)) else "*"


def _without_input(item: dict[str, Any]) -> str:
    # messages of our own validators are written without the value; pydantic's own name only the rule,
    # save for these, which quote what was sent
    quoting = {
        "json_invalid",
        "url_parsing",
        "date_from_datetime_parsing",
        "datetime_from_date_parsing",
    }
    if item["type"] in quoting:
        return "not readable"
    if item["type"] == "model_attributes_type":
        return "must be a JSON object, sent with Content-Type: application/json"
    return str(item["msg"]).removeprefix("Value error, ")


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed", 413: "content-too-large"}
    kind: type[AppError] = type(
        "HttpProblem", (AppError,), {"status": error.status_code, "culprit": Culprit.USER}
    )
    detail = {
        404: "There is nothing under this address.",
        405: "This address does not answer to that method.",
    }.get(error.status_code, str(error.detail))
    code = codes.get(
        error.status_code, "bad-request" if error.status_code < 500 else "internal-error"
    )
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    return problem_response(request, kind(detail, code=code), headers=headers)


def _methods(request: Request) -> list[str]:
    """What the address answers to: the router names only those of the first route that it met.

    An address of its own, such as `/v1/exports/runs`, is no export's, though it has the form of one.
    """
    found = _own_methods(request.app.router.routes, request.scope["path"])
    for route in () if found else request.app.router.routes:
        if isinstance(route, Mount):
            # files; the scope is the mount's by now, save for its path
            found |= {"GET"} if request.scope["path"].startswith(f"{route.path}/") else set()
            continue
        for method in _METHODS:
            asked = {**request.scope, "method": method}
            if route.matches(asked)[0] is Match.FULL:
                found.add(method)
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _own_methods(routes: Iterable[Any], path: str) -> set[str]:
    """Of the routes that have just this path, with nothing to fill in."""
    found = set[str]()
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found |= _own_methods(inner.routes, path)
        elif getattr(route, "path", None) == path:
            found |= set(getattr(route, "methods", None) or ())
    return found


def unexpected(request: Request, error: BaseException) -> Response:
    """The answer for what nobody foresaw; the log gets its class and place."""
    # the class only: an exception's text may hold a value of the request
    log.error("request.crashed", error=type(error).__name__, where=where(error))
    detail = "Something went wrong on our side; the log has it under this request id."
    return problem_response(request, AppError(detail))
