# ruff: noqa: RUF001
"""The pieces that written dates are made of, as patterns for polars' regex engine."""

from typing import Final

GAP: Final = r"[-/.,\s]"
BETWEEN: Final = r"[-/.\s]+"
ORDINAL: Final = r"(?:st|nd|rd|th|er|[.ºª°])?"
NAME: Final = r"(?:de\s+|of\s+)?(?<name>\p{L}[\p{L}\p{M}]{1,20})\.?"
YEAR_WORD: Final = r"(?:\s?г\.?)?"
"""Russian for year, in short."""

_OFFSET: Final = r"[+-][0-9]{1,2}(?::?[0-9]{2}){0,2}"
CLOCK: Final = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,:][0-9]{1,9})?)?"
ZONE: Final = rf"[^0-9+-]{{0,20}}(?:{_OFFSET})?"
"""AM or PM in any language, a zone by its name or offset: read past, the date is its own zone's."""

_DAY_ZONE: Final = (
    r"(?:\s*(?:z|utc|gmt|msk|[a-z]{1,3}s?t))?(?:\s*[+-][0-9]{2}:?[0-9]{2})?(?:\s?\[[a-z_/+-]+\])?"
)
END: Final = rf"(?:[t\s,]+{CLOCK}{ZONE}[^0-9]{{0,60}}|{_DAY_ZONE})$"
"""A time of day and its zone, or a zone alone, and nothing else behind a date."""
