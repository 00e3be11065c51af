"""Every list is found by what its items show, sorted both ways, and names people beside their ids."""

from typing import Any

import httpx

from tests.conftest import api_document
from tests.flows.journey import expect, make_connection, make_export, make_segment

# lists without pages: they are short, and belong to one resource
SHORT = {
    *("list_problem_types", "list_connection_types", "list_available_connections"),
    *("list_connection_exports", "list_segment_exports", "list_segment_attributes"),
    *("list_ad_accounts", "list_audiences", "list_next_times", "list_time_zones"),
    "list_segment_sources",
}


def test_every_list_of_pages_is_sorted_and_filtered() -> None:
    document = api_document()
    for methods in document["paths"].values():
        operation = methods.get("get", {})
        name = operation.get("operationId", "")
        if not name.startswith("list_") or name in SHORT:
            continue
        known = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        assert {"limit", "cursor"} <= known, name
        assert "sort" in known, name
        assert known - {"limit", "cursor", "sort"}, name
        if "created_at" in shown_by(document, operation):
            assert {"created_after", "created_before"} <= known, name
        if "created_by" in shown_by(document, operation):
            assert "created_by" in known, name


def shown_by(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    """The fields of the items of a list."""
    schemas = document["components"]["schemas"]
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    items = schemas[page.rpartition("/")[2]]["properties"]["items"]["items"]["$ref"]
    return set(schemas[items.rpartition("/")[2]]["properties"])


def test_whoever_is_named_by_an_id_is_named_for_people_too() -> None:
    for name, schema in api_document()["components"]["schemas"].items():
        fields = schema.get("properties", {})
        for field in fields:
            if field.endswith("_by") or field == "actor":
                assert f"{field}_name" in fields, (name, field)


async def found(api: httpx.AsyncClient, path: str, **filters: Any) -> list[dict[str, Any]]:
    page = await expect(await api.get(path, params=filters), 200)
    items: list[dict[str, Any]] = page["items"]
    return items


async def ids(api: httpx.AsyncClient, path: str, **filters: Any) -> list[str]:
    return [item["id"] for item in await found(api, path, **filters)]


async def test_keys_and_events_of_the_trail(api: httpx.AsyncClient) -> None:
    made = {}
    for name, role in (("night", "contributor"), ("alpha", "viewer"), ("beta", "viewer")):
        body = {"display_name": name, "role": role}
        made[name] = (await expect(await api.post("/v1/api-keys", json=body), 201))["id"]
    path = "/v1/api-keys"
    assert await ids(api, path) == [made["beta"], made["alpha"], made["night"]]
    assert await ids(api, path, sort="created_at") == [made["night"], made["alpha"], made["beta"]]
    assert await ids(api, path, sort="display_name", role="viewer") == [made["alpha"], made["beta"]]
    assert await ids(api, path, q="NIGH") == [made["night"]]
    (one,) = await found(api, path, q="night")
    assert await ids(api, path, created_by=one["created_by"]) != []
    assert await ids(api, path, created_by="nobody") == []
    assert one["created_by_name"] == "Bootstrap key"
    first = await expect(await api.get(path, params={"limit": 1, "sort": "display_name"}), 200)
    rest = {"limit": 1, "sort": "display_name", "cursor": first["next_cursor"]}
    assert await ids(api, path, **rest) == [made["beta"]]
    trail = await found(api, "/v1/audit-events", action="api_key.created", sort="created_at")
    assert [event["resource_id"] for event in trail][-3:] == list(made.values())


async def test_webhooks_and_their_deliveries(api: httpx.AsyncClient) -> None:
    made = []
    for host, event in (("one", "run.failed"), ("two", "run.finished")):
        body = {"url": f"https://{host}.example.com/x", "events": [event]}
        made.append((await expect(await api.post("/v1/webhooks", json=body), 201))["id"])
    path = "/v1/webhooks"
    off = await api.patch(f"{path}/{made[0]}", json={"enabled": False})
    assert off.json()["created_by_name"] == "Bootstrap key"
    assert await ids(api, path, sort="created_at") == made
    assert await ids(api, path, enabled=False) == made[:1]
    assert await ids(api, path, event="run.finished") == made[1:]
    assert await ids(api, path, q="TWO.example") == made[1:]
    sent = await expect(await api.post(f"{path}/{made[1]}/test"), 202)
    deliveries = f"{path}/{made[1]}/deliveries"
    assert await ids(api, deliveries, status="pending", event_type="webhook.test") == [sent["id"]]
    assert await ids(api, deliveries, subject=sent["subject"]) == [sent["id"]]
    for other in (
        {"status": "delivered"},
        {"event_type": "run.failed"},
        {"subject": "run_0"},
        {"created_before": sent["created_at"]},
    ):
        assert await ids(api, deliveries, **other) == [], other


async def test_erasures_and_looks_at_a_segment(api: httpx.AsyncClient, segment_root: Any) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    assert connection["consent"]["accepted_by_name"] == "Bootstrap key"
    assert connection["updated_by_name"] == "Bootstrap key"
    (listed,) = await found(api, "/v1/connections")
    assert listed == connection
    body = {"people": [{"EMAIL": "forget@example.com"}]}
    erasure = await expect(await api.post("/v1/erasures", json=body), 202)
    assert (erasure["requested_by_name"], erasure["lifted_by_name"]) == ("Bootstrap key", None)
    path, account = "/v1/erasures", connection["ad_account"]["id"]
    assert await ids(api, path, status="queued", ad_account_id=account) == [erasure["id"]]
    assert await ids(api, path, requested_by=erasure["requested_by"]) == [erasure["id"]]
    for other in (
        {"status": "done"},
        {"ad_account_id": "act_9"},
        {"requested_before": erasure["requested_at"]},
    ):
        assert await ids(api, path, **other) == [], other
    segment = await make_segment(api, str(segment_root / "m.csv"))
    assert segment["created_by_name"] == "Bootstrap key"
    (segment_root / "m.csv").unlink()
    assert (await api.post(f"/v1/segments/{segment['id']}/refresh")).status_code == 422
    looks = f"/v1/segments/{segment['id']}/evaluations"
    failed, good = await found(api, looks)
    assert await ids(api, looks, failed=True) == [failed["id"]]
    assert await ids(api, looks, failed=False) == [good["id"]]
    assert await ids(api, looks, sort="created_at", at_before=failed["at"]) == [good["id"]]
    schedule = await expect(await api.put("/v1/schedule", json={"enabled": False}), 200)
    assert schedule["updated_by_name"] == "Bootstrap key"


async def test_what_is_set_up_is_found_by_whom_and_when(
    api: httpx.AsyncClient, segment_root: Any
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    for kind, one in (("connections", connection), ("segments", segment), ("exports", export)):
        path, by, at = f"/v1/{kind}", one["created_by"], one["created_at"]
        assert await ids(api, path, created_by=by, created_after=at) == [one["id"]]
        assert await ids(api, path, created_by="nobody") == []
        assert await ids(api, path, created_before=at) == []
    assert await ids(api, "/v1/exports", sync_mode="add") == [export["id"]]
    assert await ids(api, "/v1/exports", sync_mode="mirror") == []


async def test_what_was_made_with_a_key_is_made_once_also_where_it_is_a_secret(
    api: httpx.AsyncClient,
) -> None:
    for path, body, secret in (
        ("/v1/api-keys", {"display_name": "cron", "role": "viewer"}, "key"),
        ("/v1/webhooks", {"url": "https://a.example.com/x", "events": ["run.failed"]}, "secret"),
    ):
        key = {"Idempotency-Key": f"once{path}"}
        first = await expect(await api.post(path, json=body, headers=key), 201)
        again = await api.post(path, json=body, headers=key)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json()[secret] == first[secret]
        assert len(await found(api, path)) == 1
