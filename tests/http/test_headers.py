"""HEAD, If-None-Match, unknown query parameters, and what other origins may send and read."""

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.conftest import api_document
from tests.flows.journey import expect


async def test_head_is_get_without_its_body(api: httpx.AsyncClient) -> None:
    for path in ("/v1/me", "/v1/exports", "/v1/runs", "/livez", "/openapi.json"):
        got, head = await api.get(path), await api.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-type"] == got.headers["content-type"]
    assert (await api.head("/v1/runs/run_0")).status_code == 404


async def test_an_answer_that_is_known_is_304(api: httpx.AsyncClient) -> None:
    first = await api.get("/v1/exports")
    again = await api.get("/v1/exports", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await api.get("/v1/exports", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/runs?exportid=x", "export_id"),
        ("/v1/exports?statuss=active", "status"),
        ("/v1/segments?limits=5", "limit"),
        ("/v1/connections?page=2", "cursor, limit"),
        ("/v1/me?verbose=1", "it takes none"),
        ("/problems?x=1", "it takes none"),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_nearest(
    api: httpx.AsyncClient, path: str, near: str
) -> None:
    problem = await expect(await api.get(path), 422)
    assert problem["code"] == "unknown-parameter"
    assert near in problem["detail"]


async def test_every_operation_refuses_unknown_parameters(api: httpx.AsyncClient) -> None:
    """Of each operation of the document, save where others send the browser."""
    document = api_document()
    others = {"finish_facebook_sign_in", "finish_oidc_sign_in"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answer = await api.request(method, path, params={"unheard_of": "1"})
            refused = answer.json()["code"] if answer.is_error else None
            if operation["operationId"] not in others:
                assert refused == "unknown-parameter", (method, path, answer.status_code)


async def test_other_origins_may_resume_streams_and_read_when_to_come_back() -> None:
    app = create_app(Settings(cors_allowed_origins=["https://front.example.com"]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        asked = await api.options(
            "/v1/runs/run_1/events",
            headers={
                "Origin": "https://front.example.com",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "last-event-id,authorization,if-none-match",
            },
        )
        answer = await api.get("/livez", headers={"Origin": "https://front.example.com"})
    assert asked.status_code == 200
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Retry-After", "ETag", "Location"} <= {name.strip() for name in exposed.split(",")}


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-ID"],
)  # fmt: skip
async def test_a_header_that_stands_once_is_refused_twice(
    api: httpx.AsyncClient, name: str
) -> None:
    """Before: the second was dropped unseen, also where it was another key or tag."""
    value = api.headers.get(name, "application/json")
    pairs = [(key, text) for key, text in api.headers.items() if key != name.lower()]
    plain = httpx.AsyncClient(transport=api._transport, base_url=api.base_url)
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/webhooks"), ("DELETE", "/v1/nothing")):
        request = plain.build_request(method, path, headers=[*pairs, (name, value), (name, value)])
        problem = await expect(await plain.send(request), 400)
        assert (problem["code"], name in problem["detail"]) == ("header-repeated", True)


async def test_lists_of_headers_may_stand_in_several_lines(api: httpx.AsyncClient) -> None:
    both = [*api.headers.items(), ("accept", "text/html")]
    plain = httpx.AsyncClient(transport=api._transport, base_url=api.base_url)
    request = plain.build_request("GET", "/problems/not-found", headers=both)
    assert "text/html" in (await plain.send(request)).headers["content-type"]


async def test_a_parameter_that_stands_once_is_refused_twice(api: httpx.AsyncClient) -> None:
    for path in ("/v1/runs?limit=1&limit=2", "/v1/exports?q=a&q=b", "/v1/runs/run_0?wait=0&wait=0"):
        problem = await expect(await api.get(path), 422)
        assert problem["code"] == "repeated-parameter"
        assert problem["errors"][0]["parameter"] in path
    several = "/v1/runs?status=failed&status=queued&metadata=a:b&metadata=c:d"
    assert (await expect(await api.get(several), 200))["items"] == []
