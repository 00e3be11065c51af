"""Gives a member with several e-mails or phones one row for each of them."""

import polars as pl

_ROW = "row of the member"


def expand(rows: pl.DataFrame, several: dict[str, list[pl.Series]]) -> pl.DataFrame:
    """`rows` with a column for each key of `several`, repeated as often as a member needs.

    The usable values of a member are taken in the order of the mapping, equal ones once. The
    first row has the first e-mail and the first phone, the second the second of each, and so on;
    a member with fewer of one key has its first value in the rows that are left. So each value
    is in some row, a member has as many rows as the longer list, and at least one.
    """
    if not several:
        return rows
    lists = {key: _distinct(values) for key, values in several.items()}
    width = pl.max_horizontal(pl.lit(1), *(pl.col(key).list.len() for key in lists))
    numbered = rows.with_columns(lists.values()).with_columns(pl.int_ranges(0, width).alias(_ROW))
    picked = [
        pl.col(key).list.get(pl.col(_ROW), null_on_oob=True).fill_null(pl.col(key).list.first())
        for key in lists
    ]
    return numbered.explode(_ROW).with_columns(picked).drop(_ROW)


def _distinct(values: list[pl.Series]) -> pl.Series:
    """A list a member of its usable values, in order and without repeats."""
    slots = pl.DataFrame([slot.alias(str(place)) for place, slot in enumerate(values)])
    for later in range(1, len(values)):
        earlier = [pl.col(str(place)) for place in range(later)]
        repeated = pl.any_horizontal(pl.col(str(later)).eq_missing(slot) for slot in earlier)
        slots = slots.with_columns(pl.when(~repeated).then(pl.col(str(later))).alias(str(later)))
    name = values[0].name
    return slots.select(pl.concat_list(pl.all()).list.drop_nulls().alias(name)).to_series()
