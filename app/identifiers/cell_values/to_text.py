"""Brings a column of any type to the texts that a key's rule can take, or says why a cell has none.

The steps every key shares, in their order: text, trim, composed and plain forms, wrappings off,
hashes and words for nothing told.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from app.identifiers.cell_values.multiple_values import Split, first_of
from app.identifiers.cell_values.placeholders import placeholders
from app.identifiers.cell_values.prehashed_and_placeholders import kinds
from app.identifiers.cell_values.rule import Steps
from app.identifiers.cell_values.text import as_given, as_text, blank, broken
from app.identifiers.cell_values.wrapping import unwrapped

_UNTOUCHED: Final = {
    "PHONE": r"^[+(]{0,2}(?:[0-9]{1,6}[ ().-]{1,3})*[0-9]{1,15}$",
    "ZIP": "^(?:[A-Za-z]{1,2}-?)?[0-9][0-9A-Za-z -]{0,11}$",
}
"""Shapes of nearly all cells of keys whose cells hardly repeat: one value, nothing around it."""


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """One column, ready for its rule; all as long as the input.

    `text`: what a cell says, null where there is nothing; `kind`: `peculiar.OWN`, or the reason not
    to use the text, else null; `digest`: the hash that `OWN` cells are, in lower-case hex;
    `rest`: what follows the first of several values.
    """

    text: pl.Series
    kind: pl.Series
    digest: pl.Series
    rest: pl.Series


def read_texts(
    column: pl.Series, key: str, steps: Steps, *, hashed: bool = True, split: Split | None = None
) -> Read:
    """What the cells of `column` say under `key`.

    Keys that are not hashed keep the characters they came with, and a hash is a text like others.
    Reasons: those of `peculiar.kinds` and `wrapping.unwrapped`, and `text_broken`.
    """
    text = as_text(column) if hashed else as_given(column).alias("text")
    steps.note("trim", text)
    if key not in _UNTOUCHED:
        return _read(text, key, steps, hashed=hashed, split=split)
    others = (~text.str.contains(_UNTOUCHED[key])).arg_true()
    none = blank(text)
    if others.is_empty():
        return Read(text, none, none, none)
    few = _read(text.gather(others), key, steps, hashed=hashed, split=split)
    return Read(
        text.clone().scatter(others, few.text),
        none.clone().scatter(others, few.kind),
        none.clone().scatter(others, few.digest),
        none.clone().scatter(others, few.rest),
    )


def _read(text: pl.Series, key: str, steps: Steps, *, hashed: bool, split: Split | None) -> Read:
    bare, refused = unwrapped(text, key, steps)
    kind, digest = kinds(bare, key) if hashed else (placeholders(bare, key), blank(bare))
    lost = broken(bare)
    if lost is not None:
        kind = kind.set(lost, "text_broken")
    if refused.null_count() < refused.len():
        kind = refused.fill_null(kind)
        bare = bare.zip_with(refused.is_null(), text)  # a refused cell was given all the same
    if split is None:
        return Read(bare, kind, digest, blank(bare))
    found = first_of(bare, split)
    steps.note("first of several", found["first"])
    return Read(found["first"], kind.fill_null(found["reason"]), digest, found["rest"])
