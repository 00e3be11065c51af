"""What surrounds the resources: attempts, limits, headers, and answers that say no more than they must."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from app.access.failed_attempts import LIMIT, WINDOW_SECONDS, Attempts
from app.db.session import Database
from app.errors import TooManyRequests
from app.http.requests.limits import TimeLimit
from app.http.requests.middleware import RequestFrame
from app.settings import Settings
from tests.access.callers import bearing, make_key
from tests.access.deployments import deployed
from tests.flows.journey import expect, make_connection, make_export, make_segment

# -- attempts --------------------------------------------------------------------------------------


async def test_failed_attempts_of_an_address_are_limited(api: httpx.AsyncClient) -> None:
    made = await make_key(api, "viewer")
    for number in range(LIMIT + 3):
        async with bearing(api, f"aek_guess{number:08}") as guesser:
            answer = await guesser.get("/v1/me")
        assert answer.status_code == (401 if number < LIMIT else 429)
    problem = await expect(answer, 429)
    assert problem["code"] == "too-many-failed-attempts"
    assert 1 <= int(answer.headers["retry-after"]) <= WINDOW_SECONDS
    # whoever has a key is not locked out by those who have none
    async with bearing(api, made["key"]) as owner:
        assert (await owner.get("/v1/me")).status_code == 200


async def test_failed_attempts_at_a_key_are_limited_wherever_they_come_from(
    api: httpx.AsyncClient,
) -> None:
    made = await make_key(api, "viewer")
    codes = []
    for number in range(LIMIT + 2):
        transport = httpx.ASGITransport(api.app, client=(f"198.51.100.{number}", 1))  # type: ignore[attr-defined]
        headers = {"Authorization": f"Bearer {made['key'][:-6]}{number:06}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as guesser:
            codes.append((await guesser.get("/v1/me", headers=headers)).status_code)
    assert codes == [401] * LIMIT + [429] * 2
    async with bearing(api, made["key"]) as owner:
        assert (await owner.get("/v1/me")).status_code == 200


async def test_without_a_credential_nothing_is_counted(api: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(api.app)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        codes = {(await browser.get("/v1/me")).status_code for _ in range(LIMIT + 5)}
    assert codes == {401}
    assert (await api.get("/v1/me")).status_code == 200


class Clockwork:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_attempts_are_counted_without_redis_too_and_for_a_network() -> None:
    ticks = Clockwork()
    attempts = Attempts(Redis(port=1), monotonic=ticks)
    for number in range(LIMIT):
        await attempts.failed(f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyRequests) as raised:
        await attempts.failed("2001:db8:1:2:ffff::9")
    assert 1 <= raised.value.members["retry_after"] <= WINDOW_SECONDS
    await attempts.failed("2001:db8:1:3::1")
    await attempts.failed("192.0.2.1")
    ticks.now += WINDOW_SECONDS
    await attempts.failed("2001:db8:1:2::1")


async def test_every_wrong_credential_gets_the_same_answer(
    api: httpx.AsyncClient, database: Database
) -> None:
    """Nobody learns which keys there are, or were."""
    revoked, expired = await make_key(api, "viewer"), await make_key(api, "viewer")
    assert (await api.delete(f"/v1/api-keys/{revoked['id']}")).status_code == 204
    async with database.transaction() as session:
        past = text("update api_keys set expires_at = now() - interval '1 second' where id = :id")
        await session.execute(past, {"id": expired["id"]})
    seen = set()
    for key in (revoked["key"], expired["key"], "aek_never", "x", "a.b.c", revoked["key"][:-1]):
        async with bearing(api, key) as caller:
            answer = await caller.get("/v1/me", headers={"X-Request-ID": "same"})
        seen.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
    assert len(seen) == 1
    assert next(iter(seen))[0] == 401


async def test_a_key_tells_when_it_was_used_last(api: httpx.AsyncClient) -> None:
    made = await make_key(api, "viewer")
    assert made["last_used_at"] is None
    async with bearing(api, made["key"]) as caller:
        await expect(await caller.get("/v1/me"), 200)
    listed = (await expect(await api.get("/v1/api-keys"), 200))["items"]
    found = next(item for item in listed if item["id"] == made["id"])
    assert found["last_used_at"] is not None
    assert "key" not in found
    assert found["last4"] == made["key"][-4:]


# -- idempotency keys ------------------------------------------------------------------------------


async def test_an_idempotency_key_is_claimed_by_nobody_unknown(
    api: httpx.AsyncClient, database: Database
) -> None:
    async with bearing(api, "aek_nobody") as nobody:
        headers = {"Idempotency-Key": "k"}
        answer = await nobody.post("/v1/connections", json={"display_name": "n"}, headers=headers)
        assert answer.status_code == 401
    async with database.transaction() as session:
        assert await session.scalar(text("select count(*) from idempotency_keys")) == 0


async def test_a_revoked_key_gets_no_answer_again(api: httpx.AsyncClient) -> None:
    made = await make_key(api, "administrator")
    headers = {"Idempotency-Key": "k"}
    body = {"display_name": "Secret plans"}
    async with bearing(api, made["key"]) as caller:
        first = await caller.post("/v1/connections", json=body, headers=headers)
        again = await caller.post("/v1/connections", json=body, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert (await api.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
        late = await caller.post("/v1/connections", json=body, headers=headers)
    assert late.status_code == 401
    assert "Secret plans" not in late.text


async def test_an_idempotency_key_belongs_to_its_caller(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    ids = set()
    for _ in range(2):
        made = await make_key(api, "administrator")
        async with bearing(api, made["key"]) as caller:
            body = {"display_name": "Mine"}
            answer = await caller.post("/v1/connections", json=body, headers=headers)
            ids.add((await expect(answer, 201))["id"])
    assert len(ids) == 2


# -- headers, sizes, times -------------------------------------------------------------------------

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/livez", "/openapi.json", "/v1/runs/x"])
async def test_every_answer_has_the_headers_of_a_safe_one(
    api: httpx.AsyncClient, path: str
) -> None:
    answer = await api.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["x-request-id"].startswith("req_")


async def test_other_origins_get_nothing_unless_named(
    api: httpx.AsyncClient, make_settings: Any
) -> None:
    asked = {
        "Origin": "https://ui.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    for answer in (
        await api.options("/v1/me", headers=asked),
        await api.get("/v1/me", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    async with deployed(make_settings(cors_allowed_origins="https://ui.example")) as opened:
        answer = await opened.options("/v1/me", headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://ui.example"
        assert "access-control-allow-credentials" not in answer.headers
        foreign = asked | {"Origin": "https://elsewhere.example"}
        answer = await opened.get("/v1/me", headers=foreign)
        assert "access-control-allow-origin" not in answer.headers


async def test_a_request_that_takes_too_long_is_given_up(
    make_settings: Any, sandbox: Any, database: Database
) -> None:
    async with deployed(make_settings()) as api:
        connection = await make_connection(api)
    async with deployed(make_settings(request_timeout_seconds=1.0)) as api:
        sandbox.control("PUT", "settings", json={"latency": 20})
        began = time.monotonic()
        answer = await api.get(f"/v1/connections/{connection['id']}/audiences")
        assert time.monotonic() - began < 15
        problem = await expect(answer, 504)
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] == "request-timeout"
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        # an Idempotency-Key of what was given up is free again
        sandbox.control("PUT", "settings", json={"latency": 20})
        body = {"display_name": "n", "access_token": "sandbox-user-token"}
        late = await api.post("/v1/connections", json=body, headers={"Idempotency-Key": "k"})
        assert late.status_code == 504
    sandbox.control("PUT", "settings", json={"latency": 0})
    async with deployed(make_settings()) as api:
        again = await api.post("/v1/connections", json=body, headers={"Idempotency-Key": "k"})
        assert again.status_code == 201
        assert (await api.get("/v1/connections")).status_code == 200


async def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await asyncio.sleep(0.1)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(RequestFrame(TimeLimit(slow, seconds=0.15)))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.text) == (200, "xxx")


@pytest.mark.parametrize("kind", [ValueError, pl.exceptions.PanicException])
async def test_what_nobody_foresaw_is_answered_and_logged_without_its_text(
    capsys: pytest.CaptureFixture[str], kind: type[BaseException]
) -> None:
    async def crash(scope: Any, receive: Any, send: Any) -> None:
        raise kind("person@example.com")

    transport = httpx.ASGITransport(RequestFrame(crash))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answer = await client.get("/", headers={"X-Request-ID": "r-1"})
    problem = await expect(answer, 500)
    assert (problem["code"], problem["request_id"]) == ("internal-error", "r-1")
    assert answer.headers["x-request-id"] == "r-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    said = capsys.readouterr()
    assert "person@example.com" not in answer.text + said.out + said.err


async def test_a_problem_repeats_nothing_of_the_address(api: httpx.AsyncClient) -> None:
    for path in ("/v1/exports/person@example.com", "/person@example.com", "/v1/runs/EAABsecret123"):
        answer = await api.get(path)
        assert answer.status_code == 404
        assert path.rpartition("/")[2] not in answer.text


# -- what a segment may reach ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "file", "url": "/etc/passwd"},
        {"kind": "file", "url": "file:///etc/passwd"},
        {"kind": "file", "url": "{root}/../secret.csv"},
        {"kind": "file", "url": "{root}/link.csv"},
        {"kind": "file", "url": "http://169.254.169.254/latest/meta-data"},
        {"kind": "file", "url": "http://127.0.0.1:1/x.csv"},
        {"kind": "file", "url": "s3://bucket/x.csv"},
        {"kind": "file", "url": "s3://key:secret-value@bucket/x.csv"},
        {"kind": "postgres", "database": "unnamed", "table": "members"},
        {"kind": "postgres", "database": "postgresql://127.0.0.1/x", "table": "members"},
    ],
)
async def test_a_segment_reaches_nothing_that_is_not_allowed(
    api: httpx.AsyncClient, segment_root: Path, source: dict[str, str]
) -> None:
    (segment_root.parent / "secret.csv").write_text("email\nhidden@example.com\n")
    (segment_root / "link.csv").symlink_to(segment_root.parent / "secret.csv")
    asked = {name: value.format(root=segment_root) for name, value in source.items()}
    answer = await api.post("/v1/segments", json={"name": "s", "source": asked})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for secret in ("hidden@", "root:", "secret-value"):
        assert secret not in answer.text


# -- the trail -------------------------------------------------------------------------------------


async def test_every_change_is_on_the_trail(
    api: httpx.AsyncClient, segment_root: Path, settings: Settings
) -> None:
    """Who, in which role, what, before and after, in which request; and no secret."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    made = await make_key(api, "administrator", display_name="Ops")
    async with bearing(api, made["key"]) as ops:
        ops.headers["X-Request-ID"] = "request-of-ops"
        connection = await make_connection(ops, shared_with=["administrator", "contributor"])
        path = f"/v1/connections/{connection['id']}"
        await expect(await ops.patch(path, json={"shared_with": ["administrator"]}), 200)
        segment = await make_segment(ops, str(segment_root / "m.csv"))
        renamed = {"display_name": "Renamed"}
        await expect(await ops.patch(f"/v1/segments/{segment['id']}", json=renamed), 200)
        export = await make_export(ops, connection, segment)
        export_path = f"/v1/exports/{export['id']}"
        await expect(await ops.patch(export_path, json=renamed), 200)
        await expect(await ops.post(f"{export_path}/duplicate"), 201)
        run = await expect(await ops.post(f"{export_path}/runs"), 202)
        await expect(await ops.post(f"/v1/runs/{run['id']}/cancel"), 200)
        erasure = {"people": [{"EMAIL": "forgotten@example.com"}], "ad_account_ids": ["act_1001"]}
        await expect(await ops.post("/v1/erasures", json=erasure), 202)
        await expect(await ops.post(f"{export_path}/detach"), 200)
        assert (await ops.delete(export_path)).status_code == 204
        removed = await ops.delete(path, params={"detach": "true", "revoke": "true"})
        assert removed.status_code == 204
        await ops.put(
            "/v1/schedule",
            json={"enabled": False, "frequency": "daily", "time_zone": "UTC", "times": ["01:00"]},
        )
        await expect(
            await ops.post("/v1/api-keys", json={"display_name": "k", "role": "viewer"}), 201
        )
    events = []
    cursor: str | None = None
    while True:
        params = {"limit": "20"} | ({"cursor": cursor} if cursor else {})
        answer = await api.get("/v1/audit-events", params=params)
        page = await expect(answer, 200)
        for secret in ("sandbox-user-token", made["key"], "forgotten@example.com", "a@example.com"):
            assert secret not in answer.text
        events += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    events.reverse()
    mine = [event for event in events if event["actor"] == made["id"]]
    assert {event["role"] for event in mine} == {"administrator"}
    assert {event["request_id"] for event in mine} == {"request-of-ops"}
    happened = [event["action"] for event in mine]
    for action in (
        "connection.created",
        "audience.created",
        "connection.updated",
        "segment.created",
        "segment.updated",
        "export.created",
        "export.updated",
        "run.requested",
        "run.cancel_requested",
        "export.detached",
        "export.deleted",
        "connection.token_revoked",
        "connection.deleted",
        "api_key.created",
    ):
        assert action in happened, action
    assert any(action.startswith("erasure.") for action in happened)
    assert any(action.startswith("schedule.") for action in happened), happened
    unshared = next(event for event in mine if event["action"] == "connection.updated")
    assert unshared["before"]["shared_with"] == ["administrator", "contributor"]
    assert unshared["after"]["shared_with"] == ["administrator"]
    assert unshared["after"]["token_last4"] == "oken"
