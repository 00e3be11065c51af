"""Whoever is on the list is found in every form in which staging and sending hold identifiers."""

import hashlib

import polars as pl
import pytest

from app.exports.members.suppression import SuppressionList


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


LISTED = SuppressionList(
    {
        "EMAIL": pl.Series([sha("gone@example.com")]),
        "PHONE": pl.Series([], dtype=pl.Binary),
        "EXTERN_ID": pl.Series([sha("id-3")]),
    }
)
ROWS = pl.DataFrame(
    {
        "EMAIL": [sha("gone@example.com"), sha("stays@example.com"), None, None],
        "PHONE": [None, sha("1"), sha("2"), sha("3")],
        "EXTERN_ID": ["id-1", "id-2", "id-3", None],
    }
)
DIGITS = ROWS["EMAIL"].bin.encode("hex")


@pytest.mark.parametrize(
    "emails",
    [ROWS["EMAIL"], DIGITS, DIGITS.cast(pl.Categorical(pl.Categories.random()))],
    ids=["bytes", "digits", "categories"],
)
def test_any_identifier_on_the_list_takes_the_row_out(emails):
    left = LISTED.without(ROWS.with_columns(emails))
    assert left["EXTERN_ID"].to_list() == ["id-2", None]


def test_nobody_on_it_leaves_the_frame_as_it_is():
    assert SuppressionList().without(ROWS) is ROWS
    assert LISTED.without(ROWS[[1, 3]]).equals(ROWS[[1, 3]])
