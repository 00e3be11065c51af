"""Which column of a database a name means: the exact one, or the only one that differs by case alone.

Warehouses write names in capitals that people write in small letters.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from app.sources import errors
from app.sources.member_source import Attribute

CASELESS_KINDS: Final = frozenset({"bigquery", "clickhouse", "mysql", "snowflake"})
"""Kinds of source in which the case of a column's name may differ."""


def column_named(name: str, there: Collection[str]) -> str | None:
    """The column a name means, None if there is none or if it could be several."""
    if name in there:
        return name
    found = [column for column in there if column.casefold() == name.casefold()]
    return found[0] if len(found) == 1 else None


def columns_named(
    source: Mapping[str, Any], names: Iterable[str], there: Collection[str]
) -> dict[str, str | None]:
    """Name → column of this source, None for those that are not there."""
    if source["kind"] in CASELESS_KINDS:
        return {name: column_named(name, there) for name in names}
    return {name: name if name in there else None for name in names}


def found_columns(
    where: str, names: Sequence[str], attributes: Sequence[Attribute]
) -> list[Attribute]:
    """The columns that these names mean, in their order. Raises `attribute-missing`."""
    there = {item.name: item for item in attributes}
    found = [column_named(name, there) for name in names]
    if missing := [name for name, column in zip(names, found, strict=True) if column is None]:
        raise errors.attribute_missing(where, missing)
    return [there[column] for column in found if column is not None]


def check_unique(where: str, names: Sequence[str]) -> None:
    """Raises `source-invalid` if two columns have one name."""
    if len(set(names)) < len(names):
        raise errors.invalid(f"{where} has two columns of one name; rename one with AS.")


def free_names(count: int, there: Collection[str]) -> list[str]:
    """So many names that are not those of any column, which an expression beside them could mean."""
    prefix = "member_"
    while any(name.casefold().startswith(prefix) for name in there):
        prefix += "_"
    return [f"{prefix}{place}" for place in range(count)]
