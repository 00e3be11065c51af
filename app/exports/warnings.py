"""What a run would stumble over as things are now: computed whenever it is looked at, and stops nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.connections.account_health.account_blocks import blocked_until
from app.connections.parts import missing
from app.counted_nouns import count_of
from app.db.models import Connection, Export, Segment
from app.exports.members.mapping import MIN_USABLE_RATIO, Mapped, is_hashed
from app.exports.members.staging import LEFT_OUT, usable_share
from app.facebook.preflight_checks.audience import check_values

Warned = dict[str, str]


def export_warnings(
    row: Export,
    members: Sequence[Segment],
    connection: Connection | None,
    *,
    max_members: int,
) -> list[Warned]:
    """Of an export with its segments and its connection, as they are now."""
    return [
        *_segment_warnings(members, max_members),
        *([] if connection is None else _connection_warnings(row, connection)),
        *mapping_warnings(row, [segment.source for segment in members]),
    ]


def _segment_warnings(members: Sequence[Segment], max_members: int) -> Iterator[Warned]:
    total = sum(segment.member_count or 0 for segment in members)
    if total > max_members:
        detail = (
            f"The segments hold up to {count_of(total, 'member')}; a run of more than {max_members:,} "
            "distinct ones is skipped. Split the segments over several exports."
        )
        yield {"code": "too-many-members", "detail": detail}
    for segment in members:
        if segment.state != "active":
            detail = f"The segment {segment.name} is inactive; runs are skipped."
            yield {"code": "segment-inactive", "detail": detail}


def _connection_warnings(row: Export, connection: Connection) -> Iterator[Warned]:
    if connection.status == "draft":
        lacks = ", ".join(missing(connection))
        detail = f"The connection is a draft and lacks: {lacks}. Nothing runs until it is complete."
        yield {"code": "connection-not-ready", "detail": detail}
    elif connection.status != "ready":
        detail = "Meta refuses the connection's token; an administrator must renew it."
        yield {"code": "connection-not-ready", "detail": detail}
    if blocked_until(connection) is not None:
        detail = (
            "Meta blocks the ad account for now; runs wait until that is over, or an administrator "
            "resumes the connection."
        )
        yield {"code": "connection-blocked", "detail": detail}
    audience = row.audience or connection.audience
    value_based = None if audience is None else audience.get("is_value_based")
    if value_based is not None:
        check = check_values(
            is_value_based=value_based,
            value_based_mapping="LOOKALIKE_VALUE" in row.attributes,
            sync_mode=row.sync_mode,
        )
        if not check.ok:
            yield {"code": str(check.code), "detail": str(check.detail)}


def mapping_warnings(row: Mapped, sources: Sequence[Mapping[str, Any]]) -> list[Warned]:
    """Of the mapping alone; it asks nothing of members that come as hashes."""
    if all(is_hashed(source) for source in sources):
        return []
    if "PHONE" in row.attributes and "COUNTRY" not in row.attributes and not row.default_country:
        return [
            {
                "code": "phone-country-unknown",
                "detail": "PHONE is mapped, but neither COUNTRY nor default_country says which country "
                "numbers without a calling code belong to; those cannot be used.",
            }
        ]
    return []


def usability_warnings(
    min_usable_ratio: float | None,
    *,
    staged: int,
    rows: int,
    skipped: Mapping[str, int],
    sample: bool = False,
) -> list[Warned]:
    """What would end a run of these rows before anything is sent; `skipped`: reason to rows.

    `sample`: they are the first of more.
    """
    least = MIN_USABLE_RATIO if min_usable_ratio is None else min_usable_ratio
    those = f"first {rows:,} members" if sample else "members"
    if not staged and any(number for name, number in skipped.items() if name not in LEFT_OUT):
        ends = "fails if the others are alike" if sample else "fails"
        detail = f"Not one of the {those} can be used; a run {ends}. skipped_reasons says why."
        return [{"code": "nothing-usable", "detail": detail}]
    share = usable_share(rows, skipped)
    if share < least:
        ends = "fails if the others are alike" if sample else "fails"
        detail = (
            f"Only {share:.1%} of the {those} are usable, less than min_usable_ratio ({least:.1%}); "
            f"a run {ends}. skipped_reasons says why."
        )
        return [{"code": "too-few-usable", "detail": detail}]
    return []
