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
