"""Runs one rule over one column: digests pass, texts are ruled and hashed, refusals keep a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from app.identifiers.cell_values.multiple_values import Split
from app.identifiers.cell_values.prehashed_and_placeholders import OWN
from app.identifiers.cell_values.rule import Rule, Shortcut, Steps
from app.identifiers.cell_values.text import blank
from app.identifiers.cell_values.to_text import read_texts
from app.identifiers.columns.digest import EMPTY_DIGEST, equals, from_hex, sha256
from app.identifiers.columns.distinct_values import Memory, Spread, by_distinct, tally


@dataclass(frozen=True, slots=True, repr=False)
class Cells:
    """One key of every row: what is sent, and why not where something was given.

    `value` is Binary (32 bytes) for hashed keys, or Categorical of their hexadecimal digits where a
    `Memory` was at hand, and String for plain ones; `text` the normalized text, `reason` the refusal;
    all null where nothing was given. `filled` counts given cells, `refused` each reason, where they are
    counted already. `rest` is what follows the first value of a cell that holds several, None where
    none does.
    """

    value: pl.Series
    texts: pl.Series | Callable[[], pl.Series]
    reasons: pl.Series | Callable[[], pl.Series]
    filled: int
    rest: pl.Series | None = None
    refused: Mapping[str, int] | None = None

    @property
    def text(self) -> pl.Series:
        """The normalized text; made when it is asked for, as few keys' ever is."""
        return self.texts() if callable(self.texts) else self.texts

    @property
    def reason(self) -> pl.Series:
        """The refusal; made when it is asked for, too."""
        return self.reasons() if callable(self.reasons) else self.reasons

    def refusals(self) -> Mapping[str, int]:
        """How often each reason occurs."""
        return tally(self.reason) if self.refused is None else self.refused


@dataclass(frozen=True, slots=True, repr=False)
class Normalized:
    """Cells before they are hashed: text to hash, digest (hex) that came, refusal, any text, rest."""

    text: pl.Series
    digest: pl.Series
    reason: pl.Series
    given: pl.Series
    rest: pl.Series


def hashed_cells(
    column: pl.Series,
    key: str,
    rule: Rule,
    steps: Steps,
    *,
    region: pl.Series | None = None,
    shortcut: Shortcut | None = None,
    split: Split | None = None,
    memory: Memory | None = None,
    name: str = "",
) -> Cells:
    """Normalize and hash a column of `key`; `region` is the rows' country where it matters.

    `shortcut` knows texts that need neither the rule nor anything before it, and is taken row by row:
    keys that have one hardly repeat. It saves time and changes nothing, nor does `memory`, which
    knows the attribute by its `name`. `split` gives the values of a cell of several, for rules that
    do not find them on their own.
    """
    frame = column.alias("source").to_frame()
    if region is not None:
        frame = frame.with_columns(region.alias("region"))
    solve = partial(_solve, key=key, rule=rule, steps=steps, split=split)
    if shortcut is not None and column.dtype == pl.String and steps.taken is None:
        found = Spread(_shortened(frame, shortcut, solve))
    else:
        found = by_distinct(frame, lambda cells: _hashed(solve(cells)), memory, name)
    rest = found["rest"]
    more = rest if rest.null_count() < rest.len() else None
    clean, reason = partial(found.__getitem__, "clean"), partial(found.__getitem__, "reason")
    given, refused = found.count("given"), found.tally("reason")
    return Cells(found["value"], clean, reason, given, more, refused)


def plain_cells(column: pl.Series, key: str, rule: Rule, steps: Steps) -> Cells:
    """Normalize a column of `key` that is sent as it is."""
    read = read_texts(column, key, steps, hashed=False)
    filled = read.text.len() - read.text.null_count()
    if read.kind.null_count() == read.kind.len():
        found = rule(read.text.to_frame(), steps)
        return Cells(found.text, found.text, found.reason, filled)
    found = rule(read.text.set(read.kind.is_not_null(), None).to_frame(), steps)
    return Cells(found.text, found.text, read.kind.fill_null(found.reason), filled)


def _shortened(
    frame: pl.DataFrame, shortcut: Shortcut, solve: Callable[[pl.DataFrame], Normalized]
) -> pl.DataFrame:
    """As `_hashed(solve(frame))`, which sees only what the shortcut leaves."""
    ready, source = shortcut(frame), frame["source"]
    none, given, others = blank(source), source.is_not_null(), ready.others
    if others.is_empty():
        return _hashed(Normalized(ready.text, none, none, given, none))
    worked = solve(frame[others])

    def laid(whole: pl.Series, part: pl.Series) -> pl.Series:
        return whole if part.null_count() == part.len() else whole.clone().scatter(others, part)

    return _hashed(
        Normalized(
            ready.text.clone().scatter(others, worked.text),
            laid(none, worked.digest),
            laid(none, worked.reason),
            given.scatter(others, worked.given),
            laid(none, worked.rest),
        )
    )


def _solve(
    frame: pl.DataFrame, *, key: str, rule: Rule, steps: Steps, split: Split | None
) -> Normalized:
    read = read_texts(frame["source"], key, steps, split=split)
    text, kind = read.text, read.kind
    given = text.is_not_null()
    others = frame.drop("source").get_columns()
    peculiar = kind.null_count() < kind.len()
    if peculiar:
        text = text.set(kind.is_not_null(), None)
    found = rule(pl.DataFrame([text, *others]), steps)
    rest = read.rest if found.rest is None else found.rest
    if not peculiar:
        return Normalized(found.text, read.digest, found.reason, given, rest)
    steps.note("already a SHA-256", read.digest)
    reason = kind.set(kind == OWN, None).fill_null(found.reason)
    return Normalized(found.text, read.digest, reason, given, rest)


def _hashed(found: Normalized) -> pl.DataFrame:
    """Columns value (32 bytes a cell that is sent), clean, reason, given and rest."""
    value, reason = sha256(found.text), found.reason
    if found.digest.null_count() < found.digest.len():
        came = found.digest.is_not_null()
        digest = from_hex(found.digest)
        nothing = equals(digest, EMPTY_DIGEST)
        value = digest.zip_with(came & ~nothing, value)
        reason = reason.set(nothing, "digest_of_nothing")
    columns = {
        "value": value,
        "clean": found.text,
        "reason": reason,
        "given": found.given,
        "rest": found.rest,
    }
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])
