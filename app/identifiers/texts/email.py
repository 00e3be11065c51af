"""Decides which texts are an e-mail address and how it is written before it is hashed."""

from typing import Final

import polars as pl

from app.identifiers.columns.rule import Outcome, Steps, outcome
from app.identifiers.columns.text import change, compose, without_invisible

EMAIL_READY: Final = r"^[!-?A-~]+@[!-\-/-?A-~]+(?:\.[!-\-/-?A-~]+)+$"
"""The shape of nearly every address: one @ and a domain of labels, in visible ASCII."""

_ANY_SCRIPT: Final = r"^[^@\s\p{Z}\p{Cc}]+@[^@.\s\p{Z}\p{Cc}]+(?:\.[^@.\s\p{Z}\p{Cc}]+)+$"
"""One @, something before it, and a domain of two labels or more, none of them empty."""


def email(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """Lower-case; refused (`email_invalid`) unless it has one @ and a dot in its domain.

    Dots and plus tags of the local part stay, as do internationalised names
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    Space or a control character inside refuses; characters that show nothing are dropped.
    """
    given = frame["text"]
    lower = given.str.to_lowercase()
    steps.note("lower-case", lower)
    odd = ~lower.str.contains(EMAIL_READY)
    text = change(lower, odd, lambda part: _any_script(part, steps))
    return outcome(given, text, "email_invalid")


def _any_script(text: pl.Series, steps: Steps) -> pl.Series:
    visible = compose(without_invisible(text))
    steps.note("invisible characters out", visible)
    return visible.set(~visible.str.contains(_ANY_SCRIPT), None)
