"""Rows of a JSON answer, wherever the network cuts it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.warehouses.json_rows import JsonRows

ROWS = [["a", None], ['b"],["', "\\"], ["", "é \U0001f600"], [None, None]]
ANSWER = (
    b'{"meta": [{"name": "a"}],\n"data":\n[["a", null],\n["b\\"],[\\"","\\\\"] , ["", "\xc3\xa9 '
    b'\xf0\x9f\x98\x80"],[null,null]\n ],\n"rows": 4}'
)


def read(pieces: list[bytes]) -> list[list[str | None]]:
    parser = JsonRows()
    rows = list(itertools.chain.from_iterable(map(parser.feed, pieces)))
    last, behind = parser.finish()
    assert behind == b',\n"rows": 4}'
    return rows + last


def test_cut_anywhere_once() -> None:
    for place in range(len(ANSWER) + 1):
        assert read([ANSWER[:place], ANSWER[place:]]) == ROWS, place


@given(st.lists(st.integers(0, len(ANSWER)), max_size=20))
def test_cut_anywhere(places: list[int]) -> None:
    ends = [0, *sorted(places), len(ANSWER)]
    assert read([ANSWER[a:b] for a, b in itertools.pairwise(ends)]) == ROWS


def test_an_answer_that_ends_early_is_none() -> None:
    for place in range(ANSWER.index(b"]\n ]") + 3):
        with pytest.raises(ValueError, match="cut short"):
            read([ANSWER[:place]])
