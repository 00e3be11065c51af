"""Idempotency-Key: the first answer again for the same request, a refusal for a different one.

The key is claimed before the work and answered after it. A claim whose process died can be taken over
once its time is up; an answer that was an error of ours, or a refusal, frees the key, since nothing was
changed then.
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from fastapi import Request, Response
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.db.models import IdempotencyKey
from app.db.rotation import answer_owner, is_plain_answer
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import BadRequest, Conflict, Unprocessable
from app.http.read_only_fields import ReadingRoute
from app.ids import new_id

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
_CLAIM = timedelta(seconds=120)
# for the document only: the header is read before the body is
_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A random text: for a day the same request with it gets the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class KnownCaller(Protocol):
    """Who is calling, as far as it matters here."""

    @property
    def id(self) -> str:
        """The same for every credential of a caller."""
        ...

    @property
    def role(self) -> str:
        """An answer is for the role it was given to."""
        ...


Identify = Callable[[Request], Awaitable[KnownCaller]]


class IdempotentRoute(ReadingRoute):
    """A route whose POST may carry an Idempotency-Key.

    `app.state.identify` says who is calling; it raises what an unknown caller is told.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, methods: Any = None, **options: Any
    ) -> None:
        """As `APIRoute`; the document says that a POST takes the header."""
        if "POST" in (methods or ()):
            said = dict(options.get("openapi_extra") or {})
            said["parameters"] = [*said.get("parameters", []), _PARAMETER]
            options["openapi_extra"] = said
        super().__init__(path, endpoint, methods=methods, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler; without the header nothing changes."""
        handler = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method != "POST":
                return await handler(request)
            check_key(key)
            database: Database = request.app.state.database
            # before anything is claimed or given again: a key that was revoked gets nothing
            identify: Identify = request.app.state.identify
            known = await identify(request)
            caller = f"{known.role} {known.id}"
            digest = await _digest(request)
            claim = new_id("claim")
            vault: Vault = request.app.state.vault
            stored = await _claim(
                database, vault, caller=caller, key=key, digest=digest, claim=claim
            )
            if stored is not None:
                return stored
            try:
                response = await handler(request)
            except BaseException:
                await _free(database, caller=caller, key=key, claim=claim)
                raise
            if response.status_code >= 400:
                await _free(database, caller=caller, key=key, claim=claim)
            else:
                await _answer(request, database, response, caller=caller, key=key, claim=claim)
            return response

        return once


def check_key(key: str) -> None:
    """Raises `BadRequest` (`bad-idempotency-key`) for a key that is not kept."""
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise BadRequest(
            f"{HEADER} must be 1 to 255 printable characters.", code="bad-idempotency-key"
        )


async def _digest(request: Request) -> bytes:
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + await request.body()).digest()


async def _claim(
    database: Database, vault: Vault, *, caller: str, key: str, digest: bytes, claim: str
) -> Response | None:
    """None when the key is ours now; else the first answer. Raises for a mismatch or a race."""
    now = clock.now()
    async with database.transaction() as session:
        taken = await session.scalar(
            insert(IdempotencyKey)
            .values(
                caller=caller,
                key=key,
                request_hash=digest,
                claim=claim,
                claimed_until=now + _CLAIM,
                created_at=now,
            )
            .on_conflict_do_update(
                index_elements=["caller", "key"],
                set_={
                    "request_hash": digest,
                    "claim": claim,
                    "claimed_until": now + _CLAIM,
                    "created_at": now,
                    "status": None,
                    "headers": None,
                    "body": None,
                },
                # an unanswered claim past its time, or an answer past its day
                where=((IdempotencyKey.status.is_(None)) & (IdempotencyKey.claimed_until < now))
                | (IdempotencyKey.created_at < now - KEPT_FOR),
            )
            .returning(IdempotencyKey.claim)
        )
        if taken == claim:
            return None
        row = await session.scalar(
            select(IdempotencyKey).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
        )
    if row is None or (row.status is None and row.request_hash == digest):
        raise Conflict(
            "The first request with this Idempotency-Key is still being answered.",
            code="idempotency-in-flight",
        )
    if row.request_hash != digest:
        raise Unprocessable(
            "This Idempotency-Key was used for a different request; use a new one.",
            code="idempotency-key-reused",
        )
    headers = {**(row.headers or {}), "Idempotency-Replayed": "true"}
    body = "" if row.body is None else _opened(vault, row.body, row.claim)
    return Response(body, status_code=row.status or 200, headers=headers)


def _opened(vault: Vault, body: bytes, claim: str) -> str:
    if is_plain_answer(body):
        return body.decode()
    return vault.open(body, owner=answer_owner(claim))


async def _free(database: Database, *, caller: str, key: str, claim: str) -> None:
    async with database.transaction() as session:
        await session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.caller == caller,
                IdempotencyKey.key == key,
                IdempotencyKey.claim == claim,
            )
        )


async def _answer(
    request: Request, database: Database, response: Response, *, caller: str, key: str, claim: str
) -> None:
    """Keep the answer sealed, in the request's own transaction if it has one: both stand, or neither."""
    kept = {
        name: value
        for name, value in response.headers.items()
        if name.lower() in {"location", "etag", "content-type"}
    }
    vault: Vault = request.app.state.vault
    statement = (
        update(IdempotencyKey)
        .where(
            IdempotencyKey.caller == caller,
            IdempotencyKey.key == key,
            IdempotencyKey.claim == claim,
        )
        .values(
            status=response.status_code,
            headers=kept,
            body=vault.seal(bytes(response.body).decode(), owner=answer_owner(claim)),
        )
    )
    session = getattr(request.state, "session", None)
    if session is not None:
        await session.execute(statement)
        return
    async with database.transaction() as own:
        await own.execute(statement)
