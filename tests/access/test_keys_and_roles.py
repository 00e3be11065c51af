"""API keys and what their roles allow; and the record of who changed what."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from app.db.session import Database
from tests.access.callers import acting_as, bearing, make_key
from tests.conftest import API_KEY
from tests.flows.journey import (
    TOKEN,
    expect,
    make_connection,
    make_export,
    make_segment,
    start_run,
)


async def test_a_key_is_shown_once(api: httpx.AsyncClient, database: Database) -> None:
    """Made, used, listed without itself, stored as a hash only."""
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    made = await make_key(api, "contributor", display_name="nightly", expires_at=ends)
    key = made["key"]
    assert len(key) > 40
    assert (made["display_name"], made["role"], made["last4"]) == (
        "nightly",
        "contributor",
        key[-4:],
    )
    async with bearing(api, key) as caller:
        me = await expect(await caller.get("/v1/me"), 200)
        assert (me["id"], me["role"]) == (made["id"], "contributor")
        assert (await caller.get("/v1/api-keys")).status_code == 403
        refused = await caller.post("/v1/api-keys", json={"display_name": "x", "role": "viewer"})
        assert refused.status_code == 403
    listed = await api.get("/v1/api-keys")
    (item,) = (await expect(listed, 200))["items"]
    assert item["id"] == made["id"]
    assert item["last_used_at"] is not None
    assert "key" not in item
    async with database.transaction() as session:
        stored = str((await session.execute(text("select api_keys::text from api_keys"))).all())
    events = await api.get("/v1/audit-events")
    for where in (listed.text, events.text, stored):
        assert key not in where
        assert key.removeprefix("aek_") not in where


async def test_keys_end(api: httpx.AsyncClient, database: Database) -> None:
    """Revoked or expired, a key is no key; the answer does not say which."""
    revoked, expired = await make_key(api, "viewer"), await make_key(api, "viewer")
    assert (await api.delete(f"/v1/api-keys/{revoked['id']}")).status_code == 204
    async with database.transaction() as session:
        await session.execute(
            text("update api_keys set expires_at = now() - interval '1 second' where id = :id"),
            {"id": expired["id"]},
        )
    answers = []
    for key in (revoked["key"], expired["key"], "aek_unknown", API_KEY + "x", ""):
        async with bearing(api, key) as caller:
            answer = await caller.get("/v1/me")
            answers.append((answer.status_code, answer.json()["code"], answer.json()["detail"]))
    assert set(answers) == {answers[0]}
    assert answers[0][:2] == (401, "unauthenticated")
    assert (await api.delete(f"/v1/api-keys/{revoked['id']}")).status_code == 404
    assert (await api.delete("/v1/api-keys/key_" + "0" * 32)).status_code == 404
    assert revoked["id"] not in (await api.get("/v1/api-keys")).text


async def test_key_requests_are_strict(api: httpx.AsyncClient) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    for changes in (
        {"role": "owner"},
        {"role": None},
        {"display_name": ""},
        {"display_name": "a\u0007"},
        {"expires_at": past},
        {"expires_at": "2030-01-01T00:00:00"},
        {"expires_at": "9999-12-31T23:59:59-23:00"},
        {"key": "aek_mine"},
    ):
        body = {"display_name": "n", "role": "viewer"} | changes
        await expect(await api.post("/v1/api-keys", json=body), 422)
    assert (await api.get("/v1/api-keys")).json()["items"] == []


async def test_what_the_roles_may_do(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    """L10, L16, L19-L22, L71: everybody sees exports and runs; connections are for administrators."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api, shared_with=["contributor"])
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    run = await start_run(api, export)
    con, seg = f"/v1/connections/{connection['id']}", f"/v1/segments/{segment['id']}"
    exp, ran = f"/v1/exports/{export['id']}", f"/v1/runs/{run['id']}"
    everybody = [
        ("GET", "/v1/me"), ("GET", "/v1/consent"), ("GET", "/v1/connection-types"),
        ("GET", "/v1/segments"), ("GET", seg), ("GET", f"{seg}/attributes"),
        ("GET", f"{seg}/exports"), ("GET", "/v1/exports"), ("GET", exp), ("GET", f"{exp}/runs"),
        ("GET", "/v1/runs"), ("GET", ran), ("GET", f"{ran}/batches"),
    ]  # fmt: skip
    contributors = [
        ("GET", "/v1/connections/available"), ("POST", "/v1/segments"), ("POST", "/v1/exports"),
        ("PATCH", exp), ("POST", f"{exp}/duplicate"), ("POST", f"{exp}/preview"),
        ("POST", f"{exp}/runs"), ("POST", f"{ran}/cancel"),
    ]  # fmt: skip
    administrators = [
        ("GET", "/v1/connections"), ("POST", "/v1/connections"), ("GET", con), ("PATCH", con),
        ("POST", f"{con}/check"), ("GET", f"{con}/ad-accounts"), ("GET", f"{con}/audiences"),
        ("GET", f"{con}/exports"), ("GET", "/v1/api-keys"), ("POST", "/v1/api-keys"),
        ("DELETE", "/v1/api-keys/key_" + "0" * 32), ("GET", "/v1/audit-events"),
        ("POST", f"{exp}/detach"), ("DELETE", f"{con}?detach=true"),
    ]  # fmt: skip
    allowed = {
        "viewer": everybody,
        "contributor": everybody + contributors,
        "administrator": everybody + contributors + administrators,
    }
    for role, routes in allowed.items():
        async with acting_as(api, role) as caller:
            for method, path in everybody + contributors + administrators:
                answer = await caller.request(
                    method, path, json={} if method in {"POST", "PATCH"} else None
                )
                forbidden = (method, path) not in routes
                assert (answer.status_code == 403) == forbidden, (role, method, path, answer.text)
                assert answer.status_code not in {401, 500}
                if forbidden:
                    assert answer.json()["code"] == "forbidden"
    del api.headers["Authorization"]
    for method, path in everybody + contributors + administrators:
        assert (await api.request(method, path)).status_code == 401, path


async def test_every_change_is_on_record(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """Who, when, in which role, by which request, what before and after; never a secret."""
    (segment_root / "m.csv").write_text("email\nvery.private@example.com\n")
    contributor = await make_key(api, "contributor")
    connection = await make_connection(api, shared_with=["contributor"])
    con = f"/v1/connections/{connection['id']}"
    await expect(await api.patch(con, json={"access_token": "sandbox-system-token"}), 200)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    seg = f"/v1/segments/{segment['id']}"
    await expect(await api.patch(seg, json={"display_name": "Readers"}), 200)
    async with bearing(api, contributor["key"]) as caller:
        export = await make_export(caller, connection, segment)
        exp = f"/v1/exports/{export['id']}"
        body = {"display_name": "Letters"}
        renamed = await caller.patch(exp, json=body, headers={"X-Request-ID": "rename-it"})
        await expect(renamed, 200)
        run = await start_run(caller, export)
        await expect(await caller.post(f"/v1/runs/{run['id']}/cancel"), 200)
        await expect(await caller.post(f"/v1/runs/{run['id']}/cancel"), 200)
        run = await start_run(caller, export)
        await work()
    await expect(await api.post(f"{exp}/detach"), 200)
    for path in (exp, seg, con, f"/v1/api-keys/{contributor['id']}"):
        assert (await api.delete(path)).status_code == 204
    # what is refused changes nothing and leaves no record
    assert (await api.delete(con)).status_code == 404

    answer = await api.get("/v1/audit-events", params={"limit": 200})
    events = (await expect(answer, 200))["items"]
    trail = [(item["action"], item["actor"]) for item in reversed(events)]
    theirs = contributor["id"]
    assert trail == [
        ("api_key.created", "bootstrap"),
        ("connection.created", "bootstrap"),
        ("audience.created", "bootstrap"),
        ("connection.updated", "bootstrap"),
        ("segment.created", "bootstrap"),
        ("segment.updated", "bootstrap"),
        ("export.created", theirs),
        ("export.updated", theirs),
        ("run.requested", theirs),
        ("run.cancel_requested", theirs),
        ("run.requested", theirs),
        ("export.detached", "bootstrap"),
        ("export.deleted", "bootstrap"),
        ("segment.deleted", "bootstrap"),
        ("connection.deleted", "bootstrap"),
        ("api_key.revoked", "bootstrap"),
    ]
    rename = next(item for item in events if item["action"] == "export.updated")
    assert rename["request_id"] == "rename-it"
    assert rename["role"] == "contributor"
    assert rename["before"]["display_name"] == "Newsletter to Meta"
    assert rename["after"]["display_name"] == "Letters"
    for secret in (TOKEN, "sandbox-system-token", API_KEY, contributor["key"], "very.private"):
        assert secret not in answer.text
    own = await api.get("/v1/audit-events", params={"resource_id": export["id"]})
    assert [item["action"] for item in own.json()["items"]] == [
        "export.deleted",
        "export.detached",
        "export.updated",
        "export.created",
    ]
