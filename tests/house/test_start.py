"""What a process loads before it is ready: by name, since how long it takes is the machine's affair."""

import subprocess
import sys

import pytest

# what only some deployments, commands or requests need
NOT_AT_START = {
    *("pyarrow", "pyiceberg", "avro", "fastavro", "duckdb", "pandas"),
    *(
        "asyncmy",
        "aiomysql",
        "pymysql",
        "googleapiclient",
        "snowflake",
        "clickhouse_connect",
        "boto3",
    ),
    *("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "grpc"),
    *(
        "alembic",
        "mako",
        "typer",
        "jsonschema",
        "sandbox",
        "pytest",
        "app.observability.tracing_export",
    ),
}
# a worker answers nobody, and the API works on no run
NOT_OF = {
    "app.main": {"workers", "app.embedded"},
    "workers.process": {"fastapi", "starlette", "uvicorn", "app.api", "app.embedded"},
}
LOADED = {
    "app.main": "from app.main import _api; _api()",
    "workers.process": "import workers.process",
}


@pytest.mark.parametrize("process", LOADED)
def test_a_process_loads_what_it_needs(process: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"{LOADED[process]}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    loaded = set(said)
    assert "app.db.models" in loaded
    assert sorted(loaded & (NOT_AT_START | NOT_OF[process])) == []
