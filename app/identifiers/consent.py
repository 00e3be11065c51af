"""Keeps members without consent out before anything of theirs is looked at."""

from typing import Final

import polars as pl

from app.identifiers.cell_values.text import as_text
from app.identifiers.columns.mapped_columns import column_of
from app.identifiers.plan import Consent

_OF_SERVERS: Final = {"t": "true", "1": "true", "f": "false", "0": "false"}


def consenting(frame: pl.DataFrame, consent: Consent | None) -> pl.DataFrame:
    """The members whose consent attribute equals what the plan asks for.

    Compared as text, trimmed, whatever the case: a boolean `true`, a `TRUE` from a CSV and the
    JSON value true are one; 1 and 1.0 are one; everything else, and nothing, is no consent. A column of
    truth values is also asked by the words of its server (`t`, `1`).
    """
    if consent is None:
        return frame
    wanted = as_text(pl.Series([consent.equals], strict=False)).str.to_lowercase()[0]
    column = column_of(frame, consent.attribute)
    if column.dtype == pl.Boolean:
        wanted = _OF_SERVERS.get(wanted, wanted)
    given = as_text(column).str.to_lowercase()
    if wanted is None:
        return frame.clear()
    return frame.filter(given == wanted)
