"""Custom audiences as objects: list, read, create, change, delete, and their upload sessions.

Sources: references "Ad Account Custom Audiences", "Custom Audience", "Custom Audience Session" and
the guide "Customer File Custom Audiences" (developers.facebook.com/docs/marketing-api).
"""

import math
from typing import Any, Final

from sandbox.accounts import require_usable
from sandbox.context import Context
from sandbox.conventions.errors import (
    GraphError,
    invalid_parameter,
    permission_denied,
    update_failed,
    upload_blocked,
)
from sandbox.conventions.names import AUDIENCE_FIELDS, FILE_SOURCES, OPERATION_STATUS, SUBTYPES
from sandbox.conventions.selection import field_names, matches, page, select
from sandbox.entities import Audience
from sandbox.uploads import sessions
from sandbox.world import SENSITIVE_WORDS

MAX_LISTS: Final = 500
_SMALL: Final = 100
_EXACT_UP_TO: Final = 1_000_000
_MAX_RETENTION: Final = 180
_FLAGGED: Final = 471
_UPLOADED: Final = ("MULTI_HASHES", "HASHES_OR_USER_IDS")


def audience_node(ctx: Context, audience: Audience) -> dict[str, Any]:
    """An audience with every field it has, as of now."""
    sessions.tick(audience, ctx.now, ctx.state.settings)
    count = _count(audience)
    lower, upper = _bounds(count)
    delivery = audience.delivery_status or (300 if count < _SMALL else 200)
    status = audience.operation_status
    return {
        "id": audience.id,
        "account_id": audience.account_id,
        "name": audience.name,
        "description": audience.description,
        "subtype": audience.subtype,
        "customer_file_source": audience.customer_file_source or "NOT_APPLICABLE",
        "data_source": {
            "type": audience.data_source_type,
            "sub_type": audience.data_source_sub_type,
        },
        "approximate_count_lower_bound": lower,
        "approximate_count_upper_bound": upper,
        "operation_status": {"code": status, "description": OPERATION_STATUS.get(status, "")},
        "delivery_status": {
            "code": delivery,
            "description": "This audience is ready for use."
            if delivery == 200
            else "This audience is too small or can't be used.",
        },
        "permission_for_actions": {
            "can_edit": audience.can_edit,
            "can_see_insight": True,
            "can_share": True,
            "subtype_supports_lookalike": True,
            "supports_recipient_lookalike": False,
        },
        "time_created": audience.time_created,
        "time_updated": audience.time_updated,
        "time_content_updated": audience.time_content_updated or None,
        "retention_days": audience.retention_days,
        "is_value_based": audience.is_value_based,
        "delete_time": audience.delete_time,
        "fields_violating_integrity_policy": audience.fields_violating_integrity_policy or None,
        "lookalike_audience_ids": audience.lookalike_audience_ids or None,
        "lookalike_spec": audience.lookalike_spec,
        "opt_out_link": audience.opt_out_link,
        "rule": audience.rule,
        "pixel_id": audience.pixel_id,
        "audience_labels": audience.audience_labels or None,
    }


def _count(audience: Audience) -> int:
    if audience.approximate_count is not None:
        return audience.approximate_count
    if audience.members.rows_received > _EXACT_UP_TO:
        return audience.members.rows_received
    return audience.members.settle()[0]


def _bounds(count: int) -> tuple[int, int]:
    """A range around a count, two digits exact."""
    step = 10 ** max(0, len(str(count)) - 2)
    return count // step * step, math.ceil(count / step) * step


def render_audience(ctx: Context, audience: Audience) -> dict[str, Any]:
    """An audience with the fields the call asks for; only its id if it asks for none."""
    return select(
        audience_node(ctx, audience),
        ctx.call.params.get("fields"),
        default=("id",),
        known=AUDIENCE_FIELDS,
        kind="CustomAudience",
        hidden=audience.hidden_fields,
        refused=audience.refused_fields,
    )


def list_audiences(ctx: Context) -> dict[str, Any]:
    """GET /act_ID/customaudiences, newest first."""
    filtering = ctx.call.params.get("filtering")
    own = {
        audience.id: audience
        for audience in ctx.state.world.audiences_of(ctx.account.account_id)
        if not filtering or matches(audience_node(ctx, audience), filtering)
    }
    return page(
        ctx.call,
        list(own),
        lambda audience_id: render_audience(ctx, own[audience_id]),
        max_page=ctx.state.settings.max_page,
    )


def read_audience(ctx: Context) -> dict[str, Any]:
    """GET /ID."""
    return render_audience(ctx, ctx.audience)


def create_audience(ctx: Context) -> dict[str, Any]:
    """POST /act_ID/customaudiences."""
    require_usable(ctx.account)
    params, world = ctx.call.params, ctx.state.world
    name, subtype = params.get("name"), str(params.get("subtype"))
    if not name:
        raise invalid_parameter("The parameter name is required")
    if subtype not in SUBTYPES:
        raise invalid_parameter(f"Param subtype must be one of {{{', '.join(sorted(SUBTYPES))}}}")
    own = world.audiences_of(ctx.account.account_id)
    if _flag(params.get("enable_fetch_or_create")):
        for audience in own:
            if (audience.name, audience.subtype) == (name, subtype):
                return {"id": audience.id}
    if subtype == "CUSTOM" and sum(one.subtype == "CUSTOM" for one in own) >= MAX_LISTS:
        raise GraphError(
            "(#2654) Failed to create custom audience: the ad account has reached its limit",
            code=2654,
        )
    audience = Audience(
        id=str(next(world.ids)),
        account_id=ctx.account.account_id,
        name=str(name),
        subtype=subtype,
        customer_file_source=None,
        is_value_based=_flag(params.get("is_value_based")),
        time_created=int(ctx.now),
        time_updated=int(ctx.now),
    )
    if subtype == "LOOKALIKE":
        _join_seed(ctx, audience)
    _apply(ctx, audience)
    world.audiences[audience.id] = audience
    ctx.known_audience = audience
    ctx.record.audience = audience.id
    return {"id": audience.id}


def update_audience(ctx: Context) -> dict[str, Any]:
    """POST /ID: a flagged audience is refused unless the change removes what it was flagged for."""
    audience = ctx.audience
    require_usable(ctx.account)
    require_editable(audience)
    if audience.operation_status == _FLAGGED:
        if audience.subtype == "LOOKALIKE":
            raise GraphError(
                "Invalid parameter",
                code=100,
                subcode=1713228,
                user_title="Custom Audience Cannot Be Edited",
                user_msg="This audience is flagged and cannot be edited.",
            )
        if set(audience.fields_violating_integrity_policy) - set(ctx.call.params):
            raise GraphError(
                "Invalid parameter",
                code=100,
                subcode=1713231,
                user_title="Update Restricted Fields and Rule",
                user_msg="Change the fields named in fields_violating_integrity_policy.",
            )
        audience.operation_status = 200
        audience.fields_violating_integrity_policy = []
    _apply(ctx, audience)
    audience.time_updated = int(ctx.now)
    return {"success": True}


def delete_audience(ctx: Context) -> dict[str, Any]:
    """DELETE /ID."""
    audience, world = ctx.audience, ctx.state.world
    require_editable(audience)
    if any(one in world.audiences for one in audience.lookalike_audience_ids):
        raise GraphError(
            "(#2656) Failed to delete custom audience because lookalikes exist", code=2656
        )
    del world.audiences[audience.id]
    return {"success": True}


def list_sessions(ctx: Context) -> dict[str, Any]:
    """GET /ID/sessions: strings throughout, and `stage` stays `uploading` as observed."""
    wanted = ctx.call.params.get("session_id")
    data = [
        {
            "session_id": str(session.id),
            "start_time": str(int(session.started_at)),
            "end_time": "0",
            "num_received": str(session.received),
            "num_matched": "-1",
            "num_invalid_entries": str(session.invalid),
            "progress": "0",
            "stage": "uploading",
        }
        for session in ctx.audience.sessions.values()
        if wanted is None or str(session.id) == str(wanted)
    ]
    return {"data": data}


def require_editable(audience: Audience) -> None:
    """Raises GraphError 200 with HTTP 403 where the user may not change the audience."""
    if not audience.can_edit:
        raise permission_denied(f"The current user can not update audience {audience.id}")


def require_not_flagged(audience: Audience) -> None:
    """Raises GraphError 100/1713230 for an audience flagged for integrity."""
    if audience.operation_status == _FLAGGED:
        raise upload_blocked()


def require_customer_list(audience: Audience, sub_type: str) -> None:
    """An audience keeps the data source of its first upload; raises GraphError 2650.

    Lists of several keys and strings exclude each other (github.com/facebook/
    facebook-python-business-sdk/issues/433); of other sources nothing is known, and they are taken,
    unless `foreign_source` says that this one is not.
    """
    kept = (audience.data_source_type, audience.data_source_sub_type)
    excluded = kept[1] in _UPLOADED and kept[1] != sub_type
    if audience.subtype != "CUSTOM" or excluded or audience.foreign_source:
        raise update_failed(
            f"This audience was created from data source {kept[0]}.{kept[1]}, "
            f"which does not support data source FILE_IMPORTED.{sub_type}."
        )


def _apply(ctx: Context, audience: Audience) -> None:
    params = ctx.call.params
    for name in ("name", "description", "opt_out_link", "rule"):
        if name in params:
            setattr(audience, name, str(params[name]))
    if "customer_file_source" in params:
        source = str(params["customer_file_source"])
        if source not in FILE_SOURCES:
            names = ", ".join(sorted(FILE_SOURCES))
            raise invalid_parameter(f"Param customer_file_source must be one of {{{names}}}")
        audience.customer_file_source = source
    if "retention_days" in params:
        days = str(params["retention_days"])
        if not days.isdigit() or int(days) > _MAX_RETENTION:
            raise invalid_parameter("Param retention_days must be between 1 and 180")
        audience.retention_days = int(days)
    if "audience_labels" in params:
        audience.audience_labels = list(field_names(params["audience_labels"]))
    if ctx.state.settings.flag_sensitive_names:
        flagged = [
            name
            for name in ("name", "description")
            if any(word in getattr(audience, name).lower() for word in SENSITIVE_WORDS)
        ]
        if flagged:
            audience.operation_status = _FLAGGED
            audience.fields_violating_integrity_policy = flagged


def _join_seed(ctx: Context, audience: Audience) -> None:
    seed = ctx.state.world.audiences.get(str(ctx.call.params.get("origin_audience_id")))
    if seed is None or seed.account_id != audience.account_id:
        raise invalid_parameter("The parameter origin_audience_id is required")
    require_not_flagged(seed)
    seed.lookalike_audience_ids = [*seed.lookalike_audience_ids, audience.id]
    audience.data_source_type, audience.data_source_sub_type = "SEED_BASED", "LOOKALIKE"
    audience.operation_status, audience.approximate_count = 441, -1


def _flag(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")
