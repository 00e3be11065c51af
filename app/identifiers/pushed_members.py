"""Makes pushed members keepable: every key normalized and hashed on arrival, nobody left out."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from app.identifiers.columns.digest import in_bytes
from app.identifiers.expansion import expand
from app.identifiers.keys import ATTRIBUTE_KEYS, SCHEMA_KEYS, KeyIdentifier, schema_keys_of
from app.identifiers.plan import IdentifierPlan
from app.identifiers.rulebook import apply_rules

PUSHED_KEYS: Final = tuple(item.key for item in ATTRIBUTE_KEYS)
"""What the columns of pushed members may be called."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One frame of pushed members as it is kept: a row a member, and one more for each further
    e-mail or phone in a cell that holds several.

    Its columns are in canonical order, hashed ones Binary of 32 bytes, plain ones String, null
    where nothing usable was given. `refused`: key to reason to values that cannot be used. `filled`:
    key to values that were given.
    """

    rows: pl.DataFrame
    refused: dict[str, dict[str, int]]
    filled: dict[str, int]


def keep(
    frame: pl.DataFrame,
    *,
    default_country: str | None = None,
    date_format: str | None = None,
    time_zone: str = "UTC",
) -> Kept:
    """Normalize and hash members whose columns are named by Meta's keys (PUSHED_KEYS).

    Values that are SHA-256 already pass. With `default_country` (alpha-2) there is a COUNTRY, filled
    where a member gives none.
    """
    plan = IdentifierPlan(
        # which is the one that takes a country from the default when no column gives it
        KeyIdentifier.NAME_AND_ADDRESS,
        {key: (key,) for key in PUSHED_KEYS if key in frame.columns},
        default_country=default_country,
        date_format=date_format,
        time_zone=time_zone,
    )
    found = apply_rules(frame, plan)
    there = [key for key in SCHEMA_KEYS if found.cells.get(key)]
    columns = [found.cells[key][0].value.alias(key) for key in there]
    several = {
        key: [in_bytes(cells.value).alias(key) for cells in found.cells[key]]
        for key in there
        if len(found.cells[key]) > 1
    }
    return Kept(expand(pl.DataFrame(columns), several).select(there), found.refused, found.filled)


def mappable_keys(pushed: set[str], *, default_country: str | None) -> tuple[str, ...]:
    """The keys an export may map when these were pushed: a date of birth gives its parts too."""
    there = set(pushed)
    for key in pushed:
        there.update(schema_keys_of(key))
    if there >= set(schema_keys_of("DOB")):
        there.add("DOB")
    if default_country is not None:
        there.add("COUNTRY")
    return tuple(key for key in PUSHED_KEYS if key in there)
