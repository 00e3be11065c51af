"""The line that names the columns: found, read, and refused where it is something else."""

import re
from collections import Counter

from app.counted_nouns import count_of
from app.sources.text.csv_dialect import field_counts
from app.sources.text.csv_repair import Dialect, Mender
from app.sources.text.errors import TextFile, is_clean, uncleanness

MAX_COLUMNS = 5_000
_BLANK_LINE = re.compile(rb"[ \t]*\r?\n")
# a person's and no column's name: an e-mail address, a digest
_VALUE = re.compile(r".*@.*|[0-9a-fA-F]{64}|\+[0-9][0-9 ()./-]{7,}", re.DOTALL)
# numbers, dates, telephone numbers, device ids: one may name a column, not most of them
_CODE = re.compile(r"[\d\s.,:/()+-]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def read_header(
    start: bytes, text: TextFile, dialect: Dialect, line: int, *, ended: bool
) -> tuple[list[str], int, int]:
    """The columns' names, how many bytes the header ends after, and how many lines that are.

    `start` is the file's start as UTF-8, `line` the number of its first line, `ended` whether it is all
    there is. Blank lines above are nothing. Of columns with one name the second is called `name_2`.
    Raises `header-missing`, `report-lines`, `line-ends`, `line-too-long`, `too-many-columns`,
    `wrong-encoding`, `nul-byte`; a name is never repeated, without a header it would be a member's value.
    """
    above = 0
    while blank := _BLANK_LINE.match(start, above):
        above = blank.end()
    lines = start.count(b"\n", 0, above)
    body = start[above:]
    if ended and not body.endswith(b"\n"):
        body += b"\n"
    found = Mender(dialect, None).first(body)
    if found is None:
        raise text.fault("stray-quote" if b"\n" in body else "line-too-long", line + lines)
    values, end = found
    first = body[:end]
    if not is_clean(first):
        raise text.fault(uncleanness(first) or "nul-byte", line + lines)
    bare = first.removesuffix(b"\n").removesuffix(b"\r")
    if b"\r" in bare and not (dialect.quote and dialect.quote.encode() in bare):
        raise text.fault("line-ends", line + lines)
    if len(values) > MAX_COLUMNS:
        raise text.fault(
            "too-many-columns",
            line + lines,
            f"the header has {len(values):,} columns; at most {MAX_COLUMNS:,} can be read",
        )
    names = [value.decode() for value in values]
    _refuse_values(names, text, line + lines)
    _refuse_report(body, names, text, dialect, line + lines)
    return _told_apart(names), min(above + end, len(start)), lines + first.count(b"\n")


def _refuse_values(names: list[str], text: TextFile, line: int) -> None:
    given = [name.strip() for name in names if name.strip()]
    codes = sum(bool(_CODE.fullmatch(name)) for name in given)
    if not given or any(map(_VALUE.fullmatch, given)) or codes * 2 > len(given):
        raise text.fault("header-missing", line)


def _refuse_report(
    body: bytes, names: list[str], text: TextFile, dialect: Dialect, line: int
) -> None:
    """Rows with more values than there are names: the first line is a report's, not a header."""
    counts = field_counts(body, dialect, tails=False)
    if len(counts) < 2:
        return
    usual, rows = Counter(counts[1:]).most_common(1)[0]
    titled = len(names) > 2 and bool(names[0].strip()) and not any(map(str.strip, names[1:]))
    if not (usual > len(names) or (titled and usual > 1)) or rows * 2 < len(counts) - 1:
        return
    above = 1 + counts[1:].index(usual)
    raise text.fault(
        "report-lines",
        line,
        f"most rows have {usual} values where this line has {1 if titled else len(names)}",
        f"If lines of a report stand above the names of the columns, delete them (the names seem to be "
        f"{count_of(above, 'row')} below), or give every column a name.",
    )


def _told_apart(names: list[str]) -> list[str]:
    """Names that come twice are numbered; empty ones stay empty."""
    taken, seen, told = set(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        own = name
        if name and seen[name] > 1:
            number = seen[name]
            while (own := f"{name}_{number}") in taken:
                number += 1
            taken.add(own)
            seen[name] = number
        told.append(own)
    return told
