"""The databases that segments may be read from: listed and checked for administrators, never shown."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import pytest

from app.embedded import EmbeddedPostgres
from app.settings import Settings
from tests.conftest import free_port

SECRET = "hunter2 /,?#&%@:"


@pytest.fixture
async def reader(servers, database_url: str) -> AsyncIterator[str]:
    """A role that may read one table; its address."""
    postgres: EmbeddedPostgres = servers[0]
    name = urlsplit(database_url).path.removeprefix("/")
    admin = postgres.address(name, role="postgres").replace("+asyncpg", "")
    connection = await asyncpg.connect(admin)
    await connection.execute("CREATE ROLE reads LOGIN; CREATE TABLE people (email text)")
    await connection.execute("GRANT SELECT ON people TO reads; CREATE ROLE sees_nothing LOGIN")
    yield postgres.address(name, role="reads")
    await connection.execute("DROP OWNED BY reads, sees_nothing; DROP ROLE reads, sees_nothing")
    await connection.close()


@pytest.fixture
def settings(make_settings: Callable[..., Settings], reader: str, tmp_path: Path) -> Settings:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    away = f"postgresql://crm@127.0.0.1:{free_port()}/members"
    entries = {
        "crm": reader,
        "filed": f"{reader}{'&' if '?' in reader else '?'}password_file={quote(str(secret))}",
        "owner": reader.replace("reads", "app"),
        "blind": reader.replace("reads", "sees_nothing"),
        "nobody": reader.replace("reads", "nobody"),
        "elsewhere": reader.replace("/t_", "/absent_"),
        "away": away.replace("crm@", f"crm:{quote(SECRET, safe='')}@"),
        "unfiled": f"{away}?password_file=/nowhere/at/all",
        "odd": "oracle://crm:hunter2@db/members",
    }
    listed = " ".join(f"{name}={address}" for name, address in entries.items())
    return make_settings(segment_databases=listed)


async def test_databases_are_listed_without_their_addresses(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/segment-sources")
    assert answer.status_code == 200
    assert "hunter2" not in answer.text
    assert "127.0.0.1" not in answer.text
    assert "://" not in answer.text
    items = {item["name"]: item for item in answer.json()["items"]}
    assert [*items] == sorted(items)
    assert {
        name: (item["kind"], item["answers"], item["code"]) for name, item in items.items()
    } == {
        "away": ("postgres", False, "database-unreachable"),
        "blind": ("postgres", True, "nothing-readable"),
        "crm": ("postgres", True, None),
        "elsewhere": ("postgres", False, "database-not-found"),
        "filed": ("postgres", True, None),
        "nobody": ("postgres", False, "credentials-refused"),
        "odd": (None, False, "database-kind-unknown"),
        "owner": ("postgres", True, "account-may-write"),
        "unfiled": ("postgres", False, "secret-unreadable"),
    }
    found = (await api.get("/v1/segment-sources?kind=postgres&answers=true&q=O")).json()["items"]
    assert [item["name"] for item in found] == ["owner"]


@pytest.mark.parametrize(
    ("name", "failed", "code", "warned"),
    [
        ("crm", None, None, None),
        ("owner", "may_not_write", "account-may-write", None),
        ("blind", "may_read", "nothing-readable", None),
        ("nobody", "signed_in", "credentials-refused", None),
        ("away", "reachable", "database-unreachable", None),
    ],
)
async def test_a_check_says_what_the_service_may_do(
    api: httpx.AsyncClient, name: str, failed: str | None, code: str | None, warned: str | None
) -> None:
    answer = await api.post(f"/v1/segment-sources/{name}/check")
    assert answer.status_code == 200
    assert "hunter2" not in answer.text
    found = answer.json()
    assert [check["name"] for check in found["checks"]] == [
        "reachable", "signed_in", "may_read", "may_not_write",
    ]  # fmt: skip
    assert found["ok"] is (failed is None)
    assert found["seconds"] < 5
    lacking = [(check["name"], check["code"]) for check in found["checks"] if check["ok"] is False]
    assert lacking == ([] if failed is None else [(failed, code)])
    assert next((one["code"] for one in found["checks"] if one["warning"]), None) == warned


async def test_unknown_names_and_other_kinds(api: httpx.AsyncClient) -> None:
    assert (await api.post("/v1/segment-sources/absent/check")).status_code == 404
    source = {"kind": "postgres", "database": "odd", "table": "people"}
    answer = await api.post("/v1/segments", json={"name": "other", "source": source})
    assert (answer.status_code, answer.json()["code"]) == (422, "database-kind-mismatch")
