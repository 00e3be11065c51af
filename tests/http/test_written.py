"""Lists are written from what was written before; they must show what a look at each item shows."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from sqlalchemy import update

from app import clock
from app.db.models import Base, Connection, Export, Run
from app.db.session import Database
from app.http.json_cache import Written
from tests.flows.journey import expect, make_connection, make_export, make_segment

LISTS = ("/v1/connections", "/v1/segments", "/v1/exports", "/v1/runs")


async def assert_lists_show_what_is(api: httpx.AsyncClient, *paths: str, times: int = 2) -> None:
    """Lists show each of their items as GET does: twice, since the second is written from the first."""
    for _ in range(times):
        for path in paths or LISTS:
            for item in (await expect(await api.get(path), 200))["items"]:
                one = await expect(await api.get(f"{path}/{item['id']}"), 200)
                # to the byte: also the order of the fields is the schema's
                assert json.dumps(item) == json.dumps(one), path


async def test_lists_show_every_change_at_once(
    api: httpx.AsyncClient, segment_root: Path, work: Callable[..., Any]
) -> None:
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    await assert_lists_show_what_is(api)

    run = await expect(await api.post(f"/v1/exports/{export['id']}/runs"), 202)
    await assert_lists_show_what_is(api)
    await work()
    await assert_lists_show_what_is(api)
    shown = (await api.get("/v1/exports")).json()["items"][0]
    assert shown["last_run"]["status"] == "succeeded"
    batches = f"/v1/runs/{run['id']}/batches"
    assert (await api.get(batches)).json() == (await api.get(batches)).json()
    assert len((await api.get(batches)).json()["items"]) == 1

    # what an export shows of others
    await api.patch(f"/v1/connections/{connection['id']}", json={"display_name": "Renamed"})
    await api.patch(f"/v1/segments/{segment['id']}", json={"display_name": "Other"})
    shown = (await api.get("/v1/exports")).json()["items"][0]
    assert shown["connection"]["display_name"] == "Renamed"
    assert shown["segments"][0]["display_name"] == "Other"
    await api.put("/v1/schedule", json={"enabled": True, "times": ["04:00"]})
    assert (await api.get("/v1/exports")).json()["items"][0]["next_run_at"] is not None

    # a look that fails is a row of its own
    (segment_root / "m.csv").unlink()
    await api.post(f"/v1/segments/{segment['id']}/refresh")
    await assert_lists_show_what_is(api)
    assert (await api.get("/v1/segments")).json()["items"][0]["last_error"] is not None


# what rows of long use hold, each column by itself
_AUDIENCE = {
    "operation_status": {"code": 200, "description": "Normal"}, "delivery_status": None, "error": None,
    "lower_bound": 1000, "upper_bound": None, "looked_at": "2026-11-23T15:05:09.1239+01:00",
    "readings": [{"looked_at": "2026-11-23T14:05:09Z", "lower_bound": 1, "upper_bound": 2}],
}  # fmt: skip
_RUNS: list[dict[str, Any]] = [
    {"error": {"code": "x", "culprit": "external", "message": "Ä “1”\u007f", "graph": {"code": 190}}},
    {"error": {"code": "x", "culprit": "user", "message": "m", "help_url": "https://a.example/"}},
    {"warnings": [{"code": "a", "detail": "b"},
                  {"code": "values-refused", "detail": "c", "key": "PHONE", "reason": "r", "share": 1}]},
    {"status": "queued", "waiting": {"reason": "retry", "since": "2026-11-23T14:05:09Z", "until": None,
     "attempt": 1, "of": 5, "last_error": {"code": "x", "culprit": "system", "message": "m",
                                           "help_url": None}}},
    {"audience_state": _AUDIENCE, "session_ids": [1 << 62], "note": "unchanged"},
    {"phases": [{"phase": "staging", "at": "2026-11-23T14:05:09.12+00:00", "attempt": 1, "done": 0},
                {"phase": "uploading", "at": "2026-11-23T14:05:10+00:00", "attempt": 1, "done": 0}],
     "status": "succeeded", "added": 9_000_000},
    {"spec": {}, "labels": {"ключ": "\\"}, "refused_values": {"PHONE": {"b": 1, "a": 2}}},
]  # fmt: skip
_CONNECTIONS: list[dict[str, Any]] = [
    {"blocked": {"reason": "r", "code": "blocked-by-meta", "help_url": None,
                 "since": "2026-11-23T14:05:09.120+00:00", "until": "9999-01-01T00:00:00.000+00:00"}},
    {"audience_state": _AUDIENCE, "token_scopes": None, "status": "reauthentication_required"},
    {"audience": None, "audience_request": {"name": "Ä"}, "status": "draft", "shared_with": []},
    {"token": None, "consent_version": None, "ad_account": None},
    {"ad_account": {"id": "act_1", "name": None, "business": {"id": "1"}}},
    {"token_expires_at": clock.now()},
]  # fmt: skip
_EXPORTS: list[dict[str, Any]] = [
    {"min_usable_ratio": 1}, {"enabled": False}, {"audience": {"id": "1", "is_value_based": True}},
    {"connection_id": None},
]  # fmt: skip


async def test_whatever_rows_hold_is_shown_alike(
    api: httpx.AsyncClient, segment_root: Path, database: Database
) -> None:
    """In a list nothing is validated anew, so that every form of a row must come out as by its schema."""
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, await make_connection(api), segment)
    await expect(await api.post(f"/v1/exports/{export['id']}/runs"), 202)
    odd: list[tuple[type[Base], str, dict[str, Any]]] = [
        *((Run, "/v1/runs", values) for values in _RUNS),
        *((Connection, "/v1/connections", values) for values in _CONNECTIONS),
        *((Export, "/v1/exports", values) for values in _EXPORTS),
    ]
    for table, path, values in odd:
        async with database.transaction() as session:
            await session.execute(update(table).values(**values))
        await assert_lists_show_what_is(api, path, times=1)


async def test_the_clock_changes_what_no_row_does(
    api: httpx.AsyncClient, segment_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    await make_export(
        api,
        connection,
        segment,
        schedule={"mode": "custom", "cron": "0 5 * * *", "time_zone": "UTC"},
    )
    first = (await api.get("/v1/exports")).json()["items"][0]["next_run_at"]
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await api.get("/v1/exports")).json()["items"][0]["next_run_at"] > first
    await assert_lists_show_what_is(api)


async def test_what_one_role_may_do_is_not_shown_to_another(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    await make_export(api, await make_connection(api), segment)
    assert (await api.get("/v1/exports")).json()["items"][0]["your_permission"] == "edit"
    key = await expect(
        await api.post("/v1/api-keys", json={"display_name": "viewer", "role": "viewer"}), 201
    )
    answer = await api.get("/v1/exports", headers={"Authorization": f"Bearer {key['key']}"})
    assert answer.json()["items"][0]["your_permission"] == "view"


class Item(BaseModel):
    """Some 40 bytes of JSON."""

    name: str


async def test_what_is_kept_is_bounded() -> None:
    written, made = Written(most_bytes=120), []

    async def write(names: list[Any]) -> dict[Any, Any]:
        made.extend(names)
        return {name: (Item(name=f"{name:030}"), None) for name in names}

    for name in (1, 2, 1, 3, 1, 2):
        assert len(await written.items({name: name}, write)) == 1
    # two have room: the third took the place of the second, which was not asked for the longest
    assert made == [1, 2, 3, 2]
    assert await written.items({}, write) == []
