"""Numbers in sentences for people."""


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 row`, `1,234 rows`, `0 entries`."""
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{number:,} {word}"
