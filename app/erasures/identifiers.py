"""The identifiers of people who are to be forgotten: normalized and hashed at once, in memory.

The rules are those of exports, so that a hash here is the hash that was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from app.errors import Unprocessable
from app.exports.members.suppression import KEYS
from app.identifiers import HASHED_KEYS, IdentifierPlan, KeyIdentifier
from app.identifiers.columns.digest import sha256
from app.identifiers.rulebook import apply_rules

_MOST_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier of one person (counted from 0).

    `digest` is its SHA-256, 32 bytes; `plain` the text of a key that Meta takes as it is, else None.
    """

    person: int
    key: str
    digest: bytes
    plain: str | None = field(default=None, repr=False)


def identifiers_of(
    people: Sequence[Mapping[str, Sequence[str]]], *, default_country: str | None
) -> list[Identifier]:
    """Every identifier of `people`, each once.

    `people` have lists of texts (or SHA-256 digests of hashed keys) under the keys of `KEYS`.
    Raises `Unprocessable` (`identifier-unusable`) with pointers to those that no rule takes.
    """
    found: dict[tuple[str, bytes], Identifier] = {}
    errors: list[dict[str, str]] = []
    for key in KEYS:
        given = [
            (person, slot, text)
            for person, texts in enumerate(people)
            for slot, text in enumerate(texts.get(key, ()))
        ]
        if given:
            _read(key, given, default_country, found, errors)
    if errors:
        raise Unprocessable(
            "Some identifiers cannot be used, so nothing was done; see `errors`.",
            code="identifier-unusable",
            errors=errors[:_MOST_ERRORS],
        )
    return list(found.values())


def _read(
    key: str,
    given: Sequence[tuple[int, int, str]],
    default_country: str | None,
    found: dict[tuple[str, bytes], Identifier],
    errors: list[dict[str, str]],
) -> None:
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {key: (key,)}, default_country=default_country)
    texts = pl.Series(key, [text for _, _, text in given], dtype=pl.String)
    hashed = key in HASHED_KEYS
    first, *further = apply_rules(texts.to_frame(), plan).cells[key]
    rows = [
        row
        for cells in (first, *further)  # one text may hold several addresses or numbers
        for row in zip(
            given,
            cells.value if hashed else sha256(cells.value),
            cells.value,
            cells.reason,
            [cells is first] * len(given),
            strict=True,
        )
    ]
    for (person, slot, _), digest, value, reason, is_first in rows:
        if digest is None and reason is None and not is_first:
            continue
        if digest is None:
            why = reason or f"{key.lower()}_missing"
            detail = (
                "a national number needs default_country"
                if why == "phone_without_country"
                else "this cannot be an identifier of its kind"
            )
            pointer = f"/people/{person}/{key}/{slot}"
            errors.append({"pointer": pointer, "code": why, "detail": detail})
            continue
        one = Identifier(person, key, digest, None if hashed else value)
        found.setdefault((key, digest), one)
