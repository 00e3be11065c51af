"""Query parameters that an operation does not know, or that stand twice where once is meant, are refused.

A filter with a wrong name would be no filter, and its list would hold everything; of two values one would be
dropped unseen.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo

from app.errors import Unprocessable

_ANY_QUERY = "takes_any_query"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class UnknownParameter(Unprocessable):
    """The query has a parameter that this operation does not know."""

    code = "unknown-parameter"


class RepeatedParameter(Unprocessable):
    """A parameter of the query stands twice that may stand once."""

    code = "repeated-parameter"


def takes_any_query(endpoint: Endpoint) -> Endpoint:
    """For addresses that others send browsers to: what they add to the query is theirs."""
    setattr(endpoint, _ANY_QUERY, True)
    return endpoint


async def known_parameters(request: Request) -> None:
    """A dependency of every route.

    Raises `UnknownParameter`, which names the nearest, and `RepeatedParameter`.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    if not request.query_params:
        return
    fields = dict(_of(route.dependant))
    if not getattr(route.endpoint, _ANY_QUERY, False):
        _refuse_unknown(request, tuple(fields))
    for name, field in fields.items():
        if len(request.query_params.getlist(name)) > 1 and not _takes_several(field):
            detail = f"{name} stands more than once; send it once."
            raise RepeatedParameter(detail, errors=[_error(name, RepeatedParameter.code, detail)])


def _refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
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
    detail = f"This operation does not know a parameter of the query: {hint}"
    error = _error(near[0] if near else None, UnknownParameter.code, detail)
    raise UnknownParameter(detail, errors=[error])


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


def _error(parameter: str | None, code: str, detail: str) -> dict[str, str | None]:
    return {"pointer": None, "parameter": parameter, "code": code, "detail": detail}


def _of(dependant: Dependant) -> Iterator[tuple[str, FieldInfo]]:
    for field in dependant.query_params:
        yield field.alias, field.field_info
    for inner in dependant.dependencies:
        yield from _of(inner)


def _takes_several(field: FieldInfo) -> bool:
    """`list[…]`, or that or nothing."""
    return any(get_origin(one) is list for one in (field.annotation, *get_args(field.annotation)))
