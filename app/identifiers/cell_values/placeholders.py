"""Tells the words that stand for nothing, key by key: `Null` is a surname and no city.

The words are data, in placeholders.toml beside this module.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl

from app.identifiers.cell_values.text import blank, certain

PLACEHOLDER: Final = "placeholder"
"""The reason of a cell that holds a word for nothing."""

_LONGEST: Final = 24
"""In characters; a word for nothing is short and, but for dates, holds no two digits in a row."""

_SUSPECT: Final = rf"^[^0-9]{{1,{_LONGEST}}}$"
_SUSPECT_WITH_DIGITS: Final = r"^(?:[^0-9]|0){1,36}$|^-1$"
_NAMES: Final = ("FN", "LN", "FI")


def placeholders(text: pl.Series, key: str) -> pl.Series:
    """`placeholder` for the trimmed texts that stand for nothing under `key`, else null."""
    shape = _SUSPECT_WITH_DIGITS if key in _data()["more"] else _SUSPECT
    suspects = certain(text.str.contains(shape)).arg_true()
    reason = blank(text)
    if suspects.is_empty():
        return reason
    part = text.gather(suspects)
    lower = part.str.to_lowercase().str.replace_all(r"\s+", " ")
    found = certain(lower.is_in(_words(key)) | part.is_in(_exact(key)))
    if not found.any():
        return reason
    return reason.scatter(suspects.filter(found), PLACEHOLDER)


def is_nothing(text: str) -> bool:
    """Whether `text` is a word for nothing in any key, names among them: for words in brackets."""
    return " ".join(text.lower().split()) in _anywhere()


def words_of_names() -> list[str]:
    """Words for nothing that are names too, without what names lose; see `rulebook`."""
    return sorted(word for word in _data()["bare"] if word.isalpha())


@cache
def _anywhere() -> frozenset[str]:
    return frozenset(_data()["everywhere"]) | frozenset(_data()["bare"])


@cache
def _words(key: str) -> list[str]:
    data = _data()
    bare = data["names"][key] if key in _NAMES else data["bare"]
    kept = set(data["values"].get(key, ()))
    words = {*data["everywhere"], *bare, *data["more"].get(key, ())} - kept
    return sorted(words)


@cache
def _exact(key: str) -> list[str]:
    return sorted(_data()["exact"].get(key, ()))


@cache
def _data() -> dict[str, Any]:
    source = files("app.identifiers.cell_values").joinpath("placeholders.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
