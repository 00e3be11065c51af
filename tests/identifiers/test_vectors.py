"""The vectors of vectors.jsonl: all of them as columns, and one by one through `explain`."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.identifiers import HASHED_KEYS, IdentifierPlan, KeyIdentifier, explain
from app.identifiers.rulebook import apply_rules
from tests.conftest import LONG

HASHED = {*HASHED_KEYS, "DOB"}

VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "vectors.jsonl").read_text().splitlines()
]


def plan_of(vector: dict[str, Any]) -> IdentifierPlan:
    attributes = {vector["key"]: ("value",)}
    if vector["key"] != "COUNTRY":
        attributes["COUNTRY"] = ("country",)
    return IdentifierPlan(
        KeyIdentifier.EMAIL,
        attributes,
        default_country=vector.get("default_country"),
        date_format=vector.get("date_format"),
    )


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def expected(vector: dict[str, Any]) -> dict[str, tuple[str | None, str | None, str | None]]:
    """By key: the text, the reason, and the hash or, of what is not hashed, the text again."""
    keys = ("DOBY", "DOBM", "DOBD") if vector["key"] == "DOB" else (vector["key"],)
    if vector["text"] is None:
        texts = [None] * len(keys)
    else:
        texts = vector["text"].split("-") if vector["key"] == "DOB" else [vector["text"]]
    sent = texts
    if vector["key"] in HASHED:
        sent = [hashed(text) if text is not None else vector.get("hash") for text in texts]
    return {
        key: (text, vector["reason"], value)
        for key, text, value in zip(keys, texts, sent, strict=True)
    }


def test_documented_hashes_are_those_of_the_texts() -> None:
    for vector in VECTORS:
        if "hash" in vector and vector["text"] is not None:
            text = vector["text"].replace("-", "") if vector["key"] == "DOB" else vector["text"]
            assert hashed(text) == vector["hash"], vector


@pytest.mark.parametrize("key", sorted({vector["key"] for vector in VECTORS}))
def test_explained(key: str) -> None:
    """One by one: Meta's and some of ours, all in the long form."""
    chosen = [vector for vector in VECTORS if vector["key"] == key]
    if not LONG:
        chosen = [one for n, one in enumerate(chosen) if one["source"] != "ours" or n % 8 == 0]
    wrong = []
    for vector in chosen:
        member = {"value": vector["input"], "country": vector.get("country")}
        found = {one.key: one for one in explain(member, plan_of(vector))}
        for part, (text, reason, value) in expected(vector).items():
            digest = value if part in HASHED_KEYS else None
            if (found[part].text, found[part].reason, found[part].hash) != (text, reason, digest):
                wrong.append((vector, found[part]))
    assert wrong == []


def test_whole_columns() -> None:
    """All vectors of a key in one frame, repeated until its distinct values are worked off."""
    groups: dict[tuple[str, str | None, str | None], list[dict[str, Any]]] = {}
    for vector in VECTORS:
        setting = (vector["key"], vector.get("default_country"), vector.get("date_format"))
        groups.setdefault(setting, []).append(vector)
    wrong = []
    for chosen in groups.values():
        frame = pl.DataFrame(
            [(vector["input"], vector.get("country")) for vector in chosen],
            schema={"value": pl.String, "country": pl.String},
            orient="row",
        )
        copies = 4_200 // len(chosen) + 1
        found = apply_rules(pl.concat([frame] * copies), plan_of(chosen[0])).cells
        for part in expected(chosen[0]):
            (cells,) = found[part]
            values = [v.hex() if isinstance(v, bytes) else v for v in cells.value]
            outcomes = list(zip(cells.text, cells.reason, values, strict=True))
            right = [expected(vector)[part] for vector in chosen]
            wrong += [
                (vector, outcome)
                for vector, one, outcome in zip(chosen, right, outcomes, strict=False)
                if outcome != one
            ]
            assert outcomes == outcomes[: len(chosen)] * copies, chosen[0]
    assert wrong == []


def test_counts_are_printed_and_complete() -> None:
    keys = Counter(vector["key"] for vector in VECTORS)
    documented = sum(vector["source"] != "ours" for vector in VECTORS)
    print(f"\n{len(VECTORS)} vectors, {documented} of them documented by Meta: {dict(keys)}")
    assert len(VECTORS) >= 250
    assert set(keys) >= {*HASHED_KEYS, "DOB", "MADID", "EXTERN_ID", "LOOKALIKE_VALUE"}
