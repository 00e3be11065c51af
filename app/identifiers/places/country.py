"""Normalizes COUNTRY: codes, names in all languages of CLDR, and labels made of both."""

from functools import reduce
from typing import Final

import polars as pl

from app.identifiers.cell_values.rule import Outcome, Steps, outcome
from app.identifiers.cell_values.text import blank
from app.identifiers.columns.apply_rule import Cells
from app.identifiers.columns.digest import in_bytes, sha256
from app.identifiers.places.country_names import ALPHA_2, by_code, by_name
from app.identifiers.texts.names import letters, lower

_ARTICLE: Final = "^the|the$"
_DECIMALS: Final = r"^([0-9]{3})\.0+$"
_TWO_PARTS: Final = (
    r"^(.+?)\s*[(\[{]\s*(.+?)\s*[)\]}]$",  # United States (US), Germany [Deutschland]
    r"^([\p{L}\p{N}]{2,3})[\s\p{Pd}:|/,;_.=>]+(.+)$",  # US - United States, 276: Germany
    r"^(.+?)[\s\p{Pd}:|/,;_.=>]+([\p{L}\p{N}]{2,3})$",  # Germany, DE
    r"^(.+?)\s+\p{Pd}+\s+(.+)$",  # Germany - Deutschland
    r"^(.+?)\s*[:|/;,]\s*(.+)$",  # Suisse/Schweiz
)
"""Labels of two parts. Both must be the same country's: Georgia (US) is none."""


def country(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """COUNTRY: alpha-2, lower-case, from codes, names and aliases; else `country_unknown`.

    Names are compared by their letters, so that `Côte d'Ivoire` and `COTE D IVOIRE` are one
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    given = frame["text"]
    small = lower(given)
    code = by_code()(small)
    word = letters(small)
    steps.note("only letters, lower-case, accents folded", word)
    code = code.fill_null(by_name()(word))
    code = _labels_read(code, small)
    steps.note("looked up", code)
    return outcome(given, code, "country_unknown")


def _labels_read(code: pl.Series, small: pl.Series) -> pl.Series:
    """`code`, with the labels among the texts that have none looked at closely."""
    places = (code.is_null() & small.is_not_null()).arg_true()
    if places.is_empty():
        return code
    label = small.gather(places)
    whole = label.str.replace(_DECIMALS, "$1")
    found = by_code()(whole).fill_null(by_name()(letters(label).str.replace(_ARTICLE, "")))
    found = reduce(lambda known, shape: known.fill_null(_agreed(label, shape)), _TWO_PARTS, found)
    return code.clone().scatter(places, found)


def _agreed(label: pl.Series, shape: str) -> pl.Series:
    """The country that both parts of a label name; null where they do not."""
    first, second = (_part(label.str.extract(shape, group)) for group in (1, 2))
    return first.zip_with((first == second).fill_null(value=False), blank(label))


def _part(text: pl.Series) -> pl.Series:
    name = letters(text)
    bare = name.str.replace(_ARTICLE, "")
    return by_code()(text).fill_null(by_name()(name)).fill_null(by_name()(bare))


def country_of(cells: Cells) -> pl.Series:
    """Alpha-2 of COUNTRY cells, also of those that came hashed; null where it is not known."""
    unread = cells.text.is_null() & cells.value.is_not_null()
    if not unread.any():
        return cells.text
    codes = pl.Series("code", sorted(ALPHA_2))
    known = pl.DataFrame([sha256(codes).alias("value"), codes])
    frame = in_bytes(cells.value).alias("value").to_frame()
    found = frame.join(known, on="value", how="left", maintain_order="left")["code"]
    return cells.text.fill_null(found)
