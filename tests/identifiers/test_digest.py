"""Hashes: exact, fast or not; and the tables that texts are prepared by."""

import hashlib
import random
import unicodedata

import polars as pl
import pytest

from app.identifiers import self_test
from app.identifiers.cell_values import text
from app.identifiers.columns import digest
from app.identifiers.columns import simd_sha256 as lanes
from app.identifiers.places.country_names import ALPHA_2, names_of_countries
from app.identifiers.places.state_names import CODED, states_of
from app.identifiers.texts.gender_words import GENDER_OF
from app.identifiers.texts.latin import FOLDED
from app.identifiers.texts.names import letters

TRICKY = [
    "a",
    "ß",
    "İ",
    "e\u0301",
    "👩‍👩‍👧",
    "\x00",
    " ",
    *("a" * n for n in (55, 56, 63, 64, 65, 119, 1_000)),
]


def test_the_vectorised_hash_is_right() -> None:
    assert self_test()
    hashes = [hashlib.sha256(one.encode()).digest() for one in TRICKY]
    assert digest.sha256(pl.Series([*TRICKY, None])).to_list() == [*hashes, None]
    assert digest.sha256(pl.Series(TRICKY)).to_list() == hashes


def test_nothing_has_no_hash() -> None:
    assert digest.sha256(pl.Series(["", None, "a"])).to_list() == [
        None,
        None,
        hashlib.sha256(b"a").digest(),
    ]
    assert digest.sha256(pl.Series([None], dtype=pl.String)).to_list() == [None]
    assert digest.sha256(pl.Series([], dtype=pl.String)).to_list() == []


def test_hashlib_takes_over_where_the_plugin_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = digest.sha256(pl.Series([*TRICKY, None, ""]))
    monkeypatch.setattr(lanes, "stringzilla", None)
    digest._vectorised.cache_clear()
    try:
        assert not self_test()
        assert digest.sha256(pl.Series([*TRICKY, None, ""])).equals(quick)
    finally:
        monkeypatch.undo()
        digest._vectorised.cache_clear()


def test_a_text_without_the_marked_characters_is_composed() -> None:
    """The shortcut around NFC misses no character whose quick check is not Yes."""
    singles = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    changing = [one for one in singles if unicodedata.normalize("NFC", one) != one]
    # what follows may compose with what is before it: marks, and vowels and finals of Hangul
    combining = [one for one in singles if unicodedata.combining(one)]
    hangul = [chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))]
    column = pl.Series([*changing, *combining, *hangul])
    assert column.str.contains(text._NOT_SURELY_COMPOSED).all()


def test_folding_is_by_table_and_only_of_latin_letters() -> None:
    for spelling, folded in FOLDED.items():
        assert spelling.isascii()
        for letter in folded:
            assert letters(pl.Series([letter])).to_list() == [spelling], letter
    kept = ["ж", "й", "ё", "가", "ά", "が", "ة", "नि", "ə"]
    assert letters(pl.Series(kept)).to_list() == kept


def test_countries_are_249_and_kosovo_and_their_names_are_spelled_as_looked_up() -> None:
    assert len(ALPHA_2 - {"xk"}) == 249
    names = names_of_countries()
    assert set(names.values()) == ALPHA_2
    assert letters(pl.Series([*names])).to_list() == [*names]


def test_genders_and_states_are_spelled_as_they_are_looked_up() -> None:
    assert set(GENDER_OF.values()) == {"m", "f"}
    words = pl.Series([word for word in GENDER_OF if not word.isdigit()])
    assert letters(words).to_list() == words.to_list()
    for country in CODED:
        states = states_of(country)
        assert all(name.isascii() and name.isalpha() and name.islower() for name in states)
    assert {len(code) for code in states_of("us").values()} == {2}


def test_every_length_in_every_lane_is_hashed_as_hashlib_does() -> None:
    """More texts than advance together, of the lengths at which SHA-256 takes another block."""
    chosen = random.Random(7)
    lengths = (0, 1, 5, 31, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 200)
    for height in (1, 2, 7, 16, 17, 1_023, 1_024, 1_025, 2_500):
        texts = ["".join(chosen.choices("abé👩", k=chosen.choice(lengths))) for _ in range(height)]
        hashes = [hashlib.sha256(one.encode()).digest() if one else None for one in texts]
        assert digest.sha256(pl.Series(texts)).to_list() == hashes
