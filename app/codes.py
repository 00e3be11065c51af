"""The codes of everything that can go wrong, from one table: `codes.tsv`.

The table is the source of the problem documents' titles, of `GET /problems/{code}`, of the codes that the
OpenAPI document lists for each operation, and of docs/errors.md.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files

from app.errors import Culprit


@dataclass(frozen=True, slots=True)
class Code:
    """One row.

    `places`: where it is met: `answer` (problem documents), `run`, `check`, `warning`, `delivery` (of
    webhooks), `erasure`, `overview`, `command`. `family`: which operations may answer it (`own`: only
    those that name it). `status`: of the answer; None where it is in no answer.
    """

    code: str
    places: frozenset[str]
    family: str
    status: int | None
    culprit: Culprit
    title: str
    meaning: str
    action: str
    section: str


def _read() -> dict[str, Code]:
    found: dict[str, Code] = {}
    section = ""
    text = (files(__package__) / "codes.tsv").read_text("utf-8")
    for row in csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row[0].startswith("#"):
            section = row[0].removeprefix("# ")
            continue
        code, places, family, status, culprit, title, meaning, action = row
        found[code] = Code(
            code=code,
            places=frozenset(places.split()),
            family=family,
            status=int(status) if status else None,
            culprit=Culprit(culprit),
            title=title,
            meaning=meaning,
            action=action,
            section=section,
        )
    return found


CODES = _read()
"""Every row by its code, in the order of the table."""


def named_by(operation: str) -> tuple[str, ...]:
    """The codes that operations.tsv names for it, one by one."""
    return tuple(word for word in _OPERATIONS.get(operation, ()) if not word.startswith("*"))


def of_operation(operation: str) -> set[str]:
    """What the operation may answer of its own, by operations.tsv."""
    found: set[str] = set()
    for word in _OPERATIONS.get(operation, ()):
        if word.startswith("*"):
            found |= of_family(word[1:])
        else:
            found.add(word)
    return found


def of_family(family: str) -> set[str]:
    """The codes of a family that answers may have."""
    return {row.code for row in CODES.values() if row.family == family and row.status}


def _read_operations() -> dict[str, tuple[str, ...]]:
    text = (files(__package__) / "operations.tsv").read_text("utf-8")
    rows = (line.partition("\t") for line in text.splitlines() if not line.startswith("#"))
    return {operation: tuple(words.split()) for operation, _, words in rows}


_OPERATIONS = _read_operations()
