"""Takes the columns a plan names out of a frame, or says which one is not there or no values."""

import polars as pl

from app.errors import SourceError


def column_of(members: pl.DataFrame, name: str) -> pl.Series:
    """The column, matched by its exact name.

    Raises:
        SourceError: `attribute-missing`; `attribute-type-unsupported` for lists, structs, objects.

    """
    if name not in members.columns:
        raise SourceError(
            f"The members have no attribute {name}; map one they have.",
            code="attribute-missing",
            attribute=name,
        )
    column = members[name]
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise SourceError(
            f"The attribute {name} holds values of type {column.dtype}; map one of text, numbers "
            "or dates.",
            code="attribute-type-unsupported",
            attribute=name,
        )
    return column
