"""House rules that no linter knows; each is here since breaking it once would cost a night."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.models import Base
from app.main import create_app
from app.settings import Settings
from tests.conftest import api_document

ROOT = Path(__file__).parents[2]
OURS = [path for folder in ("app", "workers", "sandbox") for path in (ROOT / folder).rglob("*.py")]


def code(paths: list[Path]) -> Iterator[tuple[Path, ast.AST]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            yield path, node


def calls(name: str, paths: list[Path]) -> set[str]:
    """Files that call a method or function of that name."""
    found = set()
    for path, node in code(paths):
        if isinstance(node, ast.Call):
            target = node.func
            called = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            if called == name:
                found.add(str(path.relative_to(ROOT)))
    return found


def test_only_the_session_commits() -> None:
    assert calls("commit", OURS) == {"app/db/session.py"}


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    # allocator.py sets what an allocator reads
    allowed = ("app/settings.py", "app/cli/", "app/embedded/", "workers/health/allocator.py")
    for path, node in code(OURS):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
            name = str(path.relative_to(ROOT))
            assert name.startswith(allowed), name


def test_only_the_clock_asks_for_the_date() -> None:
    for path, node in code([path for path in OURS if "sandbox" not in path.parts]):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            named = getattr(node.value, "id", "") or getattr(node.value, "attr", "")
            if named in {"datetime", "date"}:
                assert path.name == "clock.py", path


def test_locks_of_the_database_are_of_one_thing_each() -> None:
    """Two that share a number by accident leave out a round while the other is at it."""
    numbers: dict[int, str] = {}
    for path, node in code([*OURS, ROOT / "migrations/env.py"]):
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", "").endswith("_LOCK")
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, int)
        ):
            assert numbers.setdefault(node.value.value, str(path)) == str(path)
    assert len(numbers) >= 6


def test_modules_say_why_they_exist() -> None:
    for path in OURS:
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_modules_are_small_or_say_why_not() -> None:
    for path in OURS:
        lines = path.read_text().splitlines()
        if len(lines) > 300:
            reason = ast.get_docstring(ast.parse(path.read_text())) or ""
            assert re.search(r"\b(long|lines)\b", reason, re.IGNORECASE), (
                f"{path}: {len(lines)} lines, no reason"
            )


def test_every_table_has_a_sentence_and_named_constraints() -> None:
    for mapper in Base.registry.mappers:
        assert mapper.class_.__doc__, mapper
        for constraint in mapper.local_table.constraints:
            assert constraint.name, mapper


def test_every_operation_is_named_and_documented() -> None:
    document = api_document()
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert re.fullmatch(r"[a-z][a-z0-9_]*", operation["operationId"]), path
            assert operation.get("description"), (method, path)
            assert "default" in operation["responses"], (method, path)


def test_no_dependency_and_no_operation_needs_a_thread() -> None:
    """FastAPI calls plain functions in threads: a millisecond each, and a pool that fills."""
    routers = [getattr(one, "original_router", None) for one in create_app(Settings()).routes]
    seen = 0
    for route in [route for router in routers if router is not None for route in router.routes]:
        waiting = [route.dependant]
        while waiting:
            dependant = waiting.pop()
            waiting += dependant.dependencies
            call = dependant.call
            plain = call if inspect.isroutine(call) else type(call).__call__
            seen += 1
            assert inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain), call
    assert seen > 200


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "requirements-image.lock"]
)
def test_locks_have_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    pinned = [line for line in text.splitlines() if re.match(r"^[a-z0-9]", line, re.IGNORECASE)]
    assert pinned
    assert all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
