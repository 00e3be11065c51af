"""Marks the rows that Meta may use in a limited way only, by the rule of the export."""

from collections.abc import Mapping

import polars as pl

from app.identifiers.cell_values.rule import Steps
from app.identifiers.columns.apply_rule import Cells, hashed_cells
from app.identifiers.columns.digest import equals, in_bytes, sha256
from app.identifiers.keys import LDU_KEYS
from app.identifiers.places.state import state
from app.identifiers.plan import IdentifierPlan

_UNITED_STATES = "1"
_CALIFORNIA = "1000"
_META_DECIDES = "0"


def limited_use(cells: Mapping[str, Cells], plan: IdentifierPlan) -> pl.DataFrame:
    """The three data-processing columns for members with these cells; no column without a rule.

    A member of one of the states gets `LDU`, country 1 and, in California, state 1000 (other
    states 0: Meta geolocates); all others null, 0 and 0: an empty option list on the wire
    (https://developers.facebook.com/docs/marketing-apis/data-processing-options).
    States and countries are compared by their hashes, so that hashed members count as well.
    """
    if plan.ldu is None:
        return pl.DataFrame()
    limited = _within(cells["ST"].value, [*plan.ldu.states]) & _at_home(cells, plan)
    californian = _within(cells["ST"].value, ["ca"])
    off = pl.Series([_META_DECIDES]).new_from_index(0, limited.len())
    columns = (
        pl.select(pl.when(limited).then(pl.lit("LDU"))).to_series(),
        off.set(limited, _UNITED_STATES),
        off.set(limited & californian, _CALIFORNIA),
    )
    return pl.DataFrame([c.alias(name) for c, name in zip(columns, LDU_KEYS, strict=True)])


def _within(digest: pl.Series, states: list[str]) -> pl.Series:
    frame_of = pl.Series("text", states, dtype=pl.String)
    country = pl.Series(["us"]).new_from_index(0, frame_of.len())
    wanted = hashed_cells(frame_of, "ST", state, Steps(), region=country).value.drop_nulls()
    return in_bytes(digest).is_in(wanted.implode()).fill_null(value=False)


def _at_home(cells: Mapping[str, Cells], plan: IdentifierPlan) -> pl.Series:
    assert plan.ldu is not None
    home = plan.ldu.country.lower()
    by_default = (plan.default_country or "").lower() == home
    length = cells["ST"].value.len()
    if "COUNTRY" not in cells:
        return pl.Series([by_default]).new_from_index(0, length)
    return equals(in_bytes(cells["COUNTRY"].value), sha256(pl.Series([home]))[0])
