"""Tells a member called Null from a member of whom nothing is known."""

from functools import cache

import polars as pl

from app.identifiers.cell_values.placeholders import PLACEHOLDER, words_of_names
from app.identifiers.cell_values.text import certain
from app.identifiers.columns.apply_rule import Cells


def beside_first_name(last: Cells, first: Cells) -> Cells:
    """`last` without the words for nothing of members that have no usable first name either.

    `Ann Null` is a person, `NULL NULL` is a row without a name (`placeholder`).
    """
    lacking = first.value.is_null().arg_true()
    text = last.text
    nobodys = lacking.filter(certain(text.gather(lacking).is_in(_words())))
    if nobodys.is_empty():
        return last
    nothing = (text.is_null() & False).scatter(nobodys, values=True)
    frame = pl.DataFrame([last.value.alias("value"), nothing.alias("nothing")])
    value = frame.select(pl.when(~pl.col("nothing")).then("value")).to_series()
    text, reason = text.set(nothing, None), last.reason.set(nothing, PLACEHOLDER)
    return Cells(value, text, reason, last.filled)


@cache
def _words() -> list[str]:
    return words_of_names()
