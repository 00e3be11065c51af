"""The rules stand alone: executors of a cluster have them without the service around them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LOOK = """
import sys

from app.identifiers import identify

ours = {name for name in sys.modules if name.startswith("app.") and "identifiers" not in name}
print(*sorted(ours))
servers = {"fastapi", "starlette", "sqlalchemy", "asyncpg", "arq", "redis", "httpx", "pydantic", "obstore"}
print(*sorted(servers & {name.partition(".")[0] for name in sys.modules}))
"""


def test_hashing_imports_no_server() -> None:
    """And of the service only what `make executors` puts beside the rules."""
    said = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True, cwd=ROOT
    )
    ours, servers = said.stdout.split("\n")[:2]
    assert servers == ""
    packed = re.search(
        r"@cp -r (app/__init__.py .*) \.data/executors/app/", (ROOT / "Makefile").read_text()
    )
    assert packed is not None
    there = {path.removesuffix(".py").replace("/", ".") for path in packed[1].split()}
    assert set(ours.split()) <= there


def test_executors_have_the_versions_of_the_service() -> None:
    service = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    executors = tomllib.loads((ROOT / "executors" / "pyproject.toml").read_text())["project"]
    assert executors["version"] == service["version"]
    assert set(executors["dependencies"]) <= set(service["dependencies"])
    assert (
        f"audience_export_hashing-{service['version']}-py3-none-any.whl"
        in (ROOT / "docs" / "clusters.md").read_text()
    )
