"""The match-quality report: what a run would send, in numbers, with nothing sent and nothing kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

HEADER = "mail,second,phone,country,first,birthday\n"
ROWS = [
    # usable with both addresses, a good phone, a good date
    "anna@example.com,anna.two@example.com,030 901820,Germany,Anna,1990-05-17",
    "bert@example.com,,+49 30 901821,DE,Bert,1985-01-31",
    # twice the same member
    "cora@example.com,,,,Cora,",
    " CORA@example.com ,,,,Cora,",
    # a bad optional value is blanked, the row stays
    "dora@example.com,,12,DE,,1990-02-30",
    "emil@example.com,,030 901822,,Emil,not a date",
    # nothing to match by
    ",,030 901823,DE,Fred,1970-01-01",
    "not-an-address,,030 901824,DE,Gerd,1970-01-01",
]
ATTRIBUTES = {
    "EMAIL": ["mail", "second"],
    "PHONE": "phone",
    "COUNTRY": "country",
    "FN": "first",
    "DOB": "birthday",
}
SECRETS = ("example.com", "901820", "Anna", "1990", "not-an-address")


@pytest.fixture
async def export(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    file = segment_root / "members.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in ROWS))
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    return await make_export(api, connection, segment, attributes=ATTRIBUTES)


def files_of(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.snapshots).rglob("*") if path.is_file()]


async def preview(api: httpx.AsyncClient, export: dict[str, Any]) -> dict[str, Any]:
    return await expect(await api.post(f"/v1/exports/{export['id']}/preview"), 200)


async def test_the_report(api: httpx.AsyncClient, export: dict[str, Any]) -> None:
    found = await preview(api, export)
    keys = {item.pop("key"): item for item in found.pop("keys")}
    warned = {item["key"] for item in found.pop("warnings") if item["code"] == "values-refused"}
    assert {"EMAIL", "PHONE", "DOB"} >= warned >= {"PHONE", "DOB"}
    assert found == {
        "read": 8,
        "expanded": 1,
        "duplicates": 1,
        "skipped": 2,
        "skipped_reasons": {"email_missing": 1, "email_invalid": 1},
        "staged": 6,
        "distinct_members": 6,
        "usable_ratio": round(7 / 9, 6),
        "batches": 1,
        "estimated_requests": 1,
        "time_zone": "UTC",
        "cost": None,
    }
    assert set(keys) == set(ATTRIBUTES)
    assert keys["PHONE"]["filled"] == 6
    assert keys["PHONE"]["fill_rate"] == 6 / 8
    # the one without a country, and the one that is no number
    assert keys["PHONE"]["refused"] == {"phone_without_country": 1, "phone_impossible": 1}
    assert keys["PHONE"]["valid"] == 4
    assert keys["FN"] == {"filled": 7, "fill_rate": 0.875, "valid": 7, "refused": {}}
    assert (keys["DOB"]["filled"], keys["DOB"]["valid"]) == (6, 4)
    assert keys["COUNTRY"]["valid"] == keys["COUNTRY"]["filled"] == 5


async def test_it_holds_numbers_only_and_leaves_nothing(
    api: httpx.AsyncClient, export: dict[str, Any], sandbox: Any, settings: Settings
) -> None:
    """Nothing goes to Meta, no run appears, and no file stays."""
    asked = len(sandbox.requests())
    found = await preview(api, export)
    assert len(sandbox.requests()) == asked
    assert (await api.get("/v1/runs")).json()["items"] == []
    assert files_of(settings) == []
    for secret in SECRETS:
        assert secret not in json.dumps(found)


async def test_the_run_that_follows_counts_the_same(
    api: httpx.AsyncClient, work: Any, export: dict[str, Any]
) -> None:
    found = await preview(api, export)
    started = await start_run(api, export)
    await work()
    run = await get_run(api, started)
    assert run["status"] == "succeeded_with_warnings"
    counts = run["counts"]
    for name in ("read", "expanded", "duplicates", "skipped", "staged"):
        assert counts[name] == found[name], name
    assert counts["batches_total"] == found["batches"]
    assert run["skipped_reasons"] == found["skipped_reasons"]
    refused = {item["key"]: item["refused"] for item in found["keys"] if item["refused"]}
    for key, reasons in run["refused_values"].items():
        if key in refused:
            assert refused[key] == reasons


async def test_several_batches_are_counted(
    api: httpx.AsyncClient, segment_root: Path, settings: Settings
) -> None:
    file = segment_root / "many.csv"
    file.write_text("email\n" + "".join(f"m{number}@example.com\n" for number in range(25_000)))
    export = await make_export(api, await make_connection(api), await make_segment(api, str(file)))
    found = await preview(api, export)
    assert (found["staged"], found["batches"], found["estimated_requests"]) == (25_000, 3, 3)
    assert files_of(settings) == []


async def test_one_at_a_time(api: httpx.AsyncClient, export: dict[str, Any]) -> None:
    """A preview costs half a run, so a second one is asked to come back: 429."""
    path = f"/v1/exports/{export['id']}/preview"
    # as if one were under way for as long as this takes, however fast the machine
    async with api.app.state.previews.place:  # type: ignore[attr-defined]
        busy = await api.post(path)
    assert busy.status_code == 429
    assert busy.json()["code"] == "preview-busy"
    assert int(busy.headers["Retry-After"]) > 0
    assert (await api.post(path)).status_code == 200


async def test_a_source_that_is_gone_is_the_answer(
    api: httpx.AsyncClient, export: dict[str, Any], segment_root: Path, settings: Settings
) -> None:
    (segment_root / "members.csv").unlink()
    answer = await api.post(f"/v1/exports/{export['id']}/preview")
    assert answer.status_code == 422
    assert answer.json()["code"].startswith("source-")
    assert files_of(settings) == []
    # and the place is free again
    (segment_root / "members.csv").write_text(HEADER + ROWS[0] + "\n")
    assert (await preview(api, export))["staged"] == 2


async def test_too_few_usable_members_stop_a_run(
    api: httpx.AsyncClient, work: Any, export: dict[str, Any], sandbox: Any, settings: Settings
) -> None:
    """`min_usable_ratio`: a broken source must not pass for a small audience."""
    path = f"/v1/exports/{export['id']}"
    ratio = (await preview(api, export))["usable_ratio"]
    await expect(await api.patch(path, json={"min_usable_ratio": 0.9}), 200)
    started = await start_run(api, export)
    await work()
    run = await get_run(api, started)
    assert (run["status"], run["error"]["code"]) == ("failed", "too-few-usable")
    assert run["error"]["culprit"] == "user"
    assert f"{ratio:.1%}" in run["error"]["message"]
    assert run["skipped_reasons"] == {"email_missing": 1, "email_invalid": 1}
    assert run["counts"]["batches_total"] == 0
    assert sandbox.requests("/users") == []
    assert files_of(settings) == []

    await expect(await api.patch(path, json={"min_usable_ratio": 0.75}), 200)
    started = await start_run(api, export)
    await work()
    assert (await get_run(api, started))["status"] == "succeeded_with_warnings"


async def test_whoever_may_not_edit_the_export_gets_no_report(
    make_settings: Callable[..., Settings], api: httpx.AsyncClient, export: dict[str, Any]
) -> None:
    body = {"display_name": "Looks only", "role": "viewer"}
    key = (await expect(await api.post("/v1/api-keys", json=body), 201))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    answer = await api.post(f"/v1/exports/{export['id']}/preview", headers=headers)
    assert answer.status_code == 403
