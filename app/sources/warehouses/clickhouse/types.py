"""Types of ClickHouse: what the values of a column are, and how the server writes them as text.

https://clickhouse.com/docs/sql-reference/data-types
"""

import re
from typing import Final

import polars as pl

from app.sources.databases.segment_databases import quoted_name
from app.sources.databases.typed_columns import FloatType
from app.sources.member_source import Attribute

_TEXT_LIST: Final = re.compile(
    r"Array\((?:LowCardinality\()?(?:Nullable\()?(?:String|FixedString\(\d+\)|Enum\d+\(.*)\)*"
)
_KINDS: Final = (
    (re.compile(r"U?Int\d+"), "integer"),
    (re.compile(r"B?Float\d+|Decimal"), "number"),
    (re.compile(r"DateTime"), "datetime"),
    (re.compile(r"Date"), "date"),
    (re.compile(r"Bool"), "boolean"),
    (re.compile(r"JSON|Object"), "json"),
    (_TEXT_LIST, "list"),
    (re.compile(r"Array|Map|Tuple|Nested|Variant|Dynamic|AggregateFunction"), "other"),
    (re.compile(r"Point|Ring|(?:Multi)?(?:Polygon|LineString)|Geometry"), "other"),
)


def _bare(kind: str) -> str:
    """The type without what says that it may be null or is stored as a dictionary."""
    while kind.startswith(("Nullable(", "LowCardinality(")):
        kind = kind.partition("(")[2].removesuffix(")")
    return kind


def data_type(kind: str) -> str:
    plain = _bare(kind)
    return next((name for pattern, name in _KINDS if pattern.match(plain)), "string")


def float_type(kind: str) -> FloatType | None:
    """How wide a float is; None for other types."""
    plain = _bare(kind)
    if plain in {"Float32", "BFloat16"}:
        return pl.Float32
    return pl.Float64 if plain == "Float64" else None


def selected(column: Attribute, most: int) -> str:
    """The column as text, cut where it is too long: a whole value would be held in memory.

    `data_type` of the column is the server's own here. Lists become JSON.
    """
    name, kind = quoted_name(column.name, "`", escapes=True), _bare(column.data_type)
    told = data_type(kind)
    if kind == "String":
        return f"substring({name}, 1, {most + 1})"
    if kind.startswith("FixedString"):
        return f"toStringCutToZero({name})"
    if told == "datetime":
        return f"toString(toTimeZone({name}, 'UTC'))"
    if told in {"list", "other", "json"}:
        return f"substring(toJSONString({name}), 1, {most + 1})"
    return f"toString({name})"
