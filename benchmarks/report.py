"""Tables for people: printed, and written to RESULTS.md beside what was written there by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import clock

RESULTS = Path(__file__).parent / "RESULTS.md"
_MARK = "<!-- what stands below this line is kept -->"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the names of the columns, and rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """As GitHub shows it."""
        lines = [f"## {self.title}", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)


def write_results(tables: Sequence[Table], *, machine: str) -> None:
    """Print the tables and write them; notes below the mark stay."""
    body = "\n\n".join(table.markdown() for table in tables)
    kept = ""
    if RESULTS.exists() and _MARK in RESULTS.read_text():
        kept = RESULTS.read_text().partition(_MARK)[2]
    text = (
        f"# Results of `make bench`\n\n{clock.now():%Y-%m-%d}, {machine}. Sink, API, Postgres and "
        "Valkey run on the same cores. Medians of three runs where a run is short. "
        "Compare within one run only.\n\n"
        f"{body}\n\n{_MARK}{kept or chr(10)}"
    )
    RESULTS.write_text(text)
    print(text)


def replace_tables(tables: Sequence[Table]) -> None:
    """Print the tables and put each in the place of the last one of its title; the rest stays."""
    measured, mark, kept = RESULTS.read_text().partition(_MARK)
    head, *sections = measured.rstrip().split("\n## ")
    by_title = {section.partition("\n")[0]: f"## {section}".rstrip() for section in sections}
    for table in tables:
        by_title[table.title] = table.markdown()
        print(table.markdown())
    RESULTS.write_text("\n\n".join([head.rstrip(), *by_title.values(), f"{mark}{kept}"]))
