"""One exchange with the Graph API: receive, fault, latency, answer, record, send or hang up."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from sandbox import batch, graph
from sandbox.connection import ClientGoneError, Connection
from sandbox.context import Answer
from sandbox.conventions.wire import parse_query, read_call, read_params, split_path
from sandbox.counting_mode import counting
from sandbox.simulation.call_log import Record
from sandbox.simulation.faults import HANGUPS, HTML, Fault
from sandbox.state import SandboxState

_TOO_LONG: Final = (
    b"<!DOCTYPE html><html><head><title>Error</title></head>"
    b"<body><h1>Sorry, something went wrong.</h1></body></html>"
)
Work = Callable[[], Answer]
"""Applies the call; it runs once, or not at all if a fault comes first."""


class GraphEndpoint:
    """The ASGI application behind every path that is not the sandbox's own."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = self._state
        _, path = split_path(scope["path"])
        record = Record(
            time=state.clock.now(),
            method=scope["method"],
            path="/" + "/".join(path),
            account=graph.account_of(state, path),
            audience=path[0] if path and path[0].isdigit() else None,
            trace_id=state.trace_id(),
        )
        started = time.perf_counter()
        state.log.begin(record)
        try:
            await self._exchange(Connection(scope, receive, send), record)
        except ClientGoneError:
            record.fault = "client-gone"
        finally:
            record.duration = time.perf_counter() - started
            state.log.end()

    async def _exchange(self, connection: Connection, record: Record) -> None:
        state, scope = self._state, connection.scope
        early = state.faults.pick(record.method, record.path, record.account, b"", early=True)
        if early is not None:
            record.fault = early.kind
            await connection.hang_up()
            return
        if len(scope["query_string"]) > state.settings.max_query_bytes:
            await self._refuse_query(connection, record)
            return
        _, path = split_path(scope["path"])
        headers = Headers(scope=scope)
        query = parse_query(scope["query_string"].decode("latin-1"))
        body = b""
        work: Work
        if state.counting and counting.concerns(record.method, path):
            upload = await counting.receive_upload(connection, record)
            known = counting.credentials(query, headers, upload)
            work = partial(counting.answer, state, path, known, upload, record)
        else:
            body = await connection.read_body()
            record.bytes = len(body)
            params = await read_params(headers, body)
            call = read_call(record.method, scope["path"], query, params, headers)
            record.method = call.method
            serve = batch.answer if "batch" in call.params else graph.answer
            work = partial(serve, state, call, record)
        fault = state.faults.pick(record.method, record.path, record.account, body)
        if state.settings.latency > 0:
            await asyncio.sleep(state.settings.latency)
        if fault is None:
            await self._send(connection, work(), record)
        else:
            await self._fail(connection, work, fault, record)

    async def _fail(self, connection: Connection, work: Work, fault: Fault, record: Record) -> None:
        record.fault = fault.kind
        if fault.kind == "slow-before":
            await self._state.faults.wait(fault)
        answer = work() if fault.comes_after else None
        if fault.kind != "slow-before":
            await self._state.faults.wait(fault)
        if fault.kind in HANGUPS:
            record.status = None
            if fault.kind == "truncated" and answer is not None:
                await connection.send_half(answer, record.trace_id)
            await connection.hang_up()
            return
        page, error = fault.page(), fault.error(record.account)
        if page is not None:
            record.status, content_type, text = page
            await connection.send_page(record.status, text, {"content-type": content_type})
            return
        if error is not None:
            record.code, record.subcode = error.code, error.subcode
            answer = Answer(error.status, error.body(record.trace_id), error.headers)
        assert answer is not None
        await self._send(connection, answer, record)

    @staticmethod
    async def _send(connection: Connection, answer: Answer, record: Record) -> None:
        record.status = answer.status
        await connection.send_json(answer, record.trace_id)

    async def _refuse_query(self, connection: Connection, record: Record) -> None:
        """Long query strings never reach the API: a page of HTML, or a dropped connection."""
        if self._state.settings.query_too_long == "hangup":
            await connection.hang_up()
            return
        await connection.read_body()
        record.status = 400
        await connection.send_page(400, _TOO_LONG, {"content-type": HTML})
