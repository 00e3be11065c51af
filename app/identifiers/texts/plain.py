"""Checks the keys that are sent as they are: device ids, the advertiser's own ids and values."""

from typing import Final

import polars as pl

from app.identifiers.cell_values.placeholders import PLACEHOLDER
from app.identifiers.cell_values.rule import Outcome, Steps, outcome
from app.identifiers.cell_values.text import blank, certain

_DEVICE: Final = (
    r"^[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$|^[0-9a-z]{6}(?:-[0-9a-z]{4}){3}-[0-9a-z]{13}$"
)
_WITHOUT_HYPHENS: Final = (
    "^([0-9a-f]{8})([0-9a-f]{4})(4[0-9a-f]{3})([89ab][0-9a-f]{3})([0-9a-f]{12})$"
)
"""A random UUID (RFC 9562), which these ids are; of MD5s one in 64 looks so."""

_ZEROED: Final = r"^[0-]{32,36}$"
_ALIKE: Final = tuple(digit * 8 for digit in "123456789abcdef")
_ONE_DIGIT: Final = "|".join(f"^[{start[0]}-]+$" for start in _ALIKE)
"""One digit all along: what programs send that know no id, so that strangers share it."""

_ROUNDED: Final = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$"
"""A number whose last digits a spreadsheet or a float lost: many members share what is left."""

_DECORATED: Final = (
    r"^[,;:.<>()\[\]{}|*!?=&/]|[,;:.<>()\[\]{}|*!?&/]$|[\t\n;|<>\x{FF01}-\x{FF5E}]|^[-\x{2022}] "
    r"|^[A-Za-z_ ]{1,20}: |^mailto:|\?[a-z]+="
)
"""Signs that begin or end no id (base64 ends with =), or stand in none: it is a piece, or more."""
_NUMBER: Final = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"


def device(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """MADID: lower-case with its hyphens; `madid_invalid` unless shaped like one.

    The shape is checked because the value is not hashed: a wrongly mapped column must not leave
    in plain. Letters beyond f pass, as they do at Meta. 32 digits get the hyphens a UUID has.
    All zeros (`madid_zeroed`) is what a device answers whose owner opted out.
    """
    given = frame["text"]
    lower = given.str.to_lowercase()
    steps.note("lower-case", lower)
    lower = lower.str.replace(_WITHOUT_HYPHENS, "$1-$2-$3-$4-$5")
    steps.note("hyphens of a UUID", lower)
    unlike = certain(~lower.str.contains(_DEVICE))
    zeroed = certain(lower.str.contains(_ZEROED))
    shared = certain(lower.str.slice(0, 8).is_in(_ALIKE))
    if shared.any():
        shared &= certain(lower.str.contains(_ONE_DIGIT))
    found = outcome(given, lower.set(zeroed | unlike | shared, None), "madid_invalid")
    reason = found.reason.set(shared, PLACEHOLDER)
    return Outcome(found.text, reason.set(zeroed, "madid_zeroed"))


def external_id(frame: pl.DataFrame, steps: Steps) -> Outcome:  # noqa: ARG001
    """EXTERN_ID: exactly what the source holds, without what was wrapped around it.

    `extern_id_rounded` for 1.65E+10, `extern_id_invalid` for what begins or ends with a sign that
    belongs to a list or a sentence: a piece of something is no id, and strangers may share it.
    """
    text = frame["text"]
    reason = blank(text)
    for shape, name in ((_ROUNDED, "extern_id_rounded"), (_DECORATED, "extern_id_invalid")):
        found = certain(text.str.contains(shape))
        if found.any():
            text, reason = text.set(found, None), reason.set(found, name)
    return Outcome(text, reason)


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
