"""Checks the keys that are sent as they are: device ids, the advertiser's own ids and values."""

from typing import Final

import polars as pl

from app.identifiers.columns.rule import Outcome, Steps, outcome
from app.identifiers.columns.text import blank, certain

_DEVICE: Final = (
    r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^[0-9a-f]{6}(?:-[0-9a-f]{4}){3}-[0-9a-f]{13}$"
)
_ZEROED: Final = r"^[0-]+$"
_NUMBER: Final = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"


def device(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """MADID: lower-case with its hyphens; `madid_invalid` unless shaped like one.

    The shape is checked because the value is not hashed: a wrongly mapped column must not leave
    in plain. All zeros (`madid_zeroed`) is what a device answers whose owner opted out.
    """
    given = frame["text"]
    lower = given.str.to_lowercase()
    steps.note("lower-case", lower)
    unlike = certain(~lower.str.contains(_DEVICE))
    zeroed = certain(lower.str.contains(_ZEROED)) & ~unlike
    found = outcome(given, lower.set(zeroed | unlike, None), "madid_invalid")
    if zeroed.any():
        return Outcome(found.text, found.reason.set(zeroed, "madid_zeroed"))
    return found


def external_id(frame: pl.DataFrame, steps: Steps) -> Outcome:  # noqa: ARG001
    """EXTERN_ID: trimmed, otherwise exactly what the source holds."""
    return Outcome(frame["text"], blank(frame["text"]))


def customer_value(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """LOOKALIKE_VALUE: a decimal number of at least 0, written as JSON writes it.

    `lookalike_value_invalid` for anything but a finite number, `lookalike_value_negative` below 0.
    """
    given = frame["text"]
    number = given.set(~given.str.contains(_NUMBER), None).cast(pl.Float64, strict=False)
    number = number.set(~number.is_finite(), None)
    negative = number < 0
    whole = (number == number.floor()) & (number < 2**53)
    # adding 0 turns -0.0 into 0.0, which JSON readers show as a plain zero
    digits = (number + 0.0).cast(pl.Int64, strict=False).cast(pl.String)
    text = digits.zip_with(whole, number.cast(pl.String))
    steps.note("as a number", text)
    found = outcome(given, text.set(negative, None), "lookalike_value_invalid")
    if negative.any():
        return Outcome(found.text, found.reason.set(negative, "lookalike_value_negative"))
    return found
