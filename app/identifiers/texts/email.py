# ruff: noqa: RUF001
"""Decides which texts are an e-mail address and how it is written before it is hashed."""

from typing import Final

import polars as pl

from app.identifiers.cell_values.list_texts import SEPARATOR
from app.identifiers.cell_values.multiple_values import MOST, SEVERAL
from app.identifiers.cell_values.placeholders import PLACEHOLDER
from app.identifiers.cell_values.rule import Outcome, Ready, Steps, outcome
from app.identifiers.cell_values.text import blank, certain, composed, without_invisible
from app.identifiers.texts.addresses import addresses
from app.identifiers.texts.other_than import other_than

_SIGNS: Final = "a-z0-9_.+'!$~-"
_NOBODY: Final = (
    *("null", "none", "nan", "na", "nil", "undefined", "unknown", "blank", "empty", "nobody"),
    *("nomail", "no-mail", "noemail", "no-email", "noone", "no-one"),
)
_EMAIL_OF_NOBODY: Final = rf"^(?:{'|'.join(_NOBODY)})@(?:(?:{'|'.join(_NOBODY)})\.)+[a-z]+$"
"""null@null.null, none@none.com: written by a form or a person for "no address", and by many."""

_READY: Final = (
    rf"^(?:{other_than(_NOBODY, first='a-z0-9_', later=_SIGNS)})"
    r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$"
)
"""The shape of nearly every address, in lower-case ASCII; the others are looked at one by one."""

_BLANKS: Final = " \t\r\n"
_LONGEST_READY: Final = 64
"""In bytes: no part of such an address is too long."""

_LETTER: Final = r"\p{L}\p{N}"
_INSIDE: Final = r"\p{L}\p{N}\p{M}\x{00B7}\x{200C}\x{200D}"
_SHAPE: Final = (
    rf"^[{_LETTER}_][{_INSIDE}_.+'!&$~-]*@"
    rf"(?:[{_LETTER}](?:[{_INSIDE}-]*[{_LETTER}\p{{M}}])?\.)+"
    r"(?:xn--[a-z0-9-]{2,}|\p{L}[\p{L}\p{M}]+)$"
)
"""RFC 5321 as far as people are given addresses. Dots in a row and before the @ are real at
Japanese carriers. No one is known by a quoted local part, a route (`%`, `/`), a machine's number, or
a name that no registry takes (RFC 1123: no underscore, no hyphen at an end). How long its parts may be
is counted apart: sixty repeats of a class of letters cost more to compile than all addresses to read."""

_DOTTED_I: Final = "i\N{COMBINING DOT ABOVE}"
"""What a Turkish capital I with its dot is in lower case; the address has the i it was typed for."""

_TYPED_APOSTROPHES: Final = "[‘’ʼ＇´`]"
_FULL_STOP: Final = "。"
"""A dot of a domain wherever one is typed in Chinese or Japanese (RFC 3490)."""

_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_LONGEST_LABEL: Final = 63


def plain_emails(frame: pl.DataFrame) -> Ready:
    """What `email` makes of the raw texts (column `source`) that are plainly an address, in any case."""
    text = frame["source"]
    others = _unready(text)
    if not others.is_empty():
        # most have the shape already; of the others, most have it trimmed and in lower case
        lower = text.gather(others).str.strip_chars(_BLANKS).str.to_lowercase()
        text = text.clone().scatter(others, lower)
        others = others.gather(_unready(lower))
    return Ready(text, others)


def _unready(text: pl.Series) -> pl.Series:
    return (~text.str.contains(_READY) | (text.str.len_bytes() > _LONGEST_READY)).arg_true()


def email(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """Lower-case; what stands around an address goes, what then is none is `email_invalid`.

    Dots and plus tags of the local part stay, as do internationalised names
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    Several addresses in a cell: the first, and the others as the outcome's `rest`;
    `several_values` where they are too many. `placeholder` for null@null.null and its like.
    """
    given = frame["text"]
    lower = given.str.to_lowercase()
    steps.note("lower-case", lower)
    odd = _unready(lower)
    rest = None
    reason = blank(given)
    if not odd.is_empty():
        visible = composed(without_invisible(lower.gather(odd))).str.to_lowercase()
        visible = visible.str.replace_all(_DOTTED_I, "i", literal=True)
        found = _found(visible.str.replace_all(_FULL_STOP, "."), steps)
        lower = lower.scatter(odd, found["text"])
        reason = reason.scatter(odd, found["reason"])
        if found["rest"].null_count() < found.height:
            rest = blank(given).scatter(odd, found["rest"])
    nobody = certain(lower.str.contains(_EMAIL_OF_NOBODY))
    if nobody.any():
        lower, reason = lower.set(nobody, None), reason.set(nobody, PLACEHOLDER)
    worked = outcome(given, lower, "email_invalid")
    return Outcome(worked.text, reason.fill_null(worked.reason), rest)


def _found(text: pl.Series, steps: Steps) -> pl.DataFrame:
    """Columns text (an address or null), reason and rest of lower-case texts."""

    def note(rule: str, now: str) -> None:
        steps.note(rule, pl.Series([now]))

    steps.note("invisible characters out", text)
    distinct = text.drop_nulls().unique()
    found = [addresses(cell, note) for cell in distinct]
    first = pl.Series([some[0] for some in found], dtype=pl.String)
    first = first.str.replace_all(_TYPED_APOSTROPHES, "'")
    answers = pl.DataFrame(
        {
            "asked": distinct,
            "text": first.set(~(first.str.contains(_SHAPE) & _fits(first)), None),
            "reason": [SEVERAL if len(some) > MOST else None for some in found],
            "rest": [SEPARATOR.join(some[1:]) or None for some in found],
        },
        schema=dict.fromkeys(("asked", "text", "reason", "rest"), pl.String),
    )
    usable = pl.col("reason").is_null()
    answers = answers.with_columns(pl.when(usable).then(pl.col("text", "rest")))
    return (
        text.alias("asked").to_frame().join(answers, on="asked", how="left", maintain_order="left")
    )


def _fits(address: pl.Series) -> pl.Series:
    """Whether the parts are as short as they must be, in bytes."""
    frame = address.alias("whole").to_frame()
    whole, at = pl.col("whole"), pl.col("whole").str.split("@")
    labels = at.list.get(1, null_on_oob=True).str.split(".").list.eval(pl.element().str.len_bytes())
    fits = (
        (whole.str.len_bytes() <= _LONGEST)
        & (at.list.get(0).str.len_bytes() <= _LONGEST_LOCAL)
        & (labels.list.max() <= _LONGEST_LABEL)
    )
    return frame.select(fits.fill_null(value=False)).to_series()
