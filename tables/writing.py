"""Where data files are kept and how they are written: tab-separated, comments first, one header."""

from collections.abc import Iterable, Sequence
from pathlib import Path

_IDENTIFIERS = Path(__file__).parents[1] / "app" / "identifiers"
DATES = _IDENTIFIERS / "dates"
PLACES = _IDENTIFIERS / "places"


def write_table(
    name: str,
    comment: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    folder: Path = PLACES,
) -> Path:
    """Write the table `name` of places, or of another `folder`, and say where it is."""
    lines = [f"# {line}" for line in comment.strip().splitlines()]
    lines += ["\t".join(row) for row in (header, *rows)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read_table(name: str) -> list[list[str]]:
    """The rows of the table `name` of places, without comments and header."""
    lines = (PLACES / name).read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]
