"""The service that the code of the pages speaks to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Serve, processes

KEY = "an-administrator-key-for-tests"


@pytest.fixture(scope="package")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A service whose export is ready to run, as the variables that the pages speak of."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "people.csv").write_text("email\nmary@example.com\nann@example.com\n")
    service = Serve(folder / "data", {"BOOTSTRAP_API_KEY": KEY, "SEGMENT_ROOTS": str(folder)})
    try:
        service.ready()
        with httpx.Client(
            base_url=service.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60
        ) as api:
            export = _export(api, folder)
        yield {
            "AUDIENCE_EXPORT_URL": service.url,
            "AUDIENCE_EXPORT_API_KEY": KEY,
            "EXPORT": export,
            "WORKER": _worker(service),
        }
    finally:
        service.process.terminate()
        service.process.wait(60)
        service.end()


def _worker(service: Serve) -> str:
    running = processes()
    # a connection's process of Postgres may have come or gone since
    family = [running[pid] for pid in service.family() if pid in running]
    (pid,) = [one.pid for one in family if one.command.strip().endswith("-m workers")]
    return str(pid)


def _export(api: httpx.Client, folder: Path) -> str:
    def post(path: str, **body: object) -> str:
        answer = api.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    connection = post(
        "/v1/connections",
        display_name="Newsletter",
        access_token="sandbox-user-token",
        ad_account_id="act_1001",
        audience={"name": "Newsletter"},
        consent={"accepted": True, "version": api.get("/v1/consent").json()["version"]},
    )
    source = {"kind": "file", "url": str(folder / "people.csv")}
    segment = post("/v1/segments", name="people", display_name="People", source=source)
    return post(
        "/v1/exports",
        display_name="Newsletter",
        connection_id=connection,
        key_identifier="email",
        attributes={"EMAIL": "email"},
        segment_ids=[segment],
    )


def runs_of(story: dict[str, str]) -> list[dict[str, Any]]:
    """All runs of the service, newest first."""
    answer = httpx.get(
        f"{story['AUDIENCE_EXPORT_URL']}/v1/runs",
        headers={"Authorization": f"Bearer {story['AUDIENCE_EXPORT_API_KEY']}"},
        params={"limit": 100},
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found
