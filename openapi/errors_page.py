"""Prints docs/errors.md from the table of codes: `python openapi/errors_page.py > docs/errors.md`."""

from itertools import groupby

from app.codes import CODES, Code
from app.http.problem_pages import MOVES, PLACES

_HEAD = """# Errors

Every answer that is no success is an `application/problem+json` document (RFC 9457). Programs go by its
`code`, which is stable; `detail` says what happened in this case and what to do, `errors` names each field
that is wrong, and `request_id` joins the answer with the log. No document repeats a value that was sent.
The same codes stand in the `error` of runs, in checks and in warnings.

`GET /problems/{code}` explains a code: a page for browsers, JSON for programs.
`culprit` says whose move it is:

| `culprit` | |
|---|---|
"""

_COLUMNS = "| code | status | whose move | meaning | what to do | met in |"


def page() -> str:
    """The chapter, section by section in the order of the table."""
    lines = [_HEAD + "\n".join(f"| `{name}` | {text} |" for name, text in MOVES.items()), ""]
    lines += ["This page is made from `app/codes.tsv` by `make openapi`.", ""]
    for section, rows in groupby(CODES.values(), key=lambda row: row.section):
        lines += [f"## {section}", "", _COLUMNS, "|---|---|---|---|---|---|"]
        lines += [_line(row) for row in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _line(row: Code) -> str:
    where = ", ".join(PLACES[place] for place in PLACES if place in row.places)
    told = f"**{row.title}.** {row.meaning}"
    cells = [f"`{row.code}`", str(row.status or ""), row.culprit, told, row.action, where]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
