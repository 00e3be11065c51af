"""The membership edges: `/users` (add, remove), `/usersreplace` and `/usersofanyaudience`.

Sources: references "Custom Audience Users" and "Custom Audience Users Replace", guide "Customer
File Custom Audiences" (developers.facebook.com/docs/marketing-api), and recorded answers.
"""

from typing import Any

from sandbox.accounts import require_usable
from sandbox.audiences import require_customer_list, require_editable, require_not_flagged
from sandbox.context import Context
from sandbox.conventions.errors import invalid_parameter, too_small
from sandbox.entities import Audience, Operation
from sandbox.simulation.faults import missing_alias
from sandbox.uploads import sessions
from sandbox.uploads.payload import Batch, decoded, read_batch
from sandbox.uploads.sessions import Ask


def add_users(ctx: Context) -> dict[str, Any]:
    """POST /ID/users."""
    return _change(ctx, "add")


def remove_users(ctx: Context) -> dict[str, Any]:
    """DELETE /ID/users."""
    return _change(ctx, "remove")


def replace_users(ctx: Context) -> dict[str, Any]:
    """POST /ID/usersreplace."""
    return _change(ctx, "replace")


def remove_everywhere(ctx: Context) -> dict[str, Any]:
    """DELETE /act_ID/usersofanyaudience: out of every customer list of the account."""
    require_usable(ctx.account)
    batch = _batch(ctx, value_based=True, removing=True)
    ctx.record.operation = "remove"
    for audience in ctx.state.world.audiences_of(ctx.account.account_id):
        if audience.subtype == "CUSTOM" and batch.rows:
            audience.members.remove(batch.keys, batch.values)
            audience.rows_removed += len(batch.rows)
            audience.time_content_updated = int(ctx.now)
    ctx.record.applied = True
    return {"success": True}


def _change(ctx: Context, operation: Operation) -> dict[str, Any]:
    audience, settings = ctx.audience, ctx.state.settings
    ctx.record.operation = operation
    ask = _ask(ctx)
    audience.users_calls += 1
    if audience.users_calls <= settings.missing_alias_calls and not audience.rows_added:
        raise missing_alias()
    require_usable(ctx.account)
    require_editable(audience)
    require_not_flagged(audience)
    sessions.tick(audience, ctx.now, settings)
    session = sessions.admit(audience, ask, operation, ctx.now, settings)
    batch = _batch(ctx, value_based=audience.is_value_based, removing=operation == "remove")
    require_customer_list(audience, batch.sub_type)
    if operation == "remove":
        _refuse_small(audience, batch, settings.small_audience_threshold)
    sessions.record(audience, session, ask, batch, now=ctx.now, settings=settings)
    _apply(audience, batch, operation)
    ctx.record.applied = True
    day = int(ctx.now // 86_400)
    return {
        "audience_id": audience.id,
        "session_id": str(
            session.id if session else sessions.generated_id(operation, batch.keys, day)
        ),
        "num_received": session.received if session else batch.received,
        "num_invalid_entries": session.invalid if session else batch.invalid,
        "invalid_entry_samples": batch.samples,
    }


def _ask(ctx: Context) -> Ask | None:
    value = ctx.call.params.get("session")
    if value is None:
        return None
    ask = sessions.read_ask(decoded(value, "session"))
    ctx.record.session_id = ask.session_id
    ctx.record.batch_seq = ask.batch_seq
    ctx.record.last_batch = ask.last
    return ask


def _batch(ctx: Context, *, value_based: bool, removing: bool) -> Batch:
    value = ctx.call.params.get("payload")
    if value is None:
        raise invalid_parameter("Missing required parameter: payload")
    batch = read_batch(decoded(value, "payload"), value_based=value_based, removing=removing)
    ctx.record.rows = batch.received
    return batch


def _refuse_small(audience: Audience, batch: Batch, threshold: int) -> None:
    if threshold <= 0 or not batch.rows:
        return
    left = audience.members.settle()[0] - audience.members.matching(batch.keys, batch.values)
    if left < threshold:
        raise too_small()


def _apply(audience: Audience, batch: Batch, operation: Operation) -> None:
    audience.empty_hashes += batch.empty_hashes
    if audience.data_source_type == "UNKNOWN":
        audience.data_source_type = "FILE_IMPORTED"
        audience.data_source_sub_type = batch.sub_type
    if not batch.rows:
        return
    if operation == "remove":
        audience.members.remove(batch.keys, batch.values)
        audience.rows_removed += len(batch.rows)
    else:
        audience.members.add(batch.keys, batch.values, batch.rows)
        audience.rows_added += len(batch.rows)
