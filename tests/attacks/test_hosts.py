"""The Host header: never repeated, and a name of somebody else's is no way in (DNS rebinding)."""

import httpx
import pytest

from tests.access.deployments import deployed


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("testserver", 200),
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("10.1.2.3:8080", 200),
        ("audience-export.default.svc", 200),
        ("api.example.com", 200),
        ("eu.example.org", 200),
        ("API.Example.com.:443", 200),
        ("example.org", 400),
        ("evil.example.com", 400),
        ("api.example.com.evil.net", 400),
        ("evil.net#api.example.com", 400),
        ("x@api.example.com", 400),
        ("evil.net:notaport", 400),
        ("", 400),
    ],
)
async def test_only_our_names_are_answered(api: httpx.AsyncClient, host: str, status: int) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app),  # type: ignore[attr-defined]
        base_url="http://testserver",
        headers=api.headers,
    ) as client:
        answer = await client.get("/v1/me", headers={"Host": host})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "host-unknown"
        assert "evil" not in answer.text


@pytest.fixture
def settings(make_settings):
    return make_settings(allowed_hosts="api.example.com, *.example.org")


async def test_nothing_repeats_the_host(settings) -> None:
    """Before: an address with a slash too many was redirected to whatever Host the caller claimed."""
    async with deployed(settings) as api:
        for path in ("/v1/exports/", "/v1/me/", "/docs/", "/v1//exports"):
            answer = await api.get(path, headers={"Host": "10.9.9.9"})
            assert answer.status_code == 404, path
            assert "10.9.9.9" not in answer.text + str(dict(answer.headers))
        # an orchestrator's probes come under any name
        assert (await api.get("/livez", headers={"Host": "evil.net"})).status_code == 200
