"""Bad input, and the code each kind of source answers it with: the table of docs/segments.md, and its test.

`make docs` writes the page; a test tries every cell and holds the page to this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KINDS: Final = ("mysql", "postgres", "clickhouse", "bigquery", "snowflake", "iceberg")
NONE: Final = "-"  # there is no such thing at this kind
READ: Final = "read"  # nothing is wrong with it there
PAGE: Final = Path(__file__).parents[2] / "docs" / "segments.md"
_NAMES: Final = {
    "mysql": "MariaDB", "postgres": "Postgres", "clickhouse": "ClickHouse ¹", "bigquery": "BigQuery ²",
    "snowflake": "Snowflake ²", "iceberg": "Iceberg ³",
}  # fmt: skip
_BEGIN, _END = "<!-- bad input: made by make docs -->\n", "<!-- end of bad input -->\n"
# ten tables of a thousand columns
WIDE: Final = "abcdefghij"
_WIDE: Final = f"SELECT * FROM {', '.join('{m}_' + one for one in WIDE)}"


@dataclass(frozen=True)
class Bad:
    """One input. `query` is a text, or one for each kind that has its own; `{m}` stands for the members.

    Without one, members are read from the database of the name `database`, or from the table `table`
    where a kind has no queries. `codes` are those of KINDS, in their order.
    """

    what: str
    codes: str
    query: str | Mapping[str, str] = ""
    database: str = "crm"
    table: str = ""

    def code(self, kind: str) -> str:
        return self.codes.split()[KINDS.index(kind)]

    def query_of(self, kind: str) -> str:
        return self.query if isinstance(self.query, str) else self.query.get(kind, "")


_FAILED = "query-failed"
_NOT_READ = "query-not-read-only"
_DENIED = "database-permission-denied"

BAD_INPUT: Final = (
    Bad("two statements", f"{_FAILED} {_FAILED} {_FAILED} {_NOT_READ} {_FAILED} -",
        "SELECT email FROM {m}; DROP TABLE {m}"),
    Bad("a breakout by a parenthesis and a comment", f"{_FAILED} {_FAILED} {_FAILED} {_FAILED} {_FAILED} -",
        "SELECT email FROM {m}) AS m; DROP TABLE {m}; -- "),
    Bad("a comment left open", f"{_FAILED} {_FAILED} {_FAILED} {_NOT_READ} {_NOT_READ} -",
        "SELECT email FROM {m} /* "),
    Bad("a quote left open", f"{_FAILED} {_FAILED} {_FAILED} {_FAILED} {_FAILED} -",
        "SELECT email FROM {m} WHERE email = 'x"),
    Bad("CALL", f"{_NOT_READ} {_NOT_READ} {_FAILED} {_FAILED} {_FAILED} -", "CALL anything()"),
    Bad("INTO OUTFILE, COPY TO", f"{_NOT_READ} {_NOT_READ} {_NOT_READ} {_FAILED} {_FAILED} -",
        {"postgres": "COPY {m} TO PROGRAM 'true'",
         **dict.fromkeys(KINDS[:1] + KINDS[2:5], "SELECT email FROM {m} INTO OUTFILE '/tmp/ae-outfile'")}),
    Bad("FOR UPDATE", f"{_NOT_READ} {_NOT_READ} {_FAILED} {_FAILED} {_FAILED} -",
        "SELECT email FROM {m} FOR UPDATE"),
    Bad("DROP behind a CTE", f"{_FAILED} {_FAILED} {_FAILED} {_FAILED} {_FAILED} -",
        "WITH m AS (SELECT 1 AS email) DROP TABLE {m}"),
    Bad("DELETE behind a CTE", f"{_FAILED} {_NOT_READ} {_FAILED} {_DENIED} {_NOT_READ} -",
        {"postgres": "WITH m AS (DELETE FROM {m} RETURNING email) SELECT email FROM m",
         **dict.fromkeys(KINDS[:1] + KINDS[2:5], "WITH m AS (SELECT 1 AS email) DELETE FROM {m}")}),
    Bad("a function that writes", f"{_NOT_READ} {_NOT_READ} {_NOT_READ} - - -",
        {"mysql": "SELECT meddle() AS email", "postgres": "SELECT meddle()::text AS email",
         "clickhouse": "INSERT INTO FUNCTION file('ae-outfile') SELECT 1"}),
    Bad("SET", f"{_NOT_READ} {_NOT_READ} {_NOT_READ} {_FAILED} {_FAILED} -",
        {"mysql": "SET SESSION TRANSACTION READ WRITE", "postgres": "SET TRANSACTION READ WRITE",
         "clickhouse": "SET readonly = 0", "bigquery": "SET x = 1", "snowflake": "SET x = 1"}),
    Bad("no column that is mapped", " ".join(["attribute-missing"] * 6), "SELECT id FROM {m}",
        table="crm.eu.other"),
    Bad("two columns of one name", " ".join(["source-invalid"] * 5) + " -",
        "SELECT email, email FROM {m}"),
    Bad("10,000 columns", f"read {_FAILED} read {_FAILED} {_FAILED} -",
        {**dict.fromkeys(KINDS[:2] + KINDS[3:5], _WIDE), "clickhouse": "SELECT * FROM {m}_wide"}),
    Bad("a value of 100 MB", " ".join(["cell-too-large"] * 5) + " -",
        {**dict.fromkeys(KINDS[:2], "SELECT repeat('x', 100000000) AS email"),
         "clickhouse": "SELECT repeat(repeat('x', 100000), 1000) AS email",
         **dict.fromkeys(KINDS[3:5], "SELECT HUGE() AS email")}),
    Bad("a wrong password, key or token", " ".join(["credentials-refused"] * 6), database="wrong"),
    Bad("an expired password or token",
        "credentials-expired credentials-refused - credentials-expired credentials-expired "
        "credentials-refused",
        database="expired"),
    Bad("an unknown database, project or warehouse", " ".join(["database-not-found"] * 6), database="absent"),
    Bad("a server that refuses TLS", " ".join(["tls-refused"] * 6), database="plain"),
    Bad("a server that hangs in the handshake", " ".join(["database-unreachable"] * 6), database="hangs"),
    Bad("a server that dies in the middle", " ".join(["database-unreachable"] * 6), database="dies"),
    Bad("no rows", " ".join(["segment-empty"] * 6), "SELECT email FROM {m} WHERE id < 0",
        table="crm.eu.none"),
)  # fmt: skip


def table() -> str:
    """The table as the page has it."""
    lines = ["| input | " + " | ".join(_NAMES.values()) + " |", "|---" * (len(KINDS) + 1) + "|"]
    for bad in BAD_INPUT:
        cells = (
            {NONE: "–", READ: "is read"}.get(bad.code(kind), f"`{bad.code(kind)}`")
            for kind in KINDS
        )
        lines.append(f"| {bad.what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + "\n" + table() + "\n" + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
