"""Types of BigQuery: what the values of a column are, and how the server writes them as text.

https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
"""

from collections.abc import Mapping
from typing import Any, Final

from app.sources.databases.segment_databases import quoted_name

_TYPES: Final = {
    **dict.fromkeys(("INTEGER", "INT64"), "integer"),
    **dict.fromkeys(("NUMERIC", "BIGNUMERIC", "FLOAT", "FLOAT64"), "number"),
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), "datetime"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    **dict.fromkeys(("RECORD", "STRUCT", "GEOGRAPHY", "RANGE", "INTERVAL"), "other"),
    "DATE": "date",
    "BYTES": "binary",
    "JSON": "json",
}


def data_type(field: Mapping[str, Any]) -> str:
    """As `app.sources.member_source.Attribute` has it, of one field of a schema."""
    kind = _TYPES.get(str(field["type"]).upper(), "string")
    if str(field.get("mode", "")).upper() == "REPEATED":
        return "list" if kind == "string" else "other"
    return kind


def is_instant(field: Mapping[str, Any]) -> bool:
    """Whether where it is a date depends on the zone."""
    return str(field["type"]).upper() == "TIMESTAMP" and data_type(field) == "datetime"


def is_float(field: Mapping[str, Any]) -> bool:
    """Whether it is of 64 bits, and no decimal."""
    return str(field["type"]).upper().startswith("FLOAT") and data_type(field) == "number"


def selected(field: Mapping[str, Any], most: int) -> str:
    """The column as text, cut where it is too long: a whole value would be held in memory.

    Lists become JSON; bytes arrive in base64.
    """
    name, told = quoted_name(str(field["name"]), "`", escapes=True), data_type(field)
    if told == "binary":
        return f"TO_BASE64(SUBSTR({name}, 1, {most + 1}))"
    if told in {"list", "other", "json"}:
        return f"SUBSTR(TO_JSON_STRING({name}), 1, {most + 1})"
    if is_float(field):
        return f"FORMAT('%.17g', {name})"
    if is_instant(field):
        return f"FORMAT_TIMESTAMP('%F %H:%M:%E6S', {name}, 'UTC')"
    if str(field["type"]).upper() == "STRING":
        return f"SUBSTR({name}, 1, {most + 1})"
    return f"CAST({name} AS STRING)"
