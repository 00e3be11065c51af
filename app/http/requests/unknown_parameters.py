"""Query parameters that an operation does not know are refused: one mechanism for every operation.

A filter with a wrong name would be no filter, and its list would hold everything.
"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.errors import Unprocessable

_ANY_QUERY = "takes_any_query"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class UnknownParameter(Unprocessable):
    """The query has a parameter that this operation does not know."""

    code = "unknown-parameter"


def takes_any_query(endpoint: Endpoint) -> Endpoint:
    """For addresses that others send browsers to: what they add to the query is theirs."""
    setattr(endpoint, _ANY_QUERY, True)
    return endpoint


async def known_parameters(request: Request) -> None:
    """A dependency of every route. Raises `UnknownParameter`, which names the nearest."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    if not request.query_params or getattr(route.endpoint, _ANY_QUERY, False):
        return
    known = _names(route)
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is None:
        return
    near = get_close_matches(unknown, known, 1, cutoff=0.5)
    # what was sent is not repeated: a value may stand where a name should
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        hint = "it knows " + ", ".join(sorted(known)) + "."
    else:
        hint = "it takes none."
    raise UnknownParameter(
        f"This operation does not know a parameter of the query: {hint}",
        errors=[
            {
                "pointer": None,
                "parameter": near[0] if near else None,
                "code": UnknownParameter.code,
                "detail": f"This operation does not know a parameter of the query: {hint}",
            }
        ],
    )


async def no_null(request: Request) -> None:
    """A dependency of every route: a body that may be left out is left out, not null.

    Raises `Unprocessable`.
    """
    route = request.scope.get("route")
    field = route.body_field if isinstance(route, APIRoute) else None
    if field is None or field.field_info.is_required():
        return
    if (await request.body()).strip() == b"null":
        detail = "must be a JSON object, or left out"
        raise Unprocessable(
            "The body is null; leave it out, or send an object.",
            errors=[
                {"pointer": "", "parameter": None, "code": "validation-failed", "detail": detail}
            ],
        )


def _names(route: APIRoute) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_of(route.dependant)))


def _of(dependant: Dependant) -> list[str]:
    own = [field.alias for field in dependant.query_params]
    return own + [name for inner in dependant.dependencies for name in _of(inner)]
