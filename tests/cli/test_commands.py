"""Commands that answer at once: what they print, and how they refuse."""

import asyncio
import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from app.cli.demo import api_walk
from app.cli.server import child_processes
from app.cli.server.key_files import kept_key, new_administrator_key
from app.db.secrets import Vault
from app.embedded.postgres import EmbeddedPostgres
from sandbox import world


def test_the_contract_is_printed_the_same_every_time(command):
    first, second = command("openapi"), command("openapi", DATABASE_URL="postgresql://x/y")
    assert first.exit_code == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.endswith("}\n")
    document = json.loads(first.stdout)
    assert document["openapi"].startswith("3.")
    assert "/v1/runs/{run_id}" in document["paths"]
    again = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert first.stdout == again


@pytest.mark.parametrize("words", [("serve",), ("demo",)])
def test_the_image_has_no_embedded_servers(command, tmp_path: Path, words):
    done = command(*words, AUDIENCE_EXPORT_IMAGE="1")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "image" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "DATABASE_URL and REDIS_URL"),
        ({"DATABASE_URL": "postgresql://db/x"}, "Set REDIS_URL:"),
        ({"REDIS_URL": "redis://r"}, "Set DATABASE_URL:"),
    ],
)
def test_a_worker_needs_what_it_shares(command, given, missing):
    done = command("worker", **given)
    assert done.exit_code == 2
    assert missing in done.stderr


def test_wrong_settings_are_named_without_their_values(command):
    done = command("serve", GRAPH_API_VERSION="secret-value", LEASE_SECONDS="-1")
    assert done.exit_code == 2
    assert "GRAPH_API_VERSION" in done.stderr
    assert "LEASE_SECONDS" in done.stderr
    assert "secret-value" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fresh_key_is_one_that_works(command):
    keys = [command("keys", "generate").stdout.strip() for _ in range(2)]
    assert keys[0] != keys[1]
    for key in keys:
        assert len(base64.urlsafe_b64decode(key)) == 32
        sealed = Vault([key]).seal("text", owner="row")
        assert Vault([key]).open(sealed, owner="row") == "text"


def test_migrate_brings_an_empty_database_to_the_schema_once(command, tmp_path: Path):
    refused = command("migrate")
    assert refused.exit_code == 2
    assert "DATABASE_URL" in refused.stderr
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        first = command("migrate", DATABASE_URL=server.url)
        assert first.exit_code == 0, first.stderr
        second = command("migrate", DATABASE_URL=server.url)
        assert "(unchanged)" in second.stdout
        assert "(unchanged)" not in first.stdout

        async def tables() -> set[str]:
            connection = await asyncpg.connect(
                host=str(server.folder.sockets), user="app", database="audience_export"
            )
            try:
                rows = await connection.fetch(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                )
                return {row["tablename"] for row in rows}
            finally:
                await connection.close()

        assert {"alembic_version", "runs", "connections"} <= asyncio.run(tables())

        missing = server.address("no_such_database")
        wrong = command("migrate", DATABASE_URL=missing)
        assert wrong.exit_code == 2
        assert "does not exist" in wrong.stderr


def test_two_migrations_at_once_do_not_collide(process, tmp_path: Path):
    """As when several machines of a deployment start together."""
    with EmbeddedPostgres(tmp_path, durable=False) as server, ThreadPoolExecutor() as pool:
        jobs = [pool.submit(process, "migrate", DATABASE_URL=server.url) for _ in range(2)]
        done = [job.result() for job in jobs]
        assert [one.returncode for one in done] == [0, 0], done
        assert len({one.stdout.split()[1] for one in done}) == 1


def test_kept_keys_are_made_once_and_only_for_their_owner(tmp_path: Path):
    path = tmp_path / "administrator.key"
    key, is_new = kept_key(path, new_administrator_key)
    assert is_new
    assert key.startswith("aek_")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_key(path, new_administrator_key) == (key, False)
    assert [one.name for one in tmp_path.iterdir()] == ["administrator.key"]


def test_the_sandbox_is_addressed_by_what_it_knows():
    """The service does not import the sandbox, so its constants are written twice."""
    assert child_processes.SANDBOX_APP == {
        "FACEBOOK_APP_ID": world.APP_ID,
        "FACEBOOK_APP_SECRET": world.APP_SECRET,
    }
    assert api_walk.TOKEN == world.SYSTEM_TOKEN
    assert api_walk.AD_ACCOUNT == world.SHOP
