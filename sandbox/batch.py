"""Batch requests: up to 50 calls in one, each counted and recorded by itself.

Source: guide "Batch Requests" (developers.facebook.com/docs/graph-api/batch-requests). As reported
for the real one, the body of a DELETE inside a batch is not read.
"""

from typing import Any, Final

import orjson
from starlette.datastructures import Headers

from sandbox import graph
from sandbox.context import Answer
from sandbox.conventions.errors import GraphError
from sandbox.conventions.wire import Call, parse_query, read_call
from sandbox.simulation.call_log import Record
from sandbox.state import SandboxState

MAX_CALLS: Final = 50


def answer(state: SandboxState, call: Call, record: Record) -> Answer:
    """Serve the calls in order; the answer is positional."""
    record.operation = "batch"
    try:
        parts = _parts(call.params["batch"])
    except GraphError as error:
        record.code = error.code
        return Answer(error.status, error.body(record.trace_id))
    return Answer(200, [_serve(state, call, part) for part in parts])


def _parts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise GraphError("(#100) batch parameter must be a JSON array", code=100)
    if len(value) > MAX_CALLS:
        raise GraphError(
            f"Too many requests in batch message. Maximum batch size is {MAX_CALLS}",
            code=100,
            type_="GraphBatchException",
        )
    return value


def _serve(state: SandboxState, outer: Call, part: dict[str, Any]) -> dict[str, Any]:
    method = str(part.get("method", "GET")).upper()
    path, _, query = str(part.get("relative_url", "")).partition("?")
    params = {} if method in ("GET", "DELETE") else parse_query(str(part.get("body", "")))
    if outer.token is not None:
        params.setdefault("access_token", outer.token)
    for name in ("appsecret_proof", "appsecret_time"):
        if name in outer.params:
            params.setdefault(name, outer.params[name])
    call = read_call(method, path, parse_query(query), params, Headers())
    call.version = call.version or outer.version
    call.base_url = outer.base_url
    record = Record(
        time=state.clock.now(), method=call.method, path=f"/{call.name}", trace_id=state.trace_id()
    )
    state.log.begin(record)
    result = graph.answer(state, call, record)
    state.log.end()
    return {
        "code": result.status,
        "headers": [{"name": name, "value": value} for name, value in result.headers.items()],
        "body": orjson.dumps(result.body).decode(),
    }
