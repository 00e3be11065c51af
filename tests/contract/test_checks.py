"""What generated cases do not try: methods that are not there, and what was removed.

`positive_data_acceptance` is left out with a reason: what fits the schema may still name a connection that is
not there, or a cron line that never comes; such bodies are refused with 422 and their codes.
"""

from typing import Any

import httpx

from tests.conftest import api_document
from tests.flows.journey import expect, make_connection, make_export, make_segment

METHODS = ("get", "post", "put", "patch", "delete", "trace", "options")


async def test_a_method_that_is_not_there_is_405_with_those_that_are(
    api: httpx.AsyncClient,
) -> None:
    for path, operations in api_document()["paths"].items():
        for method in set(METHODS) - set(operations):
            answer = await api.request(method.upper(), path)
            if answer.status_code in {404, 422} and "{" not in path:
                continue  # its last word is an id to another path: GET /v1/exports/preview
            assert answer.status_code == 405, (method, path, answer.status_code)
            allowed = {name.strip().lower() for name in answer.headers["allow"].split(",")}
            assert set(operations) <= allowed, (method, path, allowed)
            assert ("get" in allowed) == ("head" in allowed), (method, path)


async def test_an_address_of_its_own_allows_what_it_has(api: httpx.AsyncClient) -> None:
    """Before: also what the address of an export of that id would."""
    for path, methods in (
        ("/v1/exports/detach", "POST"),
        ("/v1/connections/available", "GET, HEAD"),
        ("/v1/exports/exp_0", "DELETE, GET, HEAD, PATCH"),
    ):
        answer = await api.options(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods), path


async def test_a_body_that_may_be_left_out_is_not_null(api: httpx.AsyncClient) -> None:
    for path in ("/v1/session", "/v1/exports/runs", "/v1/exports/exp_0/runs"):
        answer = await api.post(path, json=None, content=b" null ")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), path


async def test_what_is_made_is_there_and_what_is_removed_is_not(
    api: httpx.AsyncClient, segment_root: Any
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    hook = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
    webhook = await expect(await api.post("/v1/webhooks", json=hook), 201)
    made = {"exports": export, "segments": segment, "connections": connection, "webhooks": webhook}
    for kind, item in made.items():
        path = f"/v1/{kind}/{item['id']}"
        assert (await api.get(path)).json()["id"] == item["id"]
        assert (await api.delete(path)).status_code == 204, kind
        again = [await api.get(path), await api.patch(path, json={}), await api.delete(path)]
        assert [answer.status_code for answer in again] == [404, 404, 404], kind
        listed = (await api.get(f"/v1/{kind}")).json()["items"]
        assert item["id"] not in {one["id"] for one in listed}


async def test_a_moment_is_written_out(api: httpx.AsyncClient) -> None:
    """Before: a number was taken for seconds since 1970, which the document knows nothing of."""
    for moment in ("0.5", "1764300000", "-1", "now"):
        answer = await api.get("/v1/audit-events", params={"at_before": moment})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), moment
    key = {"display_name": "k", "role": "viewer", "expires_at": 4_000_000_000}
    assert (await api.post("/v1/api-keys", json=key)).status_code == 422
    ended = {"at_before": "2026-11-23T14:05:09+01:00"}
    assert (await api.get("/v1/audit-events", params=ended)).status_code == 200
