"""What must hold for any text: found by hypothesis, not by example."""

import hashlib
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.identifiers import (
    HASHED_KEYS,
    IdentifierPlan,
    KeyIdentifier,
    explain,
    identify,
    key_columns,
)
from tests.conftest import tries

EMPTY = hashlib.sha256(b"").digest()
KEYS = (*HASHED_KEYS, "MADID", "EXTERN_ID", "LOOKALIKE_VALUE")
PLAN = IdentifierPlan(KeyIdentifier.EMAIL, {key: (key,) for key in (*KEYS, "DOB")})
fast = settings(max_examples=tries(20), deadline=None, suppress_health_check=list(HealthCheck))

signs = st.sampled_from(
    list(" \t-'.,@+()0123456789aAzZéÉßŁıİΣςжЖ李정\u0301\u0308\u200b\u00a0\u1100😀’‑")
)
texts = st.one_of(
    st.none(),
    st.text(signs, max_size=14),
    st.text(max_size=10),
    st.sampled_from(
        [
            *("mary@example.com", " Mary@Example.COM", "+1 650 555 1212", "2/16/1997"),
            *("US", "Deutschland", "female", "94025-3215", "a" * 64, "F" * 32, "N/A", "44.5"),
            "New York",
        ]
    ),
)
members = st.fixed_dictionaries(dict.fromkeys((*KEYS, "DOB"), texts))


def frame_of(rows: list[dict[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys((*KEYS, "DOB"), pl.String))


def cells(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(rows.rows(), key=repr)


@fast
@given(st.lists(members, max_size=8))
def test_counts_add_up_and_nothing_is_never_hashed(rows: list[dict[str, str | None]]) -> None:
    """Never the hash of an empty string; read + expanded = rows + skipped."""
    for kind in KeyIdentifier:
        plan = IdentifierPlan(
            kind,
            {**PLAN.attributes, "EMAIL": ("EMAIL", "FN"), "PHONE": ("PHONE", "ZIP", "LN")},
        )
        found = identify(frame_of(rows), plan)
        assert found.read == len(rows)
        assert found.read + found.expanded == found.rows.height + sum(found.skipped.values())
        assert found.rows.columns == list(plan.schema())
        for key in HASHED_KEYS:
            assert found.rows.schema[key] == pl.Binary
            values = found.rows[key].drop_nulls()
            assert EMPTY not in values.to_list()
            assert values.bin.size().unique().to_list() in ([], [32])
        keyed = found.rows.select(key_columns(kind))
        if kind != KeyIdentifier.NAME_AND_ADDRESS:
            assert keyed.null_count().sum_horizontal().sum() == 0


@fast
@given(members)
@example(dict.fromkeys((*KEYS, "DOB")) | {"ZIP": "a-\u03010"})
def test_a_normalized_text_normalizes_to_itself(member: dict[str, str | None]) -> None:
    once = {one.key: one.text for one in explain(member, PLAN) if one.text is not None}
    region = {"COUNTRY": once["COUNTRY"]} if "COUNTRY" in once else {}
    for key, text in once.items():
        # digits without plus belong to their own calling code
        again = explain({"PHONE": f"+{text}"} if key == "PHONE" else {**region, key: text})
        found = next(one for one in again if one.key == key)
        assert (key, found.text, found.reason) == (key, text, None)


@fast
@given(members)
def test_hashes_that_went_out_come_back_unchanged(member: dict[str, str | None]) -> None:
    once = {one.key: one.hash for one in explain(member, PLAN) if one.hash is not None}
    for key, digest in once.items():
        for written in (digest, digest.upper(), f" {digest}\n"):
            (again,) = explain({key: written})
            assert again.hash == digest
            assert again.text is None


@fast
@given(st.lists(members, min_size=1, max_size=8), st.integers(0, 2**32))
def test_order_and_chunks_do_not_matter(rows: list[dict[str, str | None]], seed: int) -> None:
    frame = frame_of(rows)
    whole = identify(frame, PLAN)
    shuffled = identify(frame.sample(fraction=1, shuffle=True, seed=seed), PLAN)
    assert cells(shuffled.rows) == cells(whole.rows)
    assert shuffled.skipped == whole.skipped
    parts = [identify(part, PLAN) for part in frame.iter_slices(3)]
    assert pl.concat([part.rows for part in parts]).equals(whole.rows)
    assert sum(sum(part.skipped.values()) for part in parts) == sum(whole.skipped.values())


@fast
@given(st.lists(members, min_size=1, max_size=5))
def test_distinct_values_are_worked_off_as_rows_are(rows: list[dict[str, str | None]]) -> None:
    """A frame long enough to be worked off by distinct values gives what single rows give."""
    frame = frame_of(rows)
    once = identify(frame, PLAN)
    copies = 4_200 // len(rows) + 1
    many = identify(pl.concat([frame] * copies), PLAN)
    assert many.rows.equals(pl.concat([once.rows] * copies))
    assert many.filled == {key: count * copies for key, count in once.filled.items()}
    assert many.refused == {
        key: {reason: count * copies for reason, count in reasons.items()}
        for key, reasons in once.refused.items()
    }


@fast
@given(members)
def test_explain_is_identify(member: dict[str, str | None]) -> None:
    found = identify(frame_of([{**member, "EMAIL": "mary@example.com"}]), PLAN).rows.row(
        0, named=True
    )
    for one in explain({**member, "EMAIL": "mary@example.com"}, PLAN):
        value = found[one.key]
        assert (value.hex() if isinstance(value, bytes) else value) == (one.hash or one.text)


@pytest.mark.parametrize("key", HASHED_KEYS)
def test_every_single_character_is_survived(key: str) -> None:
    """All of Unicode, a character a row, alone and inside: no failure, NFC, never nothing."""
    signs = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    frame = pl.DataFrame({"a": signs[::7] + [f"a{sign}b" for sign in signs[::11]]})
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {key: ("a",)})
    if key == "PHONE":
        frame = frame.with_columns(("+1650555" + pl.col("a").str.slice(0, 2) + "1212").alias("a"))
        frame = frame[::40]
    found = identify(
        frame.with_columns(pl.lit("mary@example.com").alias("mail")),
        IdentifierPlan(KeyIdentifier.EMAIL, {"EMAIL": ("mail",)} | dict(plan.attributes))
        if key != "EMAIL"
        else plan,
    )
    assert found.read == found.rows.height + sum(found.skipped.values())
    assert EMPTY not in found.rows[key].drop_nulls().unique().to_list()
