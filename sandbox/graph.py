"""Routes a Graph call to what it is about: version, token, object, permission, quota, handler.

Every refusal on the way is an answer with Meta's envelope; the usage headers are those recorded
traffic shows: business use case on all calls about an ad account except `POST …/users`, which
carries the ad account's and the app's.
"""

from collections.abc import Callable
from typing import Any, Final

from sandbox import accounts, audiences, users
from sandbox.authentication import login
from sandbox.authentication.tokens import authenticate, require_scope
from sandbox.context import Answer, Context
from sandbox.conventions.errors import GraphError, deprecated_version, unknown_path, unsupported
from sandbox.conventions.wire import Call
from sandbox.simulation.call_log import Record
from sandbox.state import SandboxState

SERVED: Final = ("v25.0", "v26.0")
EXPIRED: Final = ("v21.0", "v22.0", "v23.0", "v24.0")
Handler = Callable[[Context], Any]

_WITHOUT_TOKEN: Final[dict[tuple[str, ...], Handler]] = {
    ("oauth", "access_token"): login.access_token,
    ("debug_token",): login.debug_token,
}
_USER: Final[dict[tuple[str, str], Handler]] = {
    ("", "GET"): accounts.read_user,
    ("permissions", "GET"): accounts.list_permissions,
    ("permissions", "DELETE"): accounts.revoke_permissions,
    ("adaccounts", "GET"): accounts.list_accounts,
}
_ACCOUNT: Final[dict[tuple[str, str], Handler]] = {
    ("", "GET"): accounts.read_account,
    ("customaudiences", "GET"): audiences.list_audiences,
    ("customaudiences", "POST"): audiences.create_audience,
    ("usersofanyaudience", "DELETE"): users.remove_everywhere,
}
_AUDIENCE: Final[dict[tuple[str, str], Handler]] = {
    ("", "GET"): audiences.read_audience,
    ("", "POST"): audiences.update_audience,
    ("", "DELETE"): audiences.delete_audience,
    ("users", "POST"): users.add_users,
    ("users", "DELETE"): users.remove_users,
    ("usersreplace", "POST"): users.replace_users,
    ("sessions", "GET"): audiences.list_sessions,
}
_READ_BACK: Final = frozenset(("customaudiences", "users", "usersreplace"))


def account_of(state: SandboxState, path: tuple[str, ...]) -> str | None:
    """The ad account a path is about, for faults and the record; None if it names none."""
    if not path:
        return None
    if path[0].startswith("act_"):
        return path[0]
    audience = state.world.audiences.get(path[0])
    return None if audience is None else f"act_{audience.account_id}"


def answer(state: SandboxState, call: Call, record: Record) -> Answer:
    """Serve one call; never raises for what a client did wrong."""
    ctx = Context(state, call, record)
    headers = {"facebook-api-version": call.version or SERVED[0]}
    try:
        _check_version(state, call, headers)
        result = Answer(200, _serve(ctx), headers)
    except GraphError as error:
        record.code, record.subcode = error.code, error.subcode
        headers.update(error.headers)
        result = Answer(error.status, error.body(record.trace_id), headers)
    if ctx.known_account is not None:
        usage = state.quotas.headers(ctx.known_account.id, buc=_in_use_case(call))
        result.headers = {**usage, **result.headers}
    record.status = result.status
    return result


def _serve(ctx: Context) -> Any:
    call = ctx.call
    if "date_format" in call.params:
        raise GraphError("(#100) The date_format parameter is deprecated in v26.0+", code=100)
    if not call.path:
        if "ids" in call.params:
            raise GraphError(
                "The ids query parameter is deprecated in v26.0+", code=100, status=500
            )
        raise unknown_path("")
    free = _WITHOUT_TOKEN.get(call.path)
    if free is not None:
        return free(ctx)
    if call.path == ("me",) and call.token is None:
        raise GraphError(
            "An active access token must be used to query information about the current user.",
            code=2500,
        )
    ctx.known_token = authenticate(ctx.state, call.token, call.params)
    head, edge = call.path[0], call.path[1] if len(call.path) > 1 else ""
    if head in ("me", ctx.token.user_id):
        handler = _pick(_USER, edge, call, extra=edge == "permissions")
        if edge == "adaccounts":
            require_scope(ctx.token, write=False)
        return handler(ctx)
    handlers = _resolve(ctx, head)
    ctx.state.quotas.admit(
        ctx.account.id,
        write=call.method != "GET",
        buc=_in_use_case(call),
        arrived=ctx.record.time,
    )
    require_scope(ctx.token, write=call.method != "GET")
    if ctx.account.role is None:
        raise unsupported(call.method, head)
    body = _pick(handlers, edge, call)(ctx)
    if call.method == "POST" and edge in _READ_BACK and call.params.get("fields"):
        body = {**audiences.render_audience(ctx, ctx.audience), **body}
    return body


def _resolve(ctx: Context, head: str) -> dict[tuple[str, str], Handler]:
    world = ctx.state.world
    if head.startswith("act_"):
        ctx.known_account = world.accounts.get(head)
        handlers = _ACCOUNT
    elif head.isdigit():
        ctx.known_audience = world.audiences.get(head)
        if ctx.known_audience is not None:
            ctx.known_account = world.accounts.get(f"act_{ctx.known_audience.account_id}")
        handlers = _AUDIENCE
    else:
        raise GraphError(
            f"(#803) Some of the aliases you requested do not exist: {head}", code=803, status=404
        )
    if ctx.known_account is None:
        raise unsupported(ctx.call.method, head)
    ctx.record.account = ctx.account.id
    ctx.record.audience = ctx.known_audience.id if ctx.known_audience else None
    return handlers


def _pick(
    handlers: dict[tuple[str, str], Handler], edge: str, call: Call, *, extra: bool = False
) -> Handler:
    handler = handlers.get((edge, call.method))
    if handler is None or len(call.path) > (3 if extra else 2):
        if any(name == edge for name, _ in handlers):
            raise unsupported(call.method, call.path[0])
        raise unknown_path("/".join(call.path[1:]))
    return handler


def _in_use_case(call: Call) -> bool:
    return not (call.method == "POST" and call.path[1:] == ("users",))


def _check_version(state: SandboxState, call: Call, headers: dict[str, str]) -> None:
    """Marketing paths need a served version; the others take any that was ever released."""
    marketing = call.path[:1] and (
        call.path[0].startswith("act_")
        or call.path[0].isdigit()
        or call.path[1:] == ("adaccounts",)
    )
    if call.version in SERVED or not (marketing or call.version):
        return
    if call.version is None:
        raise deprecated_version()
    if call.version not in EXPIRED:
        raise unknown_path(f"{call.version}/{call.name}")
    if not marketing:
        return
    if state.settings.expired_version == "error":
        raise deprecated_version()
    headers["facebook-api-version"] = SERVED[0]
    headers["x-ad-api-version-warning"] = (
        f"The call has been auto-upgraded to {SERVED[0]} as {call.version} has been deprecated"
    )
