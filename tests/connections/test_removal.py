"""Discontinuing: what is removed, what is revoked, and that nothing more is sent (S66, S67, L30-L32)."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.connections import consent
from app.db.session import Database
from tests.flows.journey import (
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)


def works_at_meta(sandbox: Any) -> bool:
    answer = sandbox.http.get("/v26.0/me", params={"access_token": TOKEN})
    return bool(answer.is_success)


async def test_removal_keeps_the_token_at_meta_unless_asked(
    api: httpx.AsyncClient, sandbox: Any, database: Database
) -> None:
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}"
    assert (await api.delete(path)).status_code == 204
    assert works_at_meta(sandbox)
    other = await make_connection(api, audience={"name": "Other list"})
    assert (
        await api.delete(f"/v1/connections/{other['id']}", params={"revoke": "true"})
    ).status_code == 204
    assert not works_at_meta(sandbox)
    async with database.transaction() as session:
        assert await session.scalar(text("select count(*) from connections")) == 0
    # the audiences stay
    assert sandbox.audience(connection["audience"]["id"])["name"] == "Newsletter list"
    assert sandbox.audience(other["audience"]["id"])["name"] == "Other list"


async def test_a_connection_in_use_is_not_revoked(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    path = f"/v1/connections/{connection['id']}"
    answer = await api.delete(path, params={"revoke": "true"})
    problem = await expect(answer, 409)
    assert problem["code"] == "connection-in-use"
    assert problem["exports"] == [{"id": export["id"], "display_name": export["display_name"]}]
    stale = await api.delete(
        path, params={"revoke": "true", "detach": "true"}, headers={"If-Match": '"99"'}
    )
    assert stale.status_code == 412
    assert works_at_meta(sandbox)
    removed = await api.delete(path, params={"revoke": "true", "detach": "true"})
    assert removed.status_code == 204
    assert not works_at_meta(sandbox)
    kept = await expect(await api.get(f"/v1/exports/{export['id']}"), 200)
    assert kept["status"] == "detached"


async def test_a_revocation_that_meta_refuses_removes_nothing(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}"
    fault = {"kind": "error", "code": 10, "match": {"path": "me/permissions", "method": "DELETE"}}
    sandbox.control("POST", "faults", json=fault)
    answer = await api.delete(path, params={"revoke": "true"})
    assert answer.status_code in {422, 502}, answer.text
    assert (await api.get(path)).status_code == 200
    sandbox.control("DELETE", "faults")
    # a token that ended in another way needs no revocation
    sandbox.control("PATCH", f"tokens/{TOKEN}", json={"refused_with": 458})
    assert (await api.delete(path, params={"revoke": "true"})).status_code == 204


async def test_nothing_is_sent_after_the_removal(
    api: httpx.AsyncClient,
    make_settings: Any,
    sandbox: Any,
    segment_root: Path,
    work: Any,
    database: Database,
) -> None:
    """A run under way stops at the next batch; what was sent stays sent, and the counts say so."""
    rows = "".join(f"m{number}@example.com\n" for number in range(80_000))
    (segment_root / "m.csv").write_text("email\n" + rows)
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    sandbox.control("PUT", "settings", json={"latency": 0.4})
    run = await start_run(api, export)
    working = asyncio.create_task(work(make_settings(upload_concurrency=1)))
    while (await get_run(api, run))["counts"]["batches_done"] < 1:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    path = f"/v1/connections/{connection['id']}"
    assert (await api.delete(path, params={"detach": "true"})).status_code == 204
    sent = len(sandbox.requests("/users"))
    await working
    ended = await get_run(api, run)
    assert ended["status"] == "canceled"
    # one batch may have been on its way, and one may have left before the worker heard of it
    assert len(sandbox.requests("/users")) <= sent + 2
    assert ended["counts"]["batches_done"] < ended["counts"]["batches_total"] == 8
    members = sandbox.audience(connection["audience"]["id"])["members"]
    assert ended["counts"]["received"] == members
    async with database.transaction() as session:
        assert await session.scalar(text("select count(*) from connections")) == 0
    again = await api.post(f"/v1/exports/{export['id']}/runs")
    assert (await expect(again, 409))["code"] == "export-detached"


async def test_a_new_consent_text_is_agreed_to_before_the_next_save(
    api: httpx.AsyncClient,
    segment_root: Path,
    work: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S36, S37, S61: exports go on meanwhile; who agreed to what, when, is kept."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}"
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    agreed = connection["consent"]
    assert agreed["accepted_by"] == "bootstrap"
    monkeypatch.setattr(consent, "VERSION", "2027-01-01")
    assert (await expect(await api.get("/v1/consent"), 200))["version"] == "2027-01-01"
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"
    answer = await api.patch(path, json={"display_name": "Renamed"})
    assert (await expect(answer, 422))["code"] == "consent-version-outdated"
    assert (await expect(await api.get(path), 200))["consent"] == agreed
    renewed = {"accepted": True, "version": "2027-01-01"}
    saved = await api.patch(path, json={"display_name": "Renamed", "consent": renewed})
    body = await expect(saved, 200)
    assert (body["display_name"], body["consent"]["version"]) == ("Renamed", "2027-01-01")
    assert body["status"] == "ready"
