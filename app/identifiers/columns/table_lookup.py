"""Looks whole columns up in a table without building the table anew for every chunk."""

from collections.abc import Mapping

import polars as pl


class Lookup:
    """A mapping of texts that columns are translated by; built once, shared by threads."""

    def __init__(self, table: Mapping[str, str] | Mapping[str, int]) -> None:
        self._table = pl.DataFrame({"text": [*table], "meaning": [*table.values()]})

    def __call__(self, text: pl.Series) -> pl.Series:
        """The meaning of each text, null where the table has none."""
        asked = text.alias("text").to_frame()
        found = asked.join(self._table, on="text", how="left", maintain_order="left")
        return found["meaning"].alias(text.name)
