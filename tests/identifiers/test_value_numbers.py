"""Equal texts have equal numbers, and others have others, however long and wherever they lie."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.columns.arrow_c_data import views
from app.identifiers.columns.value_numbers import ValueNumbers

# around the twelve bytes that a view holds whole, in characters of one to four bytes, zeros among them
TEXTS = st.text(st.sampled_from("aé정\N{GRINNING FACE}\0 "), max_size=16)
COLUMNS = st.lists(st.lists(st.none() | TEXTS, max_size=30), min_size=1, max_size=6)


@given(COLUMNS, st.integers(0, 5), st.booleans())
def test_numbers_are_the_same_for_equal_texts_only(columns, cut, in_pieces):
    numbers, known = ValueNumbers(), {None: 0}
    for values in columns:
        texts = pl.Series(values, dtype=pl.String)
        if in_pieces:
            texts = pl.concat([texts[:cut], texts[cut:]], rechunk=False)
        found = numbers.of(texts[cut // 2 :]).tolist()
        for value, number in zip(values[cut // 2 :], found, strict=True):
            assert known.setdefault(value, number) == number
    assert len(set(known.values())) == len(known)
    assert set(known.values()) <= set(range(len(known)))


def test_threads_number_many_texts_alike():
    numbers = ValueNumbers()
    frames = [
        pl.Series([f"{n * 7 % 30_000}-{'long' * (n % 3 * 2)}" for n in range(turn, turn + 40_000)])
        for turn in range(0, 80_000, 10_000)
    ]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(numbers.of, frames))
    whole = pl.DataFrame({"text": pl.concat(frames), "number": pl.concat(map(pl.Series, found))})
    distinct = whole.unique()
    assert distinct.height == whole["text"].n_unique() == whole["number"].n_unique()
    assert whole["number"].min() == 1
    assert whole["number"].max() == distinct.height


def test_a_view_is_a_length_and_the_text_itself():
    texts = pl.Series(["", "twelve bytes", None, "thirteen byte"])
    with views(texts[1:]) as words:
        assert words.shape == (3, 2)
        assert words[0].tobytes() == (12).to_bytes(4, "little") + b"twelve bytes"
        assert words[2].tobytes()[:8] == (13).to_bytes(4, "little") + b"thir"
    with views(texts[:0]) as words:
        assert words.shape == (0, 2)
