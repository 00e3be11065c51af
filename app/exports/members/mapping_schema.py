"""A mapping on the wire: which of Meta's keys gets which attribute of the members."""

import re
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from app.identifiers import ATTRIBUTE_KEYS
from app.segments.key_suggestions import suggest_key

AttributeName = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_SEVERAL = frozenset({"EMAIL", "PHONE"})
_KEYS = frozenset(item.key for item in ATTRIBUTE_KEYS)
# words with few digits: no address, number or hash looks like that
_NAME = re.compile(r"[A-Za-z][A-Za-z_ -]{0,39}[0-9]{0,2}")


def _named(key: str) -> str:
    """A key that nobody knows, with the one that was probably meant; what may be a value is not repeated."""
    if not _NAME.fullmatch(key):
        return "a key of attributes"
    nearest = suggest_key(key) or next(
        iter(get_close_matches(key.upper(), sorted(_KEYS), 1, 0.5)), None
    )
    return f"the key {key}" + (f" (did you mean {nearest}?)" if nearest else "")


def _known_keys(attributes: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    for key, names in attributes.items():
        if key not in _KEYS:
            msg = f"{_named(key)} is none of: {' '.join(sorted(_KEYS))}"
            raise ValueError(msg)
        if isinstance(names, list) and len(names) > 1 and key not in _SEVERAL:
            msg = "takes several attributes only for EMAIL and PHONE"
            raise ValueError(msg)
        if isinstance(names, list) and len(set(names)) != len(names):
            msg = "repeats an attribute of one key"
            raise ValueError(msg)
    return attributes


Attributes = Annotated[
    dict[str, AttributeName | Annotated[list[AttributeName], Field(min_length=1, max_length=10)]],
    Field(
        min_length=1,
        description="Meta's key → attribute of the members (several for EMAIL and PHONE)",
        examples=[{"EMAIL": "email", "FN": "first_name"}],
    ),
    AfterValidator(_known_keys),
]
