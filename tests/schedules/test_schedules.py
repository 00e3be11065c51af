"""Setting schedules and running all, over HTTP (S59, S60, L38-L46, L56-L61)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.db.session import Database
from app.schedules.due import start_due
from tests.access.callers import acting_as
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.schedules.conftest import Clock, finish_runs

WEEKLY = {
    "enabled": True,
    "frequency": "weekly",
    "days": ["friday", "monday"],
    "time_zone": "Europe/Berlin",
    "times": ["15:00", "03:00"],
}


async def two_exports(
    api: httpx.AsyncClient, root: Path, **connection: Any
) -> list[dict[str, Any]]:
    (root / "m.csv").write_text("email\na@example.com\nb@example.com\n")
    made = await make_connection(api, **connection)
    segment = await make_segment(api, str(root / "m.csv"))
    return [await make_export(api, made, segment, display_name=f"Export {n}") for n in range(2)]


async def test_the_next_times_of_a_cron(api: httpx.AsyncClient, wall_clock: Clock) -> None:
    """Before it is saved: across the end of daylight saving, which moves it in UTC and not in Berlin."""
    wall_clock.time = datetime(2026, 10, 22, 12, tzinfo=UTC)
    params = {"cron": "30 5 * * 1-5", "time_zone": "Europe/Berlin", "count": 3}
    found = await expect(await api.get("/v1/schedule/next-times", params=params), 200)
    assert found["items"] == [
        "2026-10-23T03:30:00.000Z",
        "2026-10-26T04:30:00.000Z",
        "2026-10-27T04:30:00.000Z",
    ]
    for wrong in ({"cron": "61 * * * *"}, {"cron": "0 0 30 2 *"}, {"time_zone": "Mars"}):
        answer = await api.get("/v1/schedule/next-times", params=params | wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == next(iter(wrong))


# -- the system's schedule -------------------------------------------------------------------------


async def test_the_refresh_schedule_is_off_until_an_administrator_sets_it(
    api: httpx.AsyncClient, wall_clock: Clock
) -> None:
    """L56-L60."""
    found = await expect(await api.get("/v1/schedule"), 200)
    assert (found["enabled"], found["frequency"], found["next_run_at"]) == (False, "weekly", None)
    wall_clock.time = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)  # a Friday in winter time
    found = await expect(await api.put("/v1/schedule", json=WEEKLY), 200)
    assert found["days"] == ["monday", "friday"]
    assert found["times"] == ["03:00", "15:00"]
    assert found["next_run_at"] == "2026-03-27T14:00:00.000Z"
    assert found["updated_by"] == "bootstrap"
    wall_clock.forward(days=1)  # summer time begins on Sunday
    assert (await api.get("/v1/schedule")).json()["next_run_at"] == "2026-03-30T01:00:00.000Z"
    off = await expect(await api.put("/v1/schedule", json=WEEKLY | {"enabled": False}), 200)
    assert off["next_run_at"] is None
    events = await expect(await api.get("/v1/audit-events"), 200)
    assert [item["action"] for item in events["items"]].count("schedule.updated") == 2

    for role in ("viewer", "contributor"):
        async with acting_as(api, role) as other:
            await expect(await other.put("/v1/schedule", json=WEEKLY), 403)
            assert (await expect(await other.get("/v1/schedule"), 200))["enabled"] is False


async def test_what_is_no_refresh_schedule(api: httpx.AsyncClient) -> None:
    for change in (
        {"days": []},
        {"days": ["monday", "monday"]},
        {"days": ["Montag"]},
        {"frequency": "daily"},
        {"frequency": "hourly"},
        {"time_zone": "Berlin"},
        {"times": []},
        {"times": ["03:00", "03:00"]},
        {"times": ["3:00"]},
        {"times": ["24:00"]},
        {"times": ["01:00", "02:00", "03:00", "04:00", "05:00"]},
        {"enabled": "yes"},
        {"surprise": 1},
    ):
        await expect(await api.put("/v1/schedule", json=WEEKLY | change), 422)
    assert (await api.get("/v1/schedule")).json()["updated_at"] is None


async def test_daily_takes_no_days_and_up_to_four_times(api: httpx.AsyncClient) -> None:
    body = WEEKLY | {
        "frequency": "daily",
        "days": [],
        "times": ["00:00", "06:00", "12:00", "18:00"],
    }
    assert (await expect(await api.put("/v1/schedule", json=body), 200))["days"] == []
    zones = (await expect(await api.get("/v1/schedule/time-zones"), 200))["items"]
    offsets = {zone["name"]: zone["utc_offset"] for zone in zones}
    assert offsets["Asia/Kolkata"] == "+05:30"
    assert offsets["UTC"] == "+00:00"
    assert len(zones) > 400


# -- an export's own -------------------------------------------------------------------------------


async def test_a_custom_schedule_survives_being_switched_off(
    api: httpx.AsyncClient, segment_root: Path, wall_clock: Clock
) -> None:
    """L38, L42."""
    export, _ = await two_exports(api, segment_root)
    path = f"/v1/exports/{export['id']}"
    assert export["schedule"] == {"mode": "system", "cron": None, "time_zone": None}
    assert export["next_run_at"] is None
    wall_clock.time = datetime(2026, 6, 1, 12, tzinfo=UTC)

    async def patch(schedule: dict[str, Any], status: int = 200) -> dict[str, Any]:
        return await expect(await api.patch(path, json={"schedule": schedule}), status)

    assert (await patch({"mode": "custom"}, 422))["errors"][0]["pointer"] == "/schedule"
    await patch({"mode": "custom", "cron": "61 * * * *"}, 422)
    await patch({"mode": "custom", "cron": "0 5 * * *", "time_zone": "Nowhere/City"}, 422)
    await patch({"cron": "0 5 * * *"}, 422)  # the mode is system
    custom = {"mode": "custom", "cron": "0 5 * * *", "time_zone": "Asia/Kolkata"}
    changed = await patch(custom)
    assert changed["schedule"] == custom
    assert changed["next_run_at"] == "2026-06-01T23:30:00.000Z"
    off = await patch({"mode": "manual"})
    assert off["schedule"] == custom | {"mode": "manual"}
    assert off["next_run_at"] is None
    assert (await patch({"mode": "custom"}))["schedule"] == custom
    assert (await patch({"time_zone": "UTC"}))["schedule"] == custom | {"time_zone": "UTC"}
    disabled = await expect(await api.patch(path, json={"enabled": False}), 200)
    assert disabled["next_run_at"] is None
    again = await patch({"mode": "system"})
    assert again["schedule"] == {"mode": "system", "cron": None, "time_zone": None}
    made = await expect(await api.post(f"{path}/duplicate", json={"display_name": "Copy"}), 201)
    assert made["schedule"] == again["schedule"]


async def test_a_new_schedule_owes_nothing_for_the_time_before(
    api: httpx.AsyncClient, segment_root: Path, database: Database, wall_clock: Clock
) -> None:
    """Switching on, enabling and attaching begin now; changing something else does not."""
    export, _ = await two_exports(api, segment_root)
    notifier = api.app.state.notifier  # type: ignore[attr-defined]
    path = f"/v1/exports/{export['id']}"
    await expect(
        await api.patch(path, json={"schedule": {"mode": "custom", "cron": "0 5 * * *"}}), 200
    )
    wall_clock.forward(days=10)
    await expect(await api.patch(path, json={"enabled": False}), 200)
    wall_clock.forward(days=10)
    await expect(await api.patch(path, json={"enabled": True}), 200)
    assert await start_due(database, notifier) == []
    wall_clock.forward(days=1)
    # a change of the name in the very moment between being due and being looked at
    await expect(await api.patch(path, json={"display_name": "Renamed"}), 200)
    assert len(await start_due(database, notifier) or []) == 1
    found = (await api.get("/v1/runs")).json()["items"]
    assert [(run["trigger"], run["requested_by"]) for run in found] == [("scheduled", "system")]
    await finish_runs(database)

    # the refresh schedule begins when it is set, and setting it to what it is changes nothing
    daily = {"enabled": True, "frequency": "daily", "time_zone": "UTC", "times": ["03:00"]}
    await expect(await api.put("/v1/schedule", json=daily), 200)
    assert await start_due(database, notifier) == []
    wall_clock.forward(days=2)
    await expect(await api.put("/v1/schedule", json=daily), 200)
    # one by the refresh, one by its own schedule
    assert len(await start_due(database, notifier) or []) == 2


async def test_scheduling_several_at_once(
    api: httpx.AsyncClient, segment_root: Path, wall_clock: Clock
) -> None:
    """L43, L44: keep what each has and switch, or give all a new one; all or none."""
    first, second = await two_exports(api, segment_root)
    custom = {"mode": "custom", "cron": "0 5 * * *", "time_zone": "UTC"}
    await expect(await api.patch(f"/v1/exports/{first['id']}", json={"schedule": custom}), 200)
    ids = [first["id"], second["id"]]

    async def bulk(status: int = 200, **body: Any) -> dict[str, Any]:
        answer = await api.post("/v1/exports/schedule", json={"export_ids": ids} | body)
        return await expect(answer, status)

    off = (await bulk(mode="keep", enabled=False))["items"]
    assert [item["schedule"]["mode"] for item in off] == ["manual", "manual"]
    assert off[0]["schedule"]["cron"] == "0 5 * * *"
    assert [item["id"] for item in off] == ids
    on = (await bulk(mode="keep", enabled=True))["items"]
    assert [item["schedule"]["mode"] for item in on] == ["custom", "system"]
    new = {"mode": "custom", "cron": "30 6 * * 1", "time_zone": "Europe/Berlin"}
    all_new = (await bulk(mode="override", schedule=new))["items"]
    assert [item["schedule"] for item in all_new] == [new, new]
    assert all(item["next_run_at"] for item in all_new)
    stored = (await bulk(mode="override", schedule=new, enabled=False))["items"]
    assert [item["schedule"] for item in stored] == [new | {"mode": "manual"}] * 2

    for body in (
        {"mode": "keep"},
        {"mode": "keep", "enabled": True, "schedule": new},
        {"mode": "override", "enabled": True},
        {"mode": "override", "schedule": {"mode": "custom", "cron": "x"}},
    ):
        await bulk(422, **body)
    missing = "exp_" + "0" * 32
    problem = await expect(
        await api.post(
            "/v1/exports/schedule",
            json={"export_ids": [first["id"], missing], "mode": "keep", "enabled": True},
        ),
        404,
    )
    assert problem["export_id"] == missing
    after = (await api.get(f"/v1/exports/{first['id']}")).json()
    assert after["schedule"]["mode"] == "manual"  # all, or none
    async with acting_as(api, "contributor") as other:
        answer = await other.post(
            "/v1/exports/schedule", json={"export_ids": ids, "mode": "keep", "enabled": True}
        )
        await expect(answer, 403)


# -- run all ---------------------------------------------------------------------------------------


async def test_run_all_runs_what_has_its_schedule_on(
    api: httpx.AsyncClient, segment_root: Path, sandbox: Any, work: Any
) -> None:
    """L45, L46; what did not start is named with the reason."""
    shared = ["administrator", "contributor"]
    active, system = await two_exports(api, segment_root, shared_with=shared)
    segment = {"id": active["segment_ids"][0]}
    connection = {"id": active["connection_id"]}
    own = await make_connection(api, audience={"name": "Another list"})
    manual = await make_export(api, connection, segment, schedule={"mode": "manual"})
    disabled = await make_export(api, connection, segment, enabled=False)
    detached = await make_export(api, connection, segment)
    await expect(await api.post(f"/v1/exports/{detached['id']}/detach"), 200)
    foreign = await make_export(api, own, segment)
    running = await start_run(api, active)

    async with acting_as(api, "contributor") as other:
        answer = await expect(await other.post("/v1/exports/runs"), 202)
    assert [run["export_id"] for run in answer["started"]] == [system["id"]]
    assert [run["trigger"] for run in answer["started"]] == ["on_demand"]
    assert {item["export_id"]: item["code"] for item in answer["not_started"]} == {
        active["id"]: "run-already-active",
        manual["id"]: "schedule-off",
        disabled["id"]: "export-disabled",
        detached["id"]: "forbidden",
        foreign["id"]: "forbidden",
    }
    by_id = {item["export_id"]: item for item in answer["not_started"]}
    assert by_id[active["id"]]["run_id"] == running["id"]
    # a single run needs no schedule (L46)
    await expect(await api.post(f"/v1/exports/{manual['id']}/runs"), 202)

    answer = await expect(await api.post("/v1/exports/runs"), 202)
    assert [run["export_id"] for run in answer["started"]] == [foreign["id"]]
    codes = {item["export_id"]: item["code"] for item in answer["not_started"]}
    assert codes[detached["id"]] == "export-detached"
    assert codes[manual["id"]] == "schedule-off"
    async with acting_as(api, "viewer") as other:
        await expect(await other.post("/v1/exports/runs"), 403)


async def test_a_scheduled_run_goes_all_the_way(
    api: httpx.AsyncClient, segment_root: Path, database: Database, wall_clock: Clock, work: Any
) -> None:
    wall_clock.time = datetime.now(UTC) - timedelta(hours=26)
    export, other = await two_exports(api, segment_root)
    body = {"enabled": True, "frequency": "daily", "time_zone": "UTC", "times": ["03:00"]}
    await expect(await api.put("/v1/schedule", json=body), 200)
    await expect(
        await api.patch(f"/v1/exports/{other['id']}", json={"schedule": {"mode": "manual"}}), 200
    )
    wall_clock.time = datetime.now(UTC)
    assert len(await start_due(database, api.app.state.notifier) or []) == 1  # type: ignore[attr-defined]
    await work()
    (run,) = (await api.get("/v1/runs?trigger=scheduled")).json()["items"]
    assert (await get_run(api, run))["status"] == "succeeded"
    assert run["export_id"] == export["id"]
    last = (await api.get(f"/v1/exports/{export['id']}")).json()["last_run"]
    assert (last["id"], last["trigger"]) == (run["id"], "scheduled")
