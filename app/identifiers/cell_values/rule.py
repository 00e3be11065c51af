"""What every rule takes and gives, so that one driver can run, count and explain all of them.

Values that hold members' texts have no repr, here and in the other modules: none can be printed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from app.identifiers.cell_values.text import blank


@dataclass(frozen=True, slots=True, repr=False)
class Steps:
    """What a rule notes on its way: (rule, text of the first row). Only `explain` takes notes."""

    taken: list[tuple[str, str]] | None = None

    def note(self, rule: str, text: pl.Series) -> None:
        """Keep the text after `rule` if notes are taken and it changed."""
        if self.taken is None or text.is_empty():
            return
        now = text[0]
        if isinstance(now, str) and (not self.taken or self.taken[-1][1] != now):
            self.taken.append((rule, now))


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """One column after its rule; both as long as the input.

    `text` (String) is what is hashed or sent, null where there is nothing to send;
    `reason` (String) says why a given text is not used, null elsewhere. `rest` (String), where a
    cell may hold several values, is what is left of it after the first, null where nothing is.
    """

    text: pl.Series
    reason: pl.Series
    rest: pl.Series | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """What raw texts become that need no closer look, and the places of those that do.

    `text` (String) is as long as the input, and says nothing at the places of `others` (UInt32).
    """

    text: pl.Series
    others: pl.Series


Shortcut = Callable[[pl.DataFrame], Ready]
"""From a frame with `source` (String, as it came) and perhaps `region`; only saves time."""

Rule = Callable[[pl.DataFrame, Steps], Outcome]
"""From a frame with `text` (trimmed NFC or null) and perhaps `region` to an outcome."""


def outcome(given: pl.Series, text: pl.Series, reason: str) -> Outcome:
    """`text` where there is one; `reason` for every given cell that has none."""
    empty = text.str.len_bytes() == 0
    if empty.any():
        text = text.set(empty, None)
    if text.null_count() == given.null_count():
        return Outcome(text, blank(text))
    refused = given.is_not_null() & text.is_null()
    return Outcome(text, blank(text).set(refused, reason))
