"""The table of codes is whole and true: the source names no other, and raises them as the table says."""

import ast
import importlib.util
import re
from pathlib import Path

import httpx
import pytest

from app.codes import CODES
from app.http.problem_document import Problem
from app.main import create_app
from app.settings import Settings
from tests.contract.source_codes import codes_of, members, source_codes, statuses

ROOT = Path(__file__).parents[2]


def listed(code: str) -> bool:
    """In the table; faults of text files begin with the kind of the file there."""
    return bool({code, f"csv-{code}", f"ndjson-{code}"} & CODES.keys())


def test_every_code_of_the_source_is_in_the_table() -> None:
    unlisted = {code: files for code, files in source_codes().items() if not listed(code)}
    assert not unlisted, f"write a row into app/codes.tsv for each of: {unlisted}"


def test_no_row_is_left_over() -> None:
    """A code in the table that no source names any more would be explained for ever."""
    text = "\n".join(
        path.read_text("utf-8")
        for folder in ("app", "workers")
        for path in (ROOT / folder).rglob("*.py")
    )
    of_texts = re.compile(r"^(csv|ndjson)-")
    left = [
        code
        for code in CODES
        if f'"{code}"' not in text and f'"{of_texts.sub("", code)}"' not in text
    ]
    assert not left


@pytest.mark.parametrize(
    "source",
    [
        'raise Conflict("…", code="made-up")',
        'class Odd(Conflict):\n    code = "made-up"',
        'def failed(name, code, detail): ...\nfailed("x", "made-up", "…")',
        'WORD = "made-up"\nraise Conflict("…", code=WORD)',
        'raise Conflict("…", code="conflict" if x else "made-up")',
        'x = {"code": "made-up", "detail": "…"}',
        'x = ("made-up", "…", "…", Culprit.USER)',
    ],
)
def test_the_walk_finds_a_code_wherever_it_is_named(source: str) -> None:
    assert "made-up" in codes_of({"planted.py": source})


def test_codes_are_answered_with_the_status_of_the_table() -> None:
    """Of codes that answers have; those of runs and commands have no status."""
    wrong = {
        code: found
        for code, found in statuses().items()
        if code in CODES and CODES[code].status and CODES[code].status not in found
    }
    assert not wrong


def test_what_a_problem_document_may_hold_is_in_its_schema() -> None:
    """Each further member that the source gives an error is one a client's types have."""
    unknown = {name: files for name, files in members().items() if name not in Problem.model_fields}
    assert not unknown


def test_rows_are_sentences() -> None:
    for row in CODES.values():
        assert row.title[0].isupper() or row.title[0].isdigit(), row.code
        assert not row.title.endswith("."), row.code
        assert row.meaning.endswith("."), row.code
        assert row.action.endswith("."), row.code
        assert ("answer" in row.places) == (row.status is not None), row.code


def test_the_page_of_the_docs_is_the_table() -> None:
    spec = importlib.util.spec_from_file_location("errors_page", ROOT / "openapi/errors_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs/errors.md").read_text("utf-8")
    assert written == module.page(), "run make openapi"


async def test_a_problem_type_is_a_page_for_people_and_json_for_programs() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        problem = (await api.get("/nowhere")).json()
        row = (await api.get(problem["type"])).json()
        page = await api.get(problem["type"], headers={"Accept": "text/html,*/*;q=0.8"})
        everything = (await api.get("/problems")).json()["items"]
        unknown = await api.get("/problems/made-up")
    assert problem["title"] == row["title"] == CODES["not-found"].title
    assert (row["status"], row["culprit"]) == (404, "user")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script" not in page.text
    assert row["meaning"] in page.text
    assert [item["code"] for item in everything] == list(CODES)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")


def test_no_text_that_people_read_has_numbers_of_requirements() -> None:
    """They stand in docstrings and comments, for who reads the code."""
    number = re.compile(r"\([SL][0-9]{1,2}[a-z]?(, [SL][0-9]{1,2}[a-z]?)*\)")
    found = []
    for folder in ("app", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            docstrings = {
                id(node.body[0].value)
                for node in ast.walk(tree)
                if isinstance(getattr(node, "body", None), list)
                and node.body
                and isinstance(node.body[0], ast.Expr)
            }
            found += [
                f"{path.name}:{node.lineno}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
                and number.search(node.value)
            ]
    assert not found
