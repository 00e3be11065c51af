"""Runs one rule over one column: digests pass, texts are ruled and hashed, refusals keep a reason."""

from dataclasses import dataclass
from functools import partial

import polars as pl

from app.identifiers.columns.digest import EMPTY_DIGEST, equals, from_hex, sha256
from app.identifiers.columns.distinct import Memory, by_distinct
from app.identifiers.columns.peculiar import OWN, kinds
from app.identifiers.columns.rule import Rule, Steps
from app.identifiers.columns.text import as_given, as_text, blank


@dataclass(frozen=True, slots=True, repr=False)
class Cells:
    """One key of every row: what is sent, and why not where something was given.

    `value` is Binary (32 bytes) for hashed keys, or Categorical of their hexadecimal digits where a
    `Memory` was at hand, and String for plain ones; `text` the normalized text, `reason` the refusal;
    all null where nothing was given. `filled` counts given cells.
    """

    value: pl.Series
    text: pl.Series
    reason: pl.Series
    filled: int


@dataclass(frozen=True, slots=True, repr=False)
class Normalized:
    """Cells before they are hashed: text to hash, digest (hex) that came, refusal, any text."""

    text: pl.Series
    digest: pl.Series
    reason: pl.Series
    given: pl.Series


def tally(reasons: pl.Series) -> dict[str, int]:
    """How often each reason occurs, in alphabetical order."""
    if reasons.null_count() == reasons.len():
        return {}
    counts = reasons.drop_nulls().alias("reason").value_counts(name="rows").sort("reason")
    return dict(counts.iter_rows())


def hashed_cells(
    column: pl.Series,
    rule: Rule,
    steps: Steps,
    *,
    region: pl.Series | None = None,
    ready_shape: str | None = None,
    memory: Memory | None = None,
    name: str = "",
) -> Cells:
    """Normalize and hash a column of any type; `region` is the rows' country where it matters.

    `ready_shape`: a pattern of texts to which the rule, and everything before it, does nothing
    but lower-case them. It saves time and changes nothing, nor does `memory`, which knows the
    attribute by its `name`.
    """
    frame = column.alias("source").to_frame()
    if region is not None:
        frame = frame.with_columns(region.alias("region"))
    shape = ready_shape if column.dtype == pl.String and steps.taken is None else None
    solve = partial(_solve, rule=rule, steps=steps, ready_shape=shape)
    found = by_distinct(frame, solve, memory, name)
    filled = int(found["given"].sum())
    return Cells(found["value"], found["clean"], found["reason"], filled)


def plain_cells(column: pl.Series, rule: Rule, steps: Steps) -> Cells:
    """Normalize a column that is sent as it is."""
    given = as_given(column).alias("text")
    steps.note("trim", given)
    found = rule(given.to_frame(), steps)
    return Cells(found.text, found.text, found.reason, given.len() - given.null_count())


def _solve(
    frame: pl.DataFrame, *, rule: Rule, steps: Steps, ready_shape: str | None
) -> pl.DataFrame:
    """Columns value, clean, reason and given for the cells of `frame`."""
    if ready_shape is None:
        return _hashed(_normalized(frame, rule, steps))
    lower = frame["source"].str.to_lowercase()
    others = (~lower.str.contains(ready_shape)).arg_true()
    ready = Normalized(lower, blank(lower), blank(lower), lower.is_not_null())
    if others.is_empty():
        return _hashed(ready)
    worked = _normalized(frame[others], rule, steps)
    return _hashed(
        Normalized(
            ready.text.scatter(others, worked.text),
            ready.digest.scatter(others, worked.digest),
            ready.reason.scatter(others, worked.reason),
            ready.given.scatter(others, worked.given),
        )
    )


def _normalized(frame: pl.DataFrame, rule: Rule, steps: Steps) -> Normalized:
    text, broken = as_text(frame["source"])
    steps.note("trim", text)
    kind, digest = kinds(text)
    if broken is not None:
        kind = kind.set(broken, "text_broken")
    others = frame.drop("source").get_columns()
    if kind.null_count() == kind.len():
        found = rule(pl.DataFrame([text, *others]), steps)
        return Normalized(found.text, digest, found.reason, text.is_not_null())
    found = rule(pl.DataFrame([text.set(kind.is_not_null(), None), *others]), steps)
    steps.note("already a SHA-256", digest)
    reason = kind.set(kind == OWN, None).fill_null(found.reason)
    return Normalized(found.text, digest, reason, text.is_not_null())


def _hashed(found: Normalized) -> pl.DataFrame:
    """Columns value (32 bytes a cell that is sent), clean, reason and given."""
    value, reason = sha256(found.text), found.reason
    if found.digest.null_count() < found.digest.len():
        came = found.digest.is_not_null()
        digest = from_hex(found.digest)
        nothing = equals(digest, EMPTY_DIGEST)
        value = digest.zip_with(came & ~nothing, value)
        reason = reason.set(nothing, "digest_of_nothing")
    columns = {"value": value, "clean": found.text, "reason": reason, "given": found.given}
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])
