"""The API's manners: problem documents, pages, idempotency, versions, limits."""

import asyncio
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import BadRequest
from app.http.pagination import PageQuery, cut_page
from tests.flows.journey import expect, make_connection, make_export, make_segment


async def test_without_a_key_there_is_nothing(api: httpx.AsyncClient) -> None:
    for credential in ("", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer aek_unknown"):
        answer = await api.get("/v1/exports", headers={"Authorization": credential})
        problem = await expect(answer, 401)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert problem["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("DELETE", "/v1/exports", 405, "method-not-allowed"),
        ("GET", "/v1/runs/run_0", 404, "not-found"),
        ("GET", "/v1/runs/exp_01a208dfdc8670f88c98b8962af96de9", 404, "not-found"),
        ("GET", "/v1/runs?status=odd", 422, "validation-failed"),
        ("GET", "/v1/exports?limit=0", 422, "validation-failed"),
        ("GET", "/v1/exports?cursor=x", 400, "bad-cursor"),
    ],
)
async def test_every_refusal_is_a_problem_document(
    api: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await api.request(method, path, headers={"X-Request-ID": "a-request"})
    problem = await expect(answer, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == problem["request_id"] == "a-request"
    assert problem["code"] == code
    assert problem["type"] == f"/problems/{code}"
    assert {"title", "status", "detail", "instance", "culprit"} <= set(problem)


async def test_a_refusal_names_the_field_and_never_the_value(api: httpx.AsyncClient) -> None:
    secret = "EAAsecret-person@example.com"
    answer = await api.post(
        "/v1/connections",
        json={
            "display_name": 5,
            "access_token": [secret],
            "surprise": secret,
            "ad_account_id": secret,
        },
    )
    problem = await expect(answer, 422)
    assert secret not in answer.text
    pointers = {item["pointer"] for item in problem["errors"]}
    assert pointers == {"/display_name", "/access_token", "/surprise", "/ad_account_id"}
    answer = await api.post(
        "/v1/connections",
        content=b'{"access_token": "EAAsecret-person',
        headers={"Content-Type": "application/json"},
    )
    assert (await expect(answer, 400))["code"] == "bad-request"
    assert "person" not in answer.text


async def test_a_large_body_is_refused_unread(api: httpx.AsyncClient) -> None:
    problem = await expect(await api.post("/v1/segments", content=b"x" * (1024 * 1024 + 1)), 413)
    assert problem["code"] == "content-too-large"

    async def pieces() -> object:
        for _ in range(40):
            yield b"x" * 32_768

    problem = await expect(await api.post("/v1/segments", content=pieces()), 413)  # type: ignore[arg-type]
    assert problem["code"] == "content-too-large"


async def test_health_needs_no_key(api: httpx.AsyncClient) -> None:
    api.headers.pop("Authorization")
    assert (await expect(await api.get("/livez"), 200))["status"] == "ok"
    assert (await expect(await api.get("/readyz"), 200))["checks"] == {
        "database": True,
        "queue": True,
    }
    metrics = await api.get("/metrics")
    assert "http_requests_total" in metrics.text
    page = await api.get("/docs")
    assert "http://" not in page.text
    assert "https://" not in page.text
    script = await api.get("/docs/assets/swagger-ui-bundle.js")
    assert script.status_code == 200
    assert len(script.content) > 100_000


class Row:
    def __init__(self, number: int) -> None:
        self.id = f"exp_{number:05d}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(total=st.integers(0, 40), limit=st.integers(1, 12))
def test_pages_hold_every_item_once(total: int, limit: int) -> None:
    rows, seen, cursor = [Row(number) for number in range(total)], [], None
    for _ in range(total + 2):
        query = PageQuery(limit, cursor)
        after = query.after("exports|None")
        left = [row for row in rows if after is None or row.id > after]
        page, cursor = cut_page(left[: limit + 1], query, scope="exports|None")
        seen += [row.id for row in page]
        if cursor is None:
            break
        with pytest.raises(BadRequest):
            PageQuery(limit, cursor).after("exports|other filter")
    assert seen == [row.id for row in rows]


async def test_lists_page_newest_first(api: httpx.AsyncClient, segment_root: Path) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    made = [(await make_segment(api, str(segment_root / "m.csv"), f"s{n}"))["id"] for n in range(7)]
    seen, cursor = [], None
    while True:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = await expect(await api.get("/v1/segments", params=params), 200)
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_an_idempotency_key_gives_the_first_answer_again(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    headers = {"Idempotency-Key": "nightly-2026-11-23"}
    first = await api.post(f"/v1/exports/{export['id']}/runs", headers=headers)
    again = await api.post(f"/v1/exports/{export['id']}/runs", headers=headers)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = await api.post("/v1/segments", headers=headers, json={})
    assert (await expect(other, 422))["code"] == "idempotency-key-reused"
    assert len((await api.get("/v1/runs")).json()["items"]) == 1


async def test_a_refused_request_frees_its_idempotency_key(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"name": "late", "source": {"kind": "file", "url": str(segment_root / "late.csv")}}
    assert (await api.post("/v1/segments", headers=headers, json=body)).status_code == 422
    (segment_root / "late.csv").write_text("email\na@example.com\n")
    assert (await api.post("/v1/segments", headers=headers, json=body)).status_code == 201


async def test_ten_at_once_make_one(api: httpx.AsyncClient, segment_root: Path) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    body = {"name": "once", "source": {"kind": "file", "url": str(segment_root / "m.csv")}}
    headers = {"Idempotency-Key": "same"}
    answers = await asyncio.gather(
        *(api.post("/v1/segments", headers=headers, json=body) for _ in range(10))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len((await api.get("/v1/segments")).json()["items"]) == 1


async def test_a_stale_version_is_refused(api: httpx.AsyncClient, segment_root: Path) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    path = f"/v1/segments/{segment['id']}"
    etag = (await api.get(path)).headers["etag"]
    changed = await api.patch(path, json={"display_name": "New"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    stale = await api.patch(path, json={"display_name": "Old"}, headers={"If-Match": etag})
    assert (await expect(stale, 412))["code"] == "version-mismatch"
    assert (await api.get(path)).json()["display_name"] == "New"
