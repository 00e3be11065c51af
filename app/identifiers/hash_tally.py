"""What a job that hashed members elsewhere met on the way, as it stands in `_tally.json` beside its rows."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.identifiers.identify import Identified
from app.identifiers.keys import RULES_VERSION


@dataclass(slots=True)
class HashTally:
    """Counts of many frames; read + expanded = rows + skipped, as in `Identified`.

    `rules_version` is of the rules that hashed them.
    """

    rules_version: str = RULES_VERSION
    read: int = 0
    expanded: int = 0
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: dict[str, Counter[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)

    def add(self, found: Identified) -> None:
        """Count one more frame."""
        self.read += found.read
        self.expanded += found.expanded
        self.rows += found.rows.height
        self.skipped.update(found.skipped)
        self.filled.update(found.filled)
        for key, reasons in found.refused.items():
            self.refused.setdefault(key, Counter()).update(reasons)

    def plus(self, other: Self) -> None:
        """Add what another part of the same job counted."""
        self.read += other.read
        self.expanded += other.expanded
        self.rows += other.rows
        self.skipped.update(other.skipped)
        self.filled.update(other.filled)
        for key, reasons in other.refused.items():
            self.refused.setdefault(key, Counter()).update(reasons)

    def to_json(self) -> dict[str, Any]:
        """The document; numbers only, no value of a member."""
        return {
            "rules_version": self.rules_version,
            "read": self.read,
            "expanded": self.expanded,
            "rows": self.rows,
            "skipped": dict(self.skipped),
            "refused": {key: dict(reasons) for key, reasons in self.refused.items()},
            "filled": dict(self.filled),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The tally again. Raises `ValueError` for a document that is none, or does not add up."""
        try:
            found = cls(
                rules_version=_version(document["rules_version"]),
                **{name: _count(document[name]) for name in ("read", "expanded", "rows")},
                skipped=_counts(document["skipped"]),
                refused={
                    _named(key): _counts(reasons) for key, reasons in document["refused"].items()
                },
                filled=_counts(document["filled"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError from error
        if found.read + found.expanded != found.rows + found.skipped.total():
            raise ValueError
        return found


_MOST_ROWS = 1 << 40
_MOST_NAMES = 1_000
_NAME = re.compile(r"[A-Za-z0-9_.]{1,100}")


def _version(text: Any) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= 100 or not text.isprintable():
        raise ValueError
    return text


def _counts(document: Mapping[str, Any]) -> Counter[str]:
    if len(document) > _MOST_NAMES:
        raise ValueError
    return Counter({_named(name): _count(number) for name, number in document.items()})


def _count(number: Any) -> int:
    """A number of rows: whoever wrote it must not break a sum, or a database's column, with it."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST_ROWS:
        raise ValueError
    return number


def _named(name: Any) -> str:
    """A key or a reason; what is none would be shown as one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError
    return name
