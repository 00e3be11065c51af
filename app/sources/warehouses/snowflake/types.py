"""Types of Snowflake: what the values of a column are, and how the server writes them as text.

https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses. Numbers keep their digits: a FLOAT
written by default would lose those beyond the ninth.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.sources.databases.segment_databases import quoted_name

_TYPES: Final = {
    **dict.fromkeys(("real", "decfloat"), "number"),
    **dict.fromkeys(("timestamp_ntz", "timestamp_ltz", "timestamp_tz"), "datetime"),
    **dict.fromkeys(("variant", "array"), "json"),
    **dict.fromkeys(("object", "map", "geography", "geometry", "vector", "file"), "other"),
    "boolean": "boolean",
    "date": "date",
    "binary": "binary",
}


def data_type(column: Mapping[str, Any]) -> str:
    """As `app.sources.member_source.Attribute` has it, of one column of a result."""
    kind = str(column["type"]).lower()
    if kind == "fixed":
        return "number" if column.get("scale") else "integer"
    return _TYPES.get(kind, "string")


def is_instant(column: Mapping[str, Any]) -> bool:
    """Whether where it is a date depends on the zone."""
    return str(column["type"]).lower() in {"timestamp_ltz", "timestamp_tz"}


def is_float(column: Mapping[str, Any]) -> bool:
    """Whether it is of 64 bits, and no decimal."""
    return str(column["type"]).lower() == "real"


def selected(column: Mapping[str, Any], most: int) -> str:
    """The column as text, cut where it is too long: a whole value would be held in memory."""
    name, kind = quoted_name(str(column["name"]), '"'), str(column["type"]).lower()
    cut = f"1, {most + 1}"
    if data_type(column) in {"json", "other"}:
        return f"SUBSTR(TO_JSON(TO_VARIANT({name})), {cut})"
    whole = f"CAST(IFF(ABS({name}) < 1e18, {name}, 0) AS NUMBER(38, 0))"
    written = {
        "text": f"SUBSTR({name}, {cut})",
        "binary": f"HEX_ENCODE(SUBSTR({name}, {cut}))",
        "date": f"TO_VARCHAR({name}, 'YYYY-MM-DD')",
        "timestamp_ntz": f"TO_VARCHAR({name}, 'YYYY-MM-DD HH24:MI:SS')",
        **dict.fromkeys(
            ("timestamp_ltz", "timestamp_tz"),
            f"TO_VARCHAR(CONVERT_TIMEZONE('UTC', {name}), 'YYYY-MM-DD HH24:MI:SS.FF6')",
        ),
        "real": f"IFF(ABS({name}) < 1e18 AND {name} = TRUNC({name}), TO_VARCHAR({whole}), "
        f"TO_VARCHAR({name}, 'TM9'))",
    }
    return written.get(kind, f"TO_VARCHAR({name})")
