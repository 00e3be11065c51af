"""Reads Meta's JSON: ids that are strings or numbers, numbers that are strings, fields left out."""

from collections.abc import Mapping
from datetime import UTC, datetime


def text(source: Mapping[str, object], key: str) -> str | None:
    """A string, also of a number; None when absent or empty."""
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def number(source: Mapping[str, object], key: str) -> int | None:
    """A whole number, also of a string; None when absent or unreadable."""
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def flag(source: Mapping[str, object], key: str) -> bool | None:
    """A boolean, also of 0 and 1; None when absent."""
    value = source.get(key)
    return bool(value) if isinstance(value, bool | int) else None


def part(source: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A nested object; empty when absent."""
    value = source.get(key)
    return value if isinstance(value, Mapping) else {}


def words(source: Mapping[str, object], key: str) -> tuple[str, ...] | None:
    """A list of strings; None when absent."""
    value = source.get(key)
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, str))


def moment(source: Mapping[str, object], key: str) -> datetime | None:
    """A time given in unix seconds; None when absent or 0, which means never."""
    seconds = number(source, key)
    if not seconds or seconds < 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
