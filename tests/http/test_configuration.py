"""L37: the configuration goes out without tokens and comes in by name; exports arrive disabled."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from app.settings import Settings
from tests.access.deployments import deployed
from tests.flows.journey import TOKEN, expect, make_connection, make_export, make_segment

SCHEDULE = {
    "enabled": True, "frequency": "weekly", "days": ["friday"], "time_zone": "Europe/Berlin",
    "times": ["04:00"],
}  # fmt: skip


async def configured(api: httpx.AsyncClient, folder: Path) -> dict[str, Any]:
    """A deployment with one of everything, written out."""
    file = folder / "members.csv"
    file.write_text("email,phone\nanna@example.com,\n")
    connection = await make_connection(
        api,
        shared_with=["contributor"],
        audience_choice="listed",
        allowed_audience_ids=["23850000000000001"],
        metadata={"team": "crm"},
    )
    segment = await make_segment(api, str(file))
    pushed = {"name": "pushed", "source": {"kind": "upload"}, "metadata": {"team": "web"}}
    await expect(await api.post("/v1/segments", json=pushed), 201)
    custom = {"mode": "custom", "cron": "0 5 * * *", "time_zone": "Europe/Oslo"}
    keys = {"EMAIL": "email", "PHONE": "phone"}
    await make_export(
        api, connection, segment, sync_mode="mirror", attributes=keys, schedule=custom,
        default_country="NO", metadata={"team": "crm", "season": "spring"},
    )  # fmt: skip
    detached = await make_export(
        api, await make_connection(api, display_name="Other", audience={"name": "2"}), segment,
        display_name="Detached",
    )  # fmt: skip
    await expect(await api.post(f"/v1/exports/{detached['id']}/detach"), 200)
    await expect(await api.put("/v1/schedule", json=SCHEDULE), 200)
    return await expect(await api.get("/v1/configuration"), 200)


async def test_a_configuration_moves_to_another_deployment(
    api: httpx.AsyncClient,
    make_settings: Callable[..., Settings],
    database_url: str,
    servers: Any,
    template: str,
    segment_root: Path,
) -> None:
    document = await configured(api, segment_root)
    assert TOKEN not in json.dumps(document)
    assert "id" not in document["exports"][0]
    postgres, _ = servers
    name = f"t_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER app")
    async with deployed(make_settings(database_url=postgres.address(name))) as there:
        path = "/v1/configuration"
        tried = await expect(await there.post(f"{path}?dry_run=true", json=document), 200)
        assert tried["dry_run"] is True
        assert {(item["action"], item["id"]) for item in tried["items"]} == {("created", None)}
        assert (await expect(await there.get("/v1/exports"), 200))["items"] == []

        done = await expect(await there.post(path, json=document), 200)
        assert [item["kind"] for item in done["items"]] == [
            "connection", "connection", "segment", "segment", "export", "export", "schedule",
        ]  # fmt: skip
        assert "sign in" in done["items"][0]["to_do"]
        connections = (await expect(await there.get("/v1/connections"), 200))["items"]
        assert {(row["status"], row["token"]) for row in connections} == {("draft", None)}
        exports = (await expect(await there.get("/v1/exports"), 200))["items"]
        assert {row["display_name"]: row["status"] for row in exports} == {
            "Newsletter to Meta": "disabled",
            "Detached": "detached",
        }
        assert not any(row["enabled"] for row in exports)
        # what was written out there is the same, but for what has to be done anew
        again = await expect(await there.get(path), 200)
        for one, other in zip(document["exports"], again["exports"], strict=True):
            assert other == one | {"enabled": False}
        assert (again["segments"], again["schedule"]) == (
            document["segments"], document["schedule"],
        )  # fmt: skip
        unsigned = {"ad_account_id": None, "audience_name": None}
        for one, other in zip(document["connections"], again["connections"], strict=True):
            assert other == one | unsigned
        assert document["connections"][0]["allowed_audience_ids"] == ["23850000000000001"]
        assert document["exports"][0]["metadata"] == {"team": "crm", "season": "spring"}

        twice = await expect(await there.post(path, json=document), 200)
        assert {item["action"] for item in twice["items"]} == {"exists"}
        lost = {"exports": [{**document["exports"][0], "display_name": "n", "segments": ["gone"]}],
                "connections": [{"display_name": "New"}]}  # fmt: skip
        refused = await expect(await there.post(path, json=lost), 422)
        assert refused["code"] == "configuration-incomplete"
        assert len((await expect(await there.get("/v1/connections"), 200))["items"]) == 2
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_names_must_tell_apart(api: httpx.AsyncClient) -> None:
    for _ in range(2):
        await expect(await api.post("/v1/connections", json={"display_name": "Same"}), 201)
    document = await expect(await api.get("/v1/configuration"), 200)
    refused = await expect(await api.post("/v1/configuration", json=document), 422)
    assert refused["code"] == "configuration-ambiguous"
    assert "Same" in refused["detail"]
