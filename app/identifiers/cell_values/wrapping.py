# ruff: noqa: RUF001
"""Takes off what other programs put around a value: guards, quotes, brackets, lists of one.

Spreadsheets guard texts from being read as numbers (`'00123`, `="00123"`), exports quote what is
quoted already, databases and data frames print lists. Hardly any cell has such a wrapping, so
one look over the column finds those few, and they are worked off one by one.
"""

import re
from typing import Final

import polars as pl

from app.identifiers.cell_values.html_entities import without_entities
from app.identifiers.cell_values.list_texts import SEPARATOR, NotText, listed
from app.identifiers.cell_values.multiple_values import SEVERAL
from app.identifiers.cell_values.placeholders import PLACEHOLDER, is_nothing
from app.identifiers.cell_values.rule import Steps
from app.identifiers.cell_values.text import blank, certain, change, composed, trim, trimmed
from app.identifiers.keys import MULTIPLE_KEYS, PLAIN_KEYS

NOT_TEXT: Final = "not_text"
FORMULA: Final = "formula"

QUOTES: Final = "\"'`´‘’‚‛“”„‟«»‹›「」『』〝〞〟＂＇｀｢｣"
"""Every sign that is typed for a quotation mark or an apostrophe."""

_SUSPECT: Final = (
    rf"(?s)^[{QUOTES}=\\]|[{QUOTES}]$|&(?:[A-Za-z]|#[0-9xX])|^\(.*\)$|^<.*>$|^\[.*\]$|^\{{.*\}}$"
    rf"|\\u[0-9a-fA-F]{{4}}|^[bBuUrR]['\"]|^[A-Za-z_][A-Za-z_.]*\(['\"]|{SEPARATOR}"
)
_GUARD_ONLY: Final = rf"^'[^{QUOTES}=\\&(<\[{{{SEPARATOR}][^{QUOTES}&{SEPARATOR}]*$"
"""The commonest of all, worked off at once."""

_PRINTED: Final = re.compile(
    r"""(?:[bBuUrR]{1,2}|[A-Za-z_][A-Za-z_.]*\()(["'])(.*)\1\)?""", re.DOTALL
)
"""`b'…'` and `Decimal('…')`: what Python prints for values that are not texts."""

_EXCEL: Final = re.compile(r"""=\s*(?:T\()?(["'])(.*)\1\)?""", re.DOTALL)
_EXCEL_NUMBER: Final = re.compile(r"=\s*([+-]?[0-9][0-9 ().+-]*)")
_ESCAPE: Final = re.compile(r"(?<!\\)\\u([0-9a-fA-F]{4})")
_BYTE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")
_BLANK: Final = re.compile(r"(?<!\\)\\[tnr]")
_LAYERS: Final = 12
_OWN_BRACKETS: Final = frozenset({"EMAIL", "PHONE"})
"""Keys whose rules know what a bracket means there."""


def unwrapped(text: pl.Series, key: str, steps: Steps) -> tuple[pl.Series, pl.Series]:
    """Trimmed texts without their wrappings, and why a cell has no text to normalize.

    Several values of a cell stand in one text, with `SEPARATOR` between them, where `key` takes
    several. Reasons: `not_text`, `several_values`, `formula`, `placeholder`.
    """
    reason = blank(text)
    suspects = certain(text.str.contains(_SUSPECT))
    if not suspects.any():
        return text, reason
    guarded = certain(text.str.contains(_GUARD_ONLY)) & suspects
    bare = change(text, guarded, lambda part: trim(part.str.slice(1)))
    places = (suspects & ~guarded).arg_true()
    if places.is_empty():
        steps.note("guard off", bare)
        return bare, reason
    part = bare.gather(places)
    distinct = part.unique()
    found = pl.DataFrame(
        [_unwrapped(cell, key) for cell in distinct],
        schema={"text": pl.String, "reason": pl.String},
        orient="row",
    ).with_columns(distinct.alias("asked"))
    joined = (
        part.alias("asked").to_frame().join(found, on="asked", how="left", maintain_order="left")
    )
    texts = joined["text"] if key in PLAIN_KEYS else composed(joined["text"])
    bare = bare.scatter(places, texts)
    steps.note("guards, quotes, entities and brackets off", bare)
    return bare, reason.scatter(places, joined["reason"])


class _Refused(Exception):
    """Why a cell has no text."""


def _unwrapped(text: str, key: str) -> tuple[str | None, str | None]:
    """The text of one cell, and the reason why it has none; neither where nothing is left."""
    try:
        for _ in range(_LAYERS):
            before = text
            text = _unquoted(_calculated(trimmed(_unescaped(without_entities(text)))))
            values = _values(text)
            text = _out_of_brackets(text, key) if values is None else _single(values, key)
            if text == before:
                break
    except NotText:
        return None, NOT_TEXT
    except _Refused as refusal:
        return None, str(refusal)
    return text or None, None


def _unescaped(text: str) -> str:
    """The signs that JSON wrote by number (backslash, u, four digits) and nobody read."""
    if "\\u" not in text:
        return text
    read = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _calculated(text: str) -> str:
    """The value of the formulas and calls that do nothing but keep it."""
    if text.startswith("="):
        formula, number = _EXCEL.fullmatch(text), _EXCEL_NUMBER.fullmatch(text)
        if number is not None:
            return number[1]
        if formula is None:
            raise _Refused(FORMULA)
        return formula[2].replace('""', '"')
    printed = _PRINTED.fullmatch(text)
    if printed is None:
        return text
    if text[0] in "bB" and "\\x" in text:
        return (
            _BYTE.sub(lambda found: chr(int(found[1], 16)), printed[2])
            .encode("latin-1", "replace")
            .decode("utf-8", "replace")
        )
    return _BLANK.sub(" ", printed[2]).replace("\\\\", "\\")


def _single(values: list[str], key: str) -> str:
    kept = [*dict.fromkeys(values)]
    if len(kept) > 1 and key not in MULTIPLE_KEYS:
        raise _Refused(SEVERAL)
    return SEPARATOR.join(kept)


def _out_of_brackets(text: str, key: str) -> str:
    inner = _in_brackets(text)
    if inner is None:
        return text
    if is_nothing(inner):
        raise _Refused(PLACEHOLDER)
    return text if key in _OWN_BRACKETS else inner


def _values(text: str) -> list[str] | None:
    if is_nothing(text[1:-1]):  # "[null]" is a word, no list
        return None
    return listed(text)


def _unquoted(text: str) -> str:
    """Without one pair of quotes, and without quotes that have lost their partner."""
    bare = text.removeprefix("\\") if text.startswith(('\\"', "\\'")) else text
    if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
        inner = bare[1:-1]
        return trimmed(inner.removesuffix("\\") if bare is not text else inner)
    return trimmed(bare.strip(QUOTES))


def _in_brackets(text: str) -> str | None:
    """What one pair of brackets around the whole text encloses."""
    if len(text) < 2 or {"(": ")", "<": ">", "[": "]", "{": "}"}.get(text[0]) != text[-1]:
        return None
    inner = text[1:-1]
    return None if text[0] in inner or text[-1] in inner else trimmed(inner)
