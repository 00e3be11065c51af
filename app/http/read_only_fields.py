"""What was read from here may be sent back: read-only fields are ignored unchanged, and refused changed.

A body with more than its model knows is compared with what GET answers for the same resource: the path
itself for PATCH and PUT, the one named by the body's own `id` for POST. The question goes to the same
application, with the caller's own credential, so it shows what the caller may see and nothing else.
"""

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, get_args

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from app.errors import AppError
from app.http.schemas import MadeAnew

# what moves by itself between two looks: to differ there is nobody's change
_MOVES = frozenset(
    {
        "audience_state", "blocked", "evaluated_at", "failing_since", "last_failure", "last_run",
        "last_used_at", "member_count", "next_run_at", "token", "warnings",
    }
)  # fmt: skip

Json = dict[str, Any]


class ReadingRoute(APIRoute):
    """A route whose JSON body may be one that was read before."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Settle the body, then handle it; a route without a body of fields stays as it is."""
        handler = super().get_route_handler()
        field = self.body_field
        models = [] if field is None else list(_models(field.field_info.annotation))
        if not models or not (self.methods or set()) & {"PATCH", "POST", "PUT"}:
            return handler

        async def settled(request: Request) -> Response:
            await _settle(request, models[0])
            return await handler(request)

        return settled


async def _settle(request: Request, model: type[BaseModel]) -> None:
    """Take out of the request's body what says nothing new."""
    if "json" not in request.headers.get("Content-Type", "application/json"):
        return
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return  # the handler says so
    known = set(model.model_fields)
    if not isinstance(body, dict) or not (
        body.keys() - known or any(isinstance(value, dict) for value in body.values())
    ):
        return
    current = await _reading(request, body)
    if current is not None:
        kept = _news(request, model, body, current)
        request._body = json.dumps(kept).encode()  # noqa: SLF001 - what Starlette keeps of a body
        if hasattr(request, "_json"):
            del request._json  # noqa: SLF001


def _news(request: Request, model: type[BaseModel], body: Json, current: Mapping[str, Any]) -> Json:
    """What of the body is to be written, or to be refused."""
    known, patches = set(model.model_fields), request.method == "PATCH"
    kept: Json = {}
    for name, value in body.items():
        if name in current and name not in known:
            if value == current[name] or name in _MOVES:
                continue
            _note_read_only(request, name)
        elif (
            patches
            and name in current
            and value == current[name]
            # to name a segment's source by itself is to have it looked at anew
            and (name != "source" or body.keys() - known)
        ):
            continue
        if name in known and isinstance(value, dict) and not patches and value == current.get(name):
            writable = _as_written(model, name, value)
            if writable is not None:
                kept[name] = writable
            continue
        kept[name] = value
        if isinstance(value, dict) and isinstance(current.get(name), dict) and name in known:
            kept[name] = _without_read_only(model, name, value, current[name])
    if request.method == "POST" and issubclass(model, MadeAnew):
        return model.anew(kept, current)
    return kept


def _without_read_only(
    model: type[BaseModel], name: str, value: Json, current: Mapping[str, Any]
) -> Json:
    """A nested object without the fields that cannot be written and were not changed."""
    writable: set[str] = set()
    for nested in _models(model.model_fields[name].annotation):
        writable |= set(nested.model_fields)
    if not writable:
        return value
    return {
        key: item
        for key, item in value.items()
        if key in writable or key not in current or item != current[key]
    }


def _as_written(model: type[BaseModel], name: str, value: Json) -> Json | None:
    """An unchanged object in a form that can be written: its writable fields, or its id alone.

    None where there is none, as of the record of a consent: it was somebody's own, given then.
    """
    writable = _without_read_only(model, name, value, value)
    given = {key: item for key, item in writable.items() if item is not None}
    takes: TypeAdapter[Any] = TypeAdapter(model.model_fields[name].annotation or object)
    for form in (writable, given, {"id": value.get("id")}):
        try:
            takes.validate_json(json.dumps(form))
        except ValidationError:
            continue
        return form
    return None


def _note_read_only(request: Request, name: str) -> None:
    found: list[str] = getattr(request.state, "read_only", [])
    request.state.read_only = [*found, name]


async def _reading(request: Request, body: Json) -> Json | None:
    """What GET answers for the resource of the body; None if it cannot be read."""
    path, name = str(request.scope["path"]).rstrip("/"), body.get("id")
    if request.method != "POST":
        return await _answer(request, path)
    if not isinstance(name, str) or "/" in name:
        return None
    # where it is made, beside what is done with it, above what is done with it, by its kind alone
    above, _, kind = path.rpartition("/")
    places = [f"{path}/{name}", f"{above}/{name}", above, f"/v1/{kind}/{name}"]
    for place in places:
        found = await _answer(request, place)
        if found is not None and found.get("id") == name:
            return found
    return None


async def _answer(request: Request, path: str) -> Json | None:
    """What GET answers there, or None."""
    scope = {
        **request.scope,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "path_params": {},
        # the dependencies of the question are its own
        "state": dict(request.scope.get("state") or {}),
    }
    answer: Json = {"status": 0, "body": b""}

    async def receive() -> Json:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
        else:
            answer["body"] += message.get("body", b"")

    try:
        await request.app.router(scope, receive, send)
    except (AppError, HTTPException, RequestValidationError):
        return None  # the request itself will be told why
    if answer["status"] != 200:
        return None
    found = json.loads(answer["body"])
    return found if isinstance(found, dict) else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models an annotation may stand for."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
