"""Works off what follows the first value of cells that hold several: `a@b.de; c@d.de`."""

from collections.abc import Iterator

import polars as pl

from app.identifiers.cell_values.multiple_values import Split
from app.identifiers.cell_values.rule import Rule, Steps
from app.identifiers.columns.apply_rule import Cells, hashed_cells


def further_cells(
    first: Cells, key: str, rule: Rule, steps: Steps, *, region: pl.Series, split: Split | None
) -> Iterator[tuple[Cells, Steps]]:
    """The second, third, … values of the cells of `first`, as high as it, with their own steps."""
    rest, height = first.rest, first.value.len()
    while rest is not None:
        rows = rest.is_not_null().arg_true()
        own = Steps(None if steps.taken is None else [])
        few = hashed_cells(
            rest.gather(rows), key, rule, own, region=region.gather(rows), split=split
        )
        number = pl.int_range(rows.len(), dtype=pl.UInt32, eager=True)
        none = pl.Series([None], dtype=pl.UInt32).new_from_index(0, height)
        place = none.scatter(rows, number)
        yield (
            Cells(
                few.value.gather(place),
                few.text.gather(place),
                few.reason.gather(place),
                few.filled,
            ),
            own,
        )
        rest = None if few.rest is None else few.rest.gather(place)
