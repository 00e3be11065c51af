"""Every vector of vectors.jsonl through `explain`, and all of them at once through `identify`."""

import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.identifiers import HASHED_KEYS, Explanation, IdentifierPlan, KeyIdentifier, explain
from app.identifiers.rulebook import apply_rules

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


@cache
def _explained(position: int) -> list[Explanation]:
    vector = VECTORS[position]
    return explain({"value": vector["input"], "country": vector.get("country")}, plan_of(vector))


def explained(vector: dict[str, Any], key: str) -> Explanation:
    position = next(n for n, one in enumerate(VECTORS) if one.items() <= vector.items())
    return next(one for one in _explained(position) if one.key == key)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['key']} {v['input']!a}"[:60])
def test_vector(vector: dict[str, Any]) -> None:
    keys = ("DOBY", "DOBM", "DOBD") if vector["key"] == "DOB" else (vector["key"],)
    found = [explained(vector, key) for key in keys]
    if vector["text"] is None:
        texts = [None] * len(found)
    else:
        texts = vector["text"].split("-") if vector["key"] == "DOB" else [vector["text"]]
    assert [one.text for one in found] == texts
    assert {one.reason for one in found} == {vector["reason"]}
    for one in found:
        if one.key not in HASHED:
            assert one.hash is None
        elif one.text is not None:
            assert one.hash == hashlib.sha256(one.text.encode()).hexdigest()
        else:
            assert one.hash == vector.get("hash")
    if vector["key"] == "DOB" and "hash" in vector:  # Meta's example hashes the whole date
        assert hashlib.sha256("".join(texts).encode()).hexdigest() == vector["hash"]
    elif "hash" in vector:
        assert found[0].hash == vector["hash"]


def test_whole_columns_give_what_single_members_give() -> None:
    """All vectors of a key in one frame, repeated until its distinct values are worked off."""
    groups: dict[tuple[str, str | None, str | None], list[dict[str, Any]]] = {}
    for vector in VECTORS:
        setting = (vector["key"], vector.get("default_country"), vector.get("date_format"))
        groups.setdefault(setting, []).append({"country": None, **vector})
    for (key, _, _), chosen in groups.items():
        frame = pl.DataFrame(
            [(vector["input"], vector["country"]) for vector in chosen],
            schema={"value": pl.String, "country": pl.String},
            orient="row",
        )
        copies = 4_200 // len(chosen) + 1
        found = apply_rules(pl.concat([frame] * copies), plan_of(chosen[0])).cells
        for part in ("DOBY", "DOBM", "DOBD") if key == "DOB" else (key,):
            (cells,) = found[part]
            singles = [explained(vector, part) for vector in chosen]
            digests = [one.hash or (one.text if key not in HASHED else None) for one in singles]
            values = [v.hex() if isinstance(v, bytes) else v for v in cells.value]
            assert values == digests * copies
            assert cells.reason.to_list() == [one.reason for one in singles] * copies


def test_counts_are_printed_and_complete() -> None:
    keys = Counter(vector["key"] for vector in VECTORS)
    documented = sum(vector["source"] != "ours" for vector in VECTORS)
    print(f"\n{len(VECTORS)} vectors, {documented} of them documented by Meta: {dict(keys)}")
    assert len(VECTORS) >= 250
    assert set(keys) >= {*HASHED_KEYS, "DOB", "MADID", "EXTERN_ID", "LOOKALIKE_VALUE"}
