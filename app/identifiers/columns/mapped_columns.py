"""Takes the columns a plan names out of a frame, or says which one is not there."""

import polars as pl

from app.errors import SourceError
from app.identifiers.cell_values.list_texts import OBJECT, SEPARATOR
from app.identifiers.cell_values.text import as_text, blank


def column_of(members: pl.DataFrame, name: str) -> pl.Series:
    """The column, matched by its exact name; lists and structs as the texts that stand for them.

    A list of values is its values with `lists.SEPARATOR` between them, anything else that has a
    structure is `lists.OBJECT`: `wrapping.unwrapped` judges both as it judges JSON in a text.

    Raises:
        SourceError: `attribute-missing`.

    """
    if name not in members.columns:
        raise SourceError(
            f"The members have no attribute {name}; map one they have.",
            code="attribute-missing",
            attribute=name,
        )
    column = members[name]
    if not column.dtype.is_nested() and column.dtype != pl.Object:
        return column
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    if isinstance(column.dtype, pl.List):
        return _joined(column)
    return blank(column).set(column.is_not_null(), OBJECT).alias(name)


def _joined(column: pl.Series) -> pl.Series:
    lengths = column.list.len().fill_null(0)
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else None
    if inner is None or inner.is_nested() or inner == pl.Object:
        return blank(column).set(lengths > 0, OBJECT).alias(column.name)
    items = column.alias("item").to_frame().with_row_index("row").explode("item")
    texts = items.with_columns(as_text(items["item"]).alias("item")).drop_nulls()
    found = texts.group_by("row", maintain_order=True).agg(pl.col("item").str.join(SEPARATOR))
    return blank(column).scatter(found["row"], found["item"]).alias(column.name)
